import { createHash } from 'node:crypto';
import type { InboxMessage } from './inbox.contract.js';

const SECONDS = 3;
const STYLE = `
body { font: 15px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; color: #1c2530; background: #f6f7f9 }
article { background: #fff; border: 1px solid #dde2e8; border-radius: 8px; padding: .8rem 1rem; margin: .8rem 0 }
header { display: flex; gap: .8rem; color: #556270; font-size: .85em } header time { margin-left: auto }
h2 { font-size: 1em; margin: .5rem 0 0 } pre { font: inherit; white-space: pre-wrap; overflow-wrap: anywhere; margin: .4rem 0 0 }
strong { font-size: 1.3em; letter-spacing: .12em } a { color: #0b57d0 }
`;

/** No script runs on it and nothing else is loaded, whatever a message says. */
export const PAGE_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escaped = (text: string) => text.replaceAll(/[&<>"']/g, (letter) => ENTITIES[letter]!);

/** The text of each message, newest first; it looks again by itself. */
export const inboxPage = (messages: InboxMessage[], to: string | undefined) => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="refresh" content="${SECONDS}">
<title>Sandbox inbox</title>
<style>${STYLE}</style>
<h1>Sandbox inbox</h1>
<p>${to ? `To ${escaped(to)} only. <a href="/dev/inbox">Show all</a>` : 'What companies without a provider send arrives here and nowhere else.'}</p>
${messages.map(article).join('\n') || '<p>Nothing yet.</p>'}
</html>
`;

const article = ({ channel, to, text, subject, code, company, taken_at }: InboxMessage) => `<article>
<header>${channel} <a href="/dev/inbox?to=${encodeURIComponent(to)}">${escaped(to)}</a> <span>from ${escaped(company)}</span> <time>${taken_at.slice(11, 19)} UTC</time></header>
${subject ? `<h2>${escaped(subject)}</h2>\n` : ''}<pre>${code ? escaped(text).replace(escaped(code), '<strong>$&</strong>') : escaped(text)}</pre>
</article>`;
