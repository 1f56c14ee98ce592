import { createPublicKey, hash as digest, sign, verify, type KeyObject } from 'node:crypto';
import { z } from 'zod';

/** Domain separation: what is hashed or signed here is nothing else anywhere else. A new shape of event needs a new version. */
const EVENT_DOMAIN = 'watchword.audit.v1\n';
const HEAD_DOMAIN = 'watchword.audit.head.v1\n';
const MAX_DEPTH = 100;

export const uuid = z.string().regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
export const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
export const place = z.int().positive();

/** What happened: the part an event has before it has a place. `at` is RFC 3339 in UTC with exactly six decimals. */
export const content = z.object({
  id: uuid,
  company_id: uuid,
  at: z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
  action: z.string(),
  outcome: z.string(),
  actor_type: z.string(),
  actor_id: uuid.nullable(),
  session_id: uuid.nullable(),
  ip_address: z.string().nullable(),
  user_agent: z.string().nullable(),
  request_id: z.string().nullable(),
  target_id: uuid.nullable(),
  details: z.custom<Record<string, unknown>>(isPlainObject),
});
export type AuditContent = z.infer<typeof content>;

/** An event in its place, in the first form, which hashes it whole: `seq` counts 1, 2, 3… per company, `prev_hash` and `hash` are lowercase hex SHA-256. */
export const sealedEvent = z.strictObject({ seq: place, ...content.shape, prev_hash: sha256, hash: sha256 });
export type SealedEvent = z.infer<typeof sealedEvent>;

/** A signed statement that the company's chain has `hash` at `seq`. The signature is base64url without slack bits, so it has one spelling. */
export const signedHead = z.strictObject({
  type: z.literal('head'),
  company_id: uuid,
  seq: place,
  hash: sha256,
  signed_at: z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/),
  kid: z.string().regex(/^[\x21-\x7e]{1,200}$/),
  signature: z.string().regex(/^[\w-]{85}[AQgw]$/),
});
export type SignedHead = z.infer<typeof signedHead>;
export type Head = Omit<SignedHead, 'type' | 'kid' | 'signature'>;

/** The `prev_hash` of a company's first event: it ties the chain to the company. */
export const genesis = (companyId: string): string => digest('sha256', EVENT_DOMAIN + companyId, 'hex');

/** The hash an event must carry. Whatever stands in the object is hashed, so nothing can be smuggled in beside the known fields. */
export function eventHash(event: Omit<SealedEvent, 'hash'> & { hash?: string }): string {
  const { hash: _, prev_hash, ...rest } = event;
  return digest('sha256', `${EVENT_DOMAIN}${prev_hash}\n${canonicalJson(rest)}`, 'hex');
}

/** Gives an event its place after `prevHash`. Fields that are not part of an event are left out; throws ZodError or TypeError on a wrong shape. */
export function sealEvent(event: AuditContent, seq: number, prevHash: string): SealedEvent {
  const placed = { seq, ...content.parse(event), prev_hash: prevHash };
  return sealedEvent.parse({ ...placed, hash: eventHash(placed) });
}

/** Signs a head with Ed25519 (RFC 8032); `kid` names the key in the JWKS and is signed too. Throws TypeError on another kind of key. */
export function signHead(head: Head, privateKey: KeyObject, kid: string): SignedHead {
  const { company_id, seq, hash, signed_at } = head;
  const claim = { type: 'head', company_id, seq, hash, signed_at, kid } as const;
  const signature = sign(null, claimBytes(claim), ed25519(privateKey)).toString('base64url');
  return signedHead.parse({ ...claim, signature });
}

/** Whether this key signed this head. Which key belongs to the head's `kid` is the caller's to say. */
export function verifyHead({ signature, ...claim }: SignedHead, publicKey: KeyObject): boolean {
  return verify(null, claimBytes(claim), ed25519(publicKey), Buffer.from(signature, 'base64url'));
}

const claimBytes = (claim: Omit<SignedHead, 'signature'>) => Buffer.from(HEAD_DOMAIN + canonicalJson(claim));

function ed25519(key: KeyObject): KeyObject {
  if (key.asymmetricKeyType !== 'ed25519') throw new TypeError('A head is signed with an Ed25519 key.');
  return key;
}

