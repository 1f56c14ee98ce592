import { parseOptions } from '@node-rs/argon2';
import { z } from 'zod';
import {
  type ForeignHash,
  LIMITS,
  PBKDF2_DIGESTS,
  readBcrypt,
  readPbkdf2,
  readScrypt,
  tooDear,
  unpadded,
  writeForeignHash,
} from '../passwords/stored-hash.js';

/** Why a line is refused: the field, and words that repeat no value of it but numbers. */
export interface Refusal {
  field: string;
  reason: string;
}

const FIELD = 'password_hash';
const refused = (reason: string, field = FIELD): Refusal => ({ field, reason });

const number = z.number().int().positive();
const encoding = z.enum(['base64', 'hex']);
const salted = { salt: z.string().max(1_000), hash: z.string().max(1_000), encoding: encoding.default('base64') };
const saltEncoding = z.enum(['base64', 'hex', 'utf8']).optional();
/** Hashes in fields, as databases keep them. */
const inFields = z.discriminatedUnion('algorithm', [
  z.strictObject({ algorithm: z.literal('bcrypt'), hash: z.string().max(100) }),
  z.strictObject({ algorithm: z.literal('scrypt'), n: number, r: number, p: number, ...salted, salt_encoding: saltEncoding }),
  z.strictObject({
    algorithm: z.literal('pbkdf2'),
    digest: z.enum(Object.keys(PBKDF2_DIGESTS) as [keyof typeof PBKDF2_DIGESTS]),
    iterations: number,
    ...salted,
    salt_encoding: saltEncoding,
  }),
  z.strictObject({
    algorithm: z.enum(['argon2id', 'argon2i', 'argon2d']),
    version: z.union([z.literal(16), z.literal(19)]).default(19),
    memory: number.describe('KiB'),
    iterations: number,
    parallelism: number,
    ...salted,
    salt_encoding: saltEncoding,
  }),
]);

/** What is stored for a hash that another system made, or why it is not. */
export function readImportedHash(value: unknown): { stored: string } | Refusal {
  if (typeof value === 'string') return fromText(value);
  const { data, error } = inFields.safeParse(value);
  if (error) {
    const { path, message } = error.issues[0]!;
    return refused(message, [FIELD, ...path].join('.'));
  }
  if (data.algorithm === 'bcrypt') return stored(readBcrypt(data.hash), 'hash');
  const tag = decode(data.hash, data.encoding);
  if (!tag) return refused(`is not ${data.encoding}`, `${FIELD}.hash`);
  const salt = decode(data.salt, data.salt_encoding ?? data.encoding);
  if (!salt) return refused(`is not ${data.salt_encoding ?? data.encoding}`, `${FIELD}.salt`);
  if (data.algorithm === 'pbkdf2') return stored({ kind: 'pbkdf2', digest: data.digest, iterations: data.iterations, salt, tag }, 'hash');
  if (data.algorithm === 'scrypt') {
    const ln = Math.log2(data.n);
    if (!Number.isInteger(ln)) return refused('must be a power of two', `${FIELD}.n`);
    return stored({ kind: 'scrypt', ln, r: data.r, p: data.p, salt, tag }, 'hash');
  }
  const { algorithm, version, memory, iterations, parallelism } = data;
  return argon2(`$${algorithm}$v=${version}$m=${memory},t=${iterations},p=${parallelism}$${unpadded(salt)}$${unpadded(tag)}`, true);
}

function fromText(text: string): { stored: string } | Refusal {
  if (text.length > 1_000) return refused('is longer than 1,000 characters');
  if (text.startsWith('$argon2')) return argon2(text, false);
  const hash = readBcrypt(text) ?? readScrypt(text) ?? readPbkdf2(text) ?? readPasslib(text) ?? readDjango(text);
  return hash ? stored(hash) : refused('is no argon2, bcrypt, scrypt or PBKDF2 hash in a form that docs/import.md names');
}

function stored(hash: ForeignHash | undefined, missing?: string): { stored: string } | Refusal {
  if (!hash) return refused('is no bcrypt hash ($2a$, $2b$ or $2y$)', missing ? `${FIELD}.${missing}` : FIELD);
  const dear = tooDear(hash);
  if (dear) return refused(dear.reason, missing ? `${FIELD}.${dear.field}` : FIELD);
  return { stored: writeForeignHash(hash) };
}

function argon2(phc: string, inFields: boolean): { stored: string } | Refusal {
  const at = (field: string) => (inFields ? `${FIELD}.${field}` : FIELD);
  // Looked at before it is parsed: what does not fit 32 bits must not wrap round.
  const [, memory = 0, passes = 0, lanes = 0] = (/\$m=(\d+),t=(\d+),p=(\d+)\$/.exec(phc) ?? []).map(Number);
  if (memory > LIMITS.argon2MemoryKib)
    return refused(`argon2 with ${memory} KiB takes more memory than ${LIMITS.argon2MemoryKib} KiB`, at('memory'));
  if (memory * passes > LIMITS.argon2Work)
    return refused(`argon2 with ${memory} KiB and ${passes} passes: their product is above ${LIMITS.argon2Work}`, at('iterations'));
  if (lanes > LIMITS.argon2Lanes) return refused(`argon2 parallelism of ${lanes} is above ${LIMITS.argon2Lanes}`, at('parallelism'));
  try {
    const { outputLen } = parseOptions(phc);
    if (outputLen < LIMITS.tagBytes[0] || outputLen > LIMITS.tagBytes[1])
      return refused(`a hash has ${LIMITS.tagBytes.join(' to ')} bytes, not ${outputLen}`, at('hash'));
    return { stored: phc };
  } catch {
    return refused('is no argon2 hash that can be read', inFields ? `${FIELD}.hash` : FIELD);
  }
}

/** passlib's: `$pbkdf2-sha256$29000$salt$hash` (`$pbkdf2$` is SHA-1), with `.` for `+`; and the PHC string with its length. */
function readPasslib(text: string): ForeignHash | undefined {
  const [, digest = '-sha1', rounds, salt, tag] =
    /^\$pbkdf2(-sha1|-sha256|-sha512)?\$(?:i=)?(\d+)(?:,l=\d+)?\$([\w./+]+)\$([\w./+]+)$/.exec(text) ?? [];
  if (tag === undefined) return undefined;
  return readPbkdf2(`$pbkdf2${digest}$i=${rounds}$${salt!.replaceAll('.', '+')}$${tag.replaceAll('.', '+')}`);
}

/** Django's: `pbkdf2_sha256$600000$salt$hash`, its salt text. */
function readDjango(text: string): ForeignHash | undefined {
  const [, digest, rounds, salt, tag] = /^pbkdf2_(sha1|sha256)\$(\d{1,10})\$([^$]{1,128})\$([A-Za-z0-9+/]+={0,2})$/.exec(text) ?? [];
  if (tag === undefined) return undefined;
  return readPbkdf2(`$pbkdf2-${digest}$i=${rounds}$${unpadded(Buffer.from(salt!))}$${tag.replace(/=+$/, '')}`);
}

function decode(text: string, how: 'base64' | 'hex' | 'utf8'): Buffer | undefined {
  if (how === 'utf8') return Buffer.from(text);
  const sound = how === 'hex' ? /^([0-9a-f]{2})+$/i : /^[\w+/-]+={0,2}$/;
  return sound.test(text) ? Buffer.from(text, how) : undefined;
}
