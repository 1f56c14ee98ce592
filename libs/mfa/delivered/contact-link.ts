import { randomBytes } from 'node:crypto';
import { parse, stringify, validate } from 'uuid';
import { mac, sameBytes } from '@app/platform';

/** What is kept of a token that somebody is to bring along: a MAC, until then. */
export interface ContactLink {
  mac: string;
  until: string;
}

const MINUTES = 15;
const RANDOM_BYTES = 24;

const digest = (tenantId: string, token: string) => mac('contact-link', tenantId, '|', token);

/** A token that says whose it is and cannot be guessed. 54 characters of base64url: Telegram's links carry 64. */
export function newContactLink(tenantId: string, userId: string, now: Date): { token: string; link: ContactLink } {
  const token = Buffer.concat([parse(userId), randomBytes(RANDOM_BYTES)]).toString('base64url');
  const until = new Date(now.getTime() + MINUTES * 60_000).toISOString();
  return { token, link: { mac: digest(tenantId, token).toString('base64url'), until } };
}

/** Whose token this would be; undefined when it is none of ours. */
export function userOfContact(token: string): string | undefined {
  const bytes = Buffer.from(token, 'base64url');
  if (bytes.length !== 16 + RANDOM_BYTES || bytes.toString('base64url') !== token) return undefined;
  const id = stringify(bytes.subarray(0, 16));
  return validate(id) ? id : undefined;
}

export const opens = (tenantId: string, token: string, { mac: kept, until }: ContactLink, now: Date) =>
  sameBytes(digest(tenantId, token), Buffer.from(kept, 'base64url')) && now < new Date(until);
