import type { Channel } from '../channel.js';
import { ACCOUNT_PLACEHOLDERS } from './account-templates.js';
import { ACCOUNT, CODE, type Template } from './built-in.js';
import { placeholdersIn } from './placeholders.js';

/** What a vendor takes of a text: ten segments of an SMS, the call's patience, Telegram's 4,096 with room for values. */
const LONGEST: Record<Channel, number> = { sms: 1_500, voice: 1_500, telegram: 3_500, email: 20_000 };
const OF_CODES = ['code', 'company', 'minutes', 'sender'];
const OF_CODES_ONLY = ['code', 'minutes'];

/** Templates that are for nothing without their link. */
const WITH_LINK = ['verify_email', 'change_email', 'reset_password', 'invitation'].map((purpose) => `${ACCOUNT}${purpose}`);

const IN_TAG = /<[^<>]*\{url\}[^<>]*>/g;
const WHOLE_ATTRIBUTE = /\s[a-z-]+=(?:"\{url\}"|'\{url\}')/gi;
const BY_ITSELF = /(?<=^|[\s>("'])\{url\}(?=$|[\s<)"'])/g;

/** A link's token is worth an account: inside another address it would be told to whoever answers there. */
const standsAlone = (text: string) => {
  const outside = text.replaceAll(IN_TAG, (tag) => tag.replaceAll(WHOLE_ATTRIBUTE, ''));
  return !outside.replaceAll(BY_ITSELF, (_, at: number) => (/<[^<>]*$/.test(outside.slice(0, at)) ? '{url}' : '')).includes('{url}');
};

const braced = (names: string[]) => names.map((name) => `{${name}}`).join(', ');

/** What is wrong with a template, field by field; nothing when it may be saved. */
export function flawsOf(name: string, channel: Channel, template: Template): { path: string[]; message: string }[] {
  const { subject = null, body, html = null } = template;
  const flaws: { path: string[]; message: string }[] = [];
  const flaw = (field: string, message: string) => flaws.push({ path: [field], message });
  if (body.length > LONGEST[channel]) flaw('body', `must have at most ${LONGEST[channel]} characters for ${channel}`);
  if (channel === 'email' && subject === null) flaw('subject', 'is needed for e-mail');
  if (channel !== 'email' && subject !== null) flaw('subject', 'is for e-mail only');
  if (channel !== 'email' && html !== null) flaw('html', 'is for e-mail only');
  for (const [field, text] of Object.entries({ subject, body, html })) {
    if (text === null) continue;
    const { names, stray } = placeholdersIn(text);
    if (stray) flaw(field, `${stray} is no placeholder: write {name} in a-z and _, and no other braces`);
    const known = name === CODE ? OF_CODES : name.startsWith(ACCOUNT) ? ACCOUNT_PLACEHOLDERS : undefined;
    const unknown = names.filter((each) => (known ? !known.includes(each) : OF_CODES_ONLY.includes(each)));
    if (unknown.length > 0)
      flaw(
        field,
        known ? `${braced(unknown)} is unknown: it may hold ${braced(known)}` : `${braced(unknown)} is for the template ${CODE} only`,
      );
    const needed = name === CODE ? 'code' : WITH_LINK.includes(name) ? 'url' : undefined;
    if (needed && field !== 'subject' && !names.includes(needed)) flaw(field, `must hold {${needed}}`);
    if (needed === 'url' && !standsAlone(text))
      flaw(field, 'must hold {url} by itself: between spaces, or as the whole of a quoted attribute; never inside another address');
  }
  return flaws;
}
