import { SegmentedMessage } from 'sms-segments-calculator';
import type { CompanyPolicy } from '@app/tenants';
import type { Channel } from '../channel.js';
import { NotificationError } from '../notifications.errors.js';
import { CODE, type Template } from './built-in.js';
import { asHtml, fill, oneLine, placeholdersIn } from './placeholders.js';
import { linksIn } from './variables.js';

/** Of the company's policy, what shows in its messages. */
export type Voice = Pick<CompanyPolicy, 'sender_name' | 'web_otp_domain' | 'sms_app_hash'>;

export interface Rendering {
  template: Template & { name: string };
  channel: Channel;
  /** Of the code: `code` and `minutes`. Of others: what the request gave, checked by readVariables. */
  variables: Readonly<Record<string, string>>;
  policy: Voice;
  companyName: string;
}

export interface Rendered {
  text: string;
  subject?: string;
  html?: string;
}

/** The words that go out. @throws notifications.invalid_variables naming each that is missing. */
export function renderMessage({ template, channel, variables, policy, companyName }: Rendering): Rendered {
  const { name, subject = null, body, html = null } = template;
  const company = oneLine(companyName);
  // Ours come last: no variable of a request can speak for the company.
  const values = new Map([...Object.entries(variables), ['company', company], ['sender', policy.sender_name ?? company]]);
  const missing = placeholdersIn([subject, body, html].join(' ')).names.filter((each) => !values.has(each));
  if (missing.length > 0)
    throw NotificationError.invalidVariables({
      detail: `The template needs ${missing.join(', ')}.`,
      errors: missing.map((each) => ({ field: `variables.${each}`, message: 'is needed by the template' })),
    });

  const text = fill(body, values);
  refuseJoined([subject, body], variables, values);
  return {
    text: name === CODE && channel === 'sms' ? readByMachines(text, variables.code!, policy) : text,
    ...(subject !== null && { subject: fill(subject, values, oneLine) }),
    ...(html !== null && { html: fill(html, values, asHtml) }),
  };
}

/** Variables that hold no link by themselves must make none together. @throws notifications.invalid_variables */
function refuseJoined(parts: (string | null)[], variables: Rendering['variables'], values: ReadonlyMap<string, string>): void {
  const harmless = new Map(
    [...values].map(([name, value]) => [name, Object.hasOwn(variables, name) && !name.endsWith('url') ? 'x' : value]),
  );
  if (parts.every((part) => part === null || linksIn(fill(part, values)) <= linksIn(fill(part, harmless)))) return;
  const message = 'make a link together: put it into the template';
  throw NotificationError.invalidVariables({ detail: `The variables ${message}.`, errors: [{ field: 'variables', message }] });
}

/**
 * Android's SMS Retriever looks for the hash anywhere, browsers for their line in the last one only: so that comes last.
 * @see https://wicg.github.io/sms-one-time-codes/#parsing
 * @see https://developers.google.com/identity/sms-retriever/verify
 */
function readByMachines(text: string, code: string, { sms_app_hash, web_otp_domain }: Voice): string {
  const lines = [sms_app_hash, web_otp_domain && `@${web_otp_domain} #${code}`].filter((line) => line !== null);
  return lines.length > 0 ? [text.trimEnd(), ...lines].join('\n') : text;
}

export interface SmsSize {
  encoding: 'GSM-7' | 'UCS-2';
  /** As they count against a segment: of GSM-7, € and brackets are two; of UCS-2, most emoji are. */
  characters: number;
  segments: number;
}

/** What an SMS costs: each segment is paid for. */
export function smsSize(text: string): SmsSize {
  const message = new SegmentedMessage(text);
  const encoding = message.encodingName as SmsSize['encoding'];
  return { encoding, characters: message.messageSize / (encoding === 'GSM-7' ? 7 : 16), segments: message.segmentsCount };
}
