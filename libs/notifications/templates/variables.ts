import { NotificationError } from '../notifications.errors.js';

const MOST = 30;
const LONGEST = 200;
const UNSEEN = /[\p{Cc}\p{Zl}\p{Zp}\u200E\u200F\u202A-\u202E\u2066-\u2069]/u;
/** A scheme, `www.`, an address in figures, or words that a telephone would make a link of. Full stops of other scripts are dots to a browser, too. */
const LINK = /:\/\/|\bwww[.\u3002]|\d{1,3}(?:[.\u3002]\d{1,3}){3}|[\p{L}\d-][.\u3002][\p{L}]{2,}/giu;
/** The author of a template lets a link in by such a name. */
const FOR_LINKS = /(^|_)url$/;
/** What we fill in ourselves. A code is never a variable: there is a route for codes. */
const OURS = ['code', 'minutes', 'company', 'sender'];

/** How many links a reader, or a telephone, would see in it; what is not seen does not part them. */
export const linksIn = (text: string) =>
  [
    ...text
      .normalize('NFKC')
      .replaceAll(/\p{Cf}/gu, '')
      .matchAll(LINK),
  ].length;

/**
 * The variables of a request, as they may stand in a message. A link belongs into the template, with its last part as a variable, or into a
 * variable that is named for it (`url`, `receipt_url`): a request must not be able to make phishing of the company's own words.
 * @throws notifications.invalid_variables naming every bad one
 */
export function readVariables(variables: Readonly<Record<string, string>>): Record<string, string> {
  const entries = Object.entries(variables);
  const errors = entries.flatMap(([name, value]) => {
    const message = flaw(name, value);
    return message ? [{ field: `variables.${name.slice(0, 40)}`, message }] : [];
  });
  if (entries.length > MOST) errors.push({ field: 'variables', message: `must be at most ${MOST}` });
  if (errors.length > 0)
    throw NotificationError.invalidVariables({ errors, detail: errors.map(({ field, message }) => `${field}: ${message}`).join('; ') });
  return Object.fromEntries(entries);
}

function flaw(name: string, value: string): string | undefined {
  if (!/^[a-z][a-z_]{0,29}$/.test(name)) return 'must have a name of up to 30 of a-z and _';
  if (OURS.includes(name)) return 'is filled in by us';
  if (value.length > LONGEST) return `must have at most ${LONGEST} characters`;
  if (UNSEEN.test(value)) return 'must be one line without control characters';
  if (!FOR_LINKS.test(name) && linksIn(value) > 0) return 'must hold no link: put it into the template, or name the variable url';
  return undefined;
}
