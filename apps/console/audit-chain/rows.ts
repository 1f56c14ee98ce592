import { isObject, type Members, parseExact } from './json.js';

/** An event as an export has it, in either form. The first form hashes it whole; the second has a hash for each part that may be erased. */
export interface ChainEvent extends Members {
  seq: number;
  id: string;
  company_id: string;
  at: string;
  action: string;
  outcome: string;
  actor_type: string;
  actor_id: string | null;
  session_id: string | null;
  target_id: string | null;
  ip_address: string | null;
  user_agent: string | null;
  request_id: string | null;
  details: Members;
  prev_hash: string;
  hash: string;
}
export interface EventInParts extends ChainEvent {
  version: 2;
  origin_salt: string | null;
  details_salt: string | null;
  origin_hash: string;
  details_hash: string;
}
export const isInParts = (event: ChainEvent): event is EventInParts => event.version === 2;

/** What the server signed: that the chain has this hash at this place. */
export interface Head extends Members {
  company_id: string;
  seq: number;
  hash: string;
  signed_at: string;
  kid: string;
  signature: string;
}
export type Row = { event: ChainEvent } | { head: Head } | { unreadable: 'json' | 'too_long' | 'shape'; field?: string };

type Check = (value: unknown) => boolean;
const text: Check = (value) => typeof value === 'string';
const like =
  (pattern: RegExp): Check =>
  (value) =>
    typeof value === 'string' && pattern.test(value);
const exactly =
  (wanted: unknown): Check =>
  (value) =>
    value === wanted;
const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);
const uuid = like(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
const sha256 = like(/^[0-9a-f]{64}$/);
const place: Check = (value) => Number.isSafeInteger(value) && (value as number) > 0;
const empty: Check = (value) => isObject(value) && Object.keys(value).length === 0;

const FIRST_FORM: Record<string, Check> = {
  type: exactly('event'),
  seq: place,
  id: uuid,
  company_id: uuid,
  at: like(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
  action: text,
  outcome: text,
  actor_type: text,
  actor_id: orNull(uuid),
  session_id: orNull(uuid),
  ip_address: orNull(text),
  user_agent: orNull(text),
  request_id: orNull(text),
  target_id: orNull(uuid),
  details: isObject,
  prev_hash: sha256,
  hash: sha256,
};
const ERASED_FIRST_FORM = { ...FIRST_FORM, erased: exactly(true), ip_address: exactly(null), user_agent: exactly(null), details: empty };
const IN_PARTS = {
  ...FIRST_FORM,
  version: exactly(2),
  origin_salt: orNull(uuid),
  details_salt: orNull(uuid),
  origin_hash: sha256,
  details_hash: sha256,
};
const HEAD: Record<string, Check> = {
  type: exactly('head'),
  company_id: uuid,
  seq: place,
  hash: sha256,
  signed_at: like(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/),
  kid: like(/^[\x21-\x7e]{1,200}$/),
  // 64 bytes in base64url; the last character has no bits to spare, so that there is one way to write it.
  signature: like(/^[\w-]{85}[AQgw]$/),
};

/** The first field that is not what it must be, missing or too many. */
function misfit(value: Members, shape: Record<string, Check>): string | undefined {
  const wrong = Object.keys(shape).find((field) => !Object.hasOwn(value, field) || !shape[field]!(value[field]));
  return wrong ?? Object.keys(value).find((field) => !Object.hasOwn(shape, field));
}

export function readRow(line: string): Row {
  let value: unknown;
  try {
    value = parseExact(line);
  } catch {
    return { unreadable: 'json' };
  }
  if (!isObject(value)) return { unreadable: 'shape' };
  if (value.type === 'head') {
    const field = misfit(value, HEAD);
    return field === undefined ? { head: value as Head } : { unreadable: 'shape', field };
  }
  const field = misfit(value, value.version === 2 ? IN_PARTS : value.erased === true ? ERASED_FIRST_FORM : FIRST_FORM);
  return field === undefined ? { event: value as ChainEvent } : { unreadable: 'shape', field };
}
