import { type CountryCode, type PhoneNumber, type PhoneNumberType, parsePhoneNumberFromString } from 'libphonenumber-js/max';
import type { Channel } from './channel.js';
import { canonicalEmail, email } from './email-address.js';
import { invalid as unfit } from '@app/platform';
import { NotificationError } from './notifications.errors.js';

export interface Recipient {
  /** The one form that is sent to, counted and compared: E.164, lower-case e-mail, chat id. */
  address: string;
  /** What may be shown. */
  masked: string;
  /** ISO 3166 alpha-2, of phone numbers. */
  country: string | null;
  /** What an abuse rule counts by: `+34612` of a phone number, the domain of an e-mail. */
  prefix: string | null;
}

/** What a company lets its messages reach. */
export interface Reach {
  /** ISO 3166 alpha-2: where numbers without `+` are. */
  region: string | null;
  /** Null: the region alone. */
  allowedCountries: readonly string[] | null;
  /** How the request names the recipient. */
  field?: string;
}

/** @throws notifications.invalid_recipient, notifications.recipient_refused */
export function readRecipient(channel: Channel, text: string, reach: Reach): Recipient {
  if (channel === 'email') return readEmail(text, reach);
  // A vendor that finds people by number on Telegram takes one with +; a chat id never has it.
  if (channel === 'telegram' && !text.trim().startsWith('+')) return readChat(text, reach);
  return readPhone(channel, text, reach);
}

const invalid = ({ field = 'to' }: Reach, message: string) =>
  NotificationError.invalidRecipient({ detail: `${field}: ${message}`, errors: [{ field, message }] });
const refused = ({ field = 'to' }: Reach, message: string) =>
  NotificationError.recipientRefused({ detail: `${field}: ${message}`, errors: [{ field, message }] });

function readEmail(text: string, reach: Reach): Recipient {
  // Within an address the schema admits none of these; trimmed off its ends they would still tell of an attempt.
  if (/[\r\n,;<>]/.test(text) || !email.safeParse(text).success) throw invalid(reach, 'must be one e-mail address, and nothing else');
  const address = canonicalEmail(text);
  const [local, domain] = address.split('@') as [string, string];
  return { address, masked: maskEmail(local, domain), country: null, prefix: domain };
}

const MOST = 2n ** 63n - 1n;

/** A private chat, which the person has opened: groups and channels have negative ids. */
function readChat(text: string, reach: Reach): Recipient {
  const address = text.trim();
  if (!/^[1-9]\d{0,18}$/.test(address) || BigInt(address) > MOST)
    throw invalid(reach, 'must be the id of a private Telegram chat, or a number with +');
  return { address, masked: CHAT, country: null, prefix: null };
}

/** As people write, print and paste numbers. No letters, no extension, no pause: nothing that is not part of the number itself. */
const WRITTEN = /^\+?[\p{Nd}\s().\-\u2010-\u2015/]+$/u;
const E164 = /^\+[1-9]\d{6,14}$/;

/** Those that cost the caller or the called more than a call, or that are nobody's own telephone. Personal numbers are the revenue-share kind of +44 70. */
const REFUSED: Partial<Record<PhoneNumberType, string>> = {
  PREMIUM_RATE: 'a premium-rate number',
  SHARED_COST: 'a shared-cost number',
  TOLL_FREE: 'a toll-free number',
  PERSONAL_NUMBER: 'a personal (forwarding) number',
  UAN: "a company's universal number",
  PAGER: 'a pager',
  VOICEMAIL: 'a voice mailbox',
};

function readPhone(channel: Channel, text: string, reach: Reach): Recipient {
  const { region } = reach;
  // Contacts are pasted with invisible marks of direction around them.
  const written = text
    .slice(0, 100)
    .replaceAll(/\p{Cf}/gu, '')
    .trim()
    .replace(/^[\s()]+(?=\+)/, '');
  if (text.length > 100 || written.length > 40 || !WRITTEN.test(written))
    throw invalid(reach, 'must be a phone number such as +34612345678');
  if (!region && !written.startsWith('+'))
    throw invalid(reach, 'must begin with + and the country code, or set policy.default_region with PATCH /api/company');

  const number = parsePhoneNumberFromString(written, { extract: false, ...(region && { defaultCountry: region as CountryCode }) });
  if (number?.isNonGeographic()) throw refused(reach, 'is in a satellite or international network (no country)');
  if (!number?.isValid() || !number.country || !E164.test(number.number)) throw invalid(reach, 'is not a number that anybody can have');
  const kind = number.getType();
  const why = kind && REFUSED[kind];
  if (why) throw refused(reach, `is ${why}`);
  if (channel === 'sms' && kind === 'FIXED_LINE') throw refused(reach, 'is a landline, which takes no text messages');

  const countries = reach.allowedCountries ?? (region ? [region] : []);
  if (countries.length === 0)
    throw refused(reach, 'no country is allowed yet: set policy.default_region or policy.allowed_countries with PATCH /api/company');
  if (!countries.includes(number.country))
    throw refused(reach, `messages to ${number.country} are not allowed: see policy.allowed_countries of PATCH /api/company`);
  return {
    address: number.number,
    masked: maskPhone(number),
    country: number.country,
    prefix: prefixOf(number),
  };
}

/** No calling code begins another one, so this is unambiguous. */
const prefixOf = ({ countryCallingCode, nationalNumber }: PhoneNumber) => `+${countryCallingCode}${nationalNumber.slice(0, 3)}`;

const CHAT = 'Telegram chat';
const maskEmail = (local: string, domain: string) => `${local[0]}•••@${domain[0]}•••${domain.slice(domain.lastIndexOf('.'))}`;
const maskPhone = (number: PhoneNumber) => `+${number.countryCallingCode} ••• ••• ${number.number.slice(-3)}`;

/** What is shown of an address in its one form, whatever may be sent there today; undefined where nothing ever could. */
export function maskOf(address: string): string | undefined {
  const [local, domain] = address.split('@');
  if (local && domain) return maskEmail(local, domain);
  if (!address.startsWith('+')) return CHAT;
  const number = parsePhoneNumberFromString(address);
  return number && maskPhone(number);
}

/**
 * Every recipient that somebody may mean who looks for what was sent, whatever may be sent there today: a number without + is one of the region,
 * or a chat. @throws request.invalid
 */
export function soughtAddresses(text: string, region: string | null, field: string): string[] {
  if (text.includes('@')) {
    if (!email.safeParse(text).success) throw unfit([{ path: [field], message: 'must be one e-mail address' }]);
    return [canonicalEmail(text)];
  }
  const number = WRITTEN.test(text)
    ? parsePhoneNumberFromString(text, { extract: false, ...(region && { defaultCountry: region as CountryCode }) })?.number
    : undefined;
  const found = [...(number && E164.test(number) ? [number] : []), ...(/^[1-9]\d{0,18}$/.test(text) ? [text] : [])];
  if (found.length === 0) throw unfit([{ path: [field], message: 'must be a whole number with +, an e-mail address or a chat id' }]);
  return found;
}