/** RFC 7517 and RFC 8037: `{ kty: "OKP", crv: "Ed25519", x, kid? }`. */
export type Jwk = { kty?: string; crv?: string; x?: string; kid?: string; [member: string]: unknown };
export type Jwks = { keys: Jwk[] };
export type HeadKey = { kid: string | undefined; key: KeyObject };

/** The Ed25519 public keys of a JWK or JWKS; other kinds are passed over. Throws TypeError with a sentence for people. */
export function readHeadKeys(json: Jwk | Jwks): HeadKey[] {
  const jwks: unknown[] = isPlainObject(json) && Array.isArray(json.keys) ? json.keys : [json];
  const found = jwks.filter(isPlainObject) as Jwk[];
  if (found.some((jwk) => 'd' in jwk))
    throw new TypeError('This is a private key (it has a "d" member). Give only the public one, and keep the other safe.');
  const usable = found.filter(({ kty, crv }) => kty === 'OKP' && crv === 'Ed25519');
  if (usable.length === 0)
    throw new TypeError('There is no Ed25519 public key here: a JWK with "kty":"OKP" and "crv":"Ed25519", or a JWKS that holds one.');
  return usable.map(({ x, kid }) => ({ kid, key: importKey(x) }));
}

function importKey(x: unknown): KeyObject {
  try {
    return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: z.string().parse(x) }, format: 'jwk' });
  } catch {
    throw new TypeError('The Ed25519 public key cannot be read: its "x" is not 32 bytes in base64url.');
  }
}

/**
 * The one spelling of a JSON value (RFC 8785): names sorted by UTF-16 code units, no whitespace, numbers and strings as ECMAScript writes
 * them. Throws TypeError for what JSON cannot carry: non-finite numbers, lone surrogates, undefined, dates, nesting over 100 levels.
 */
export function canonicalJson(value: unknown, depth = 0): string {
  if (depth > MAX_DEPTH) throw new TypeError(`Nested deeper than ${MAX_DEPTH} levels`);
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'number' && Number.isFinite(value)) return String(value);
  if (typeof value === 'string') return quote(value);
  if (Array.isArray(value)) return `[${Array.from(value, (item) => canonicalJson(item, depth + 1)).join()}]`;
  if (!isPlainObject(value)) throw new TypeError(`JSON has no ${typeof value === 'number' ? value : typeof value}`);
  const members = Object.keys(value).toSorted();
  return `{${members.map((member) => `${quote(member)}:${canonicalJson(value[member], depth + 1)}`).join()}}`;
}

function quote(text: string): string {
  if (/\p{Surrogate}/u.test(text)) throw new TypeError('A lone surrogate is not text');
  return JSON.stringify(text);
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && [Object.prototype, null].includes(Object.getPrototypeOf(value));
}

const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\]:,]|[^\s"{}[\]:,]+/g;

/**
 * JSON.parse for I-JSON (RFC 7493), which RFC 8785 builds on: a repeated name, or a number that a double cannot hold, would let two readers
 * see two different events under one hash. Throws SyntaxError.
 */
export function parseStrictJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  if (JSON.stringify(value) === text) return value; // written by JSON.stringify, as our export is: nothing was lost in reading
  const open: Set<string>[] = [];
  let previous = '';
  for (const [token] of text.matchAll(TOKEN)) {
    if (token === '{' || token === '[') open.push(new Set());
    else if (token === '}' || token === ']') open.pop();
    else if (token === ':') claimName(open.at(-1)!, previous);
    else if (/^[-\d]/.test(token) && digits(token) !== digits(String(Number(token)))) throw new SyntaxError('A number is too exact');
    previous = token;
  }
  return value;
}

function claimName(names: Set<string>, quoted: string) {
  const name = JSON.parse(quoted) as string;
  if (names.has(name)) throw new SyntaxError('A name is repeated');
  names.add(name);
}

/** The significant digits of a number as written: the same before and after reading it, unless precision was lost. */
const digits = (number: string) =>
  number
    .replace(/e.*$/i, '')
    .replace(/[.-]/g, '')
    .replace(/^0+|0+$/g, '');
