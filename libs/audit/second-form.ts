import { hash as digest } from 'node:crypto';
import { z } from 'zod';
import { type AuditContent, canonicalJson, content, place, sha256, uuid } from './chain.js';

const EVENT_DOMAIN = 'watchword.audit.v2\n';
const ORIGIN_DOMAIN = 'watchword.audit.v2.origin\n';
const DETAILS_DOMAIN = 'watchword.audit.v2.details\n';

/**
 * An event in its place, in the second form. What may be personal stands in two parts, the origin (`ip_address`, `user_agent`) and the
 * `details`; the chain hashes each through a hash of its own, with 122 random bits for salt. A part that was erased is empty and has no salt:
 * its hash stays, tells nothing and keeps the chain whole.
 */
export const eventInParts = z.strictObject({
  version: z.literal(2),
  seq: place,
  ...content.shape,
  origin_salt: uuid.nullable(),
  details_salt: uuid.nullable(),
  origin_hash: sha256,
  details_hash: sha256,
  prev_hash: sha256,
  hash: sha256,
});
export type EventInParts = z.infer<typeof eventInParts>;
export type Salts = { origin_salt: string; details_salt: string };

const originHash = (salt: string, { ip_address, user_agent }: Pick<AuditContent, 'ip_address' | 'user_agent'>) =>
  digest('sha256', `${ORIGIN_DOMAIN}${salt}\n${canonicalJson({ ip_address, user_agent })}`, 'hex');
const detailsHash = (salt: string, { details }: Pick<AuditContent, 'details'>) =>
  digest('sha256', `${DETAILS_DOMAIN}${salt}\n${canonicalJson(details)}`, 'hex');

/** Gives an event its place after `prevHash`. `parts`: both hashes, one after the other. Throws ZodError or TypeError on a wrong shape. */
export function sealInParts(event: AuditContent, salts: Salts, seq: number, prevHash: string): EventInParts & { parts: string } {
  const known = content.parse(event);
  const origin_hash = originHash(salts.origin_salt, known);
  const details_hash = detailsHash(salts.details_salt, known);
  const placed = { version: 2 as const, seq, ...known, ...salts, origin_hash, details_hash, prev_hash: prevHash };
  const sealed = eventInParts.parse({ ...placed, hash: placeHash({ ...placed, hash: '' }) });
  return { ...sealed, parts: origin_hash + details_hash };
}

/** The hash that the event must carry; undefined when a part is not what its own hash says, or was erased and is not empty. */
export function hashInParts(event: EventInParts): string | undefined {
  const { origin_salt, details_salt, ip_address, user_agent, details } = event;
  const originHolds =
    origin_salt === null ? ip_address === null && user_agent === null : originHash(origin_salt, event) === event.origin_hash;
  const detailsHold = details_salt === null ? Object.keys(details).length === 0 : detailsHash(details_salt, event) === event.details_hash;
  return originHolds && detailsHold ? placeHash(event) : undefined;
}

function placeHash(event: EventInParts): string {
  const { hash: _, prev_hash, ip_address, user_agent, details, origin_salt, details_salt, ...rest } = event;
  return digest('sha256', `${EVENT_DOMAIN}${prev_hash}\n${canonicalJson(rest)}`, 'hex');
}
