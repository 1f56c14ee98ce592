import { pbkdf2, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { verify } from '@node-rs/bcrypt';

/**
 * Hashes that another system made, as they are stored until their owner signs in: bcrypt in its own form, scrypt and PBKDF2 as PHC strings
 * (`$scrypt$ln=15,r=8,p=1$salt$hash`, `$pbkdf2-sha256$i=600000$salt$hash`). Argon2 is ours, whoever made it.
 */
export type ForeignHash =
  | { kind: 'bcrypt'; cost: number; text: string }
  | { kind: 'scrypt'; ln: number; r: number; p: number; salt: Buffer; tag: Buffer }
  | { kind: 'pbkdf2'; digest: Pbkdf2Digest; iterations: number; salt: Buffer; tag: Buffer };

export const PBKDF2_DIGESTS = { sha1: 20, sha256: 32, sha384: 48, sha512: 64 } as const;
export type Pbkdf2Digest = keyof typeof PBKDF2_DIGESTS;

/** The most that one sign-in may cost: about a second of one core, or 256 MiB. What asks for more is a way to stop the service, not a password. */
export const LIMITS = {
  argon2MemoryKib: 262_144,
  argon2Work: 1_048_576,
  argon2Lanes: 16,
  bcryptCost: 14,
  scryptBytes: 268_435_456,
  scryptWork: 4_194_304,
  pbkdf2Rounds: 2_000_000,
  saltBytes: [4, 256],
  tagBytes: [16, 128],
} as const;

const BCRYPT = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/;
const SCRYPT = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,5}),p=(\d{1,5})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;
const PBKDF2 = /^\$pbkdf2-(sha1|sha256|sha384|sha512)\$i=(\d{1,10})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;
/** bcrypt reads no further; what made the hash did not either. */
const BCRYPT_BYTES = 72;

/** Undefined when it is none of these, or dearer than `LIMITS`. */
export function readForeignHash(stored: string): ForeignHash | undefined {
  const hash = readBcrypt(stored) ?? readScrypt(stored) ?? readPbkdf2(stored);
  return hash && tooDear(hash) === undefined ? hash : undefined;
}

/** Why a hash is refused, naming the parameter and its limit; undefined when it is not. */
export function tooDear(hash: ForeignHash): { field: string; reason: string } | undefined {
  if (hash.kind === 'bcrypt') {
    if (hash.cost < 4 || hash.cost > LIMITS.bcryptCost)
      return { field: 'cost', reason: `a bcrypt cost of ${hash.cost} is not within 4 and ${LIMITS.bcryptCost}` };
    return undefined;
  }
  if (!within(hash.salt.length, LIMITS.saltBytes))
    return { field: 'salt', reason: `a salt has ${LIMITS.saltBytes.join(' to ')} bytes, not ${hash.salt.length}` };
  if (!within(hash.tag.length, LIMITS.tagBytes))
    return { field: 'hash', reason: `a hash has ${LIMITS.tagBytes.join(' to ')} bytes, not ${hash.tag.length}` };
  if (hash.kind === 'pbkdf2') {
    // Each block of output takes all the rounds again.
    const blocks = Math.ceil(hash.tag.length / PBKDF2_DIGESTS[hash.digest]);
    if (hash.iterations < 1 || hash.iterations * blocks > LIMITS.pbkdf2Rounds)
      return { field: 'iterations', reason: `${hash.iterations} PBKDF2 iterations for ${blocks} blocks are above ${LIMITS.pbkdf2Rounds}` };
    return undefined;
  }
  const { ln, r, p } = hash;
  if (ln < 1 || ln > 30 || r < 1 || p < 1) return { field: 'n', reason: 'scrypt takes a power of two for N, and r and p of 1 or more' };
  if (128 * 2 ** ln * r > LIMITS.scryptBytes)
    return { field: 'n', reason: `scrypt with N=${2 ** ln}, r=${r} takes more memory than ${LIMITS.scryptBytes / 2 ** 20} MiB` };
  if (2 ** ln * r * p > LIMITS.scryptWork)
    return { field: 'p', reason: `scrypt with N=${2 ** ln}, r=${r}, p=${p}: N·r·p is above ${LIMITS.scryptWork}` };
  return undefined;
}

/** As the other system did: the bytes as they are typed, and what is left of them. In the thread pool, never on the event loop. */
export async function verifyForeign(hash: ForeignHash, password: string): Promise<boolean> {
  const secret = Buffer.from(password);
  switch (hash.kind) {
    case 'bcrypt':
      return verify(secret.subarray(0, BCRYPT_BYTES), hash.text);
    case 'scrypt': {
      const { ln, r, p, salt, tag } = hash;
      const options: ScryptOptions = { N: 2 ** ln, r, p, maxmem: LIMITS.scryptBytes + 256 * r * (p + 2) + 2 ** 20 };
      return timingSafeEqual(await derive(secret, salt, tag.length, options), tag);
    }
    case 'pbkdf2':
      return timingSafeEqual(await promisify(pbkdf2)(secret, hash.salt, hash.iterations, hash.tag.length, hash.digest), hash.tag);
  }
}

const derive = promisify<Buffer, Buffer, number, ScryptOptions, Buffer>(scrypt);

/** How a stored hash is written, for people. */
export const schemeOf = (stored: string): string =>
  /^\$2[aby]\$/.test(stored) ? 'bcrypt' : (/^\$([a-z0-9-]+)\$/.exec(stored)?.[1] ?? 'unknown');

export const unpadded = (bytes: Buffer) => bytes.toString('base64').replace(/=+$/, '');

/** What is stored of it. */
export function writeForeignHash(hash: ForeignHash): string {
  if (hash.kind === 'bcrypt') return hash.text;
  const tail = `${unpadded(hash.salt)}$${unpadded(hash.tag)}`;
  return hash.kind === 'scrypt'
    ? `$scrypt$ln=${hash.ln},r=${hash.r},p=${hash.p}$${tail}`
    : `$pbkdf2-${hash.digest}$i=${hash.iterations}$${tail}`;
}

export function readBcrypt(text: string): ForeignHash | undefined {
  const [, cost] = BCRYPT.exec(text) ?? [];
  return cost === undefined ? undefined : { kind: 'bcrypt', cost: Number(cost), text };
}

export function readScrypt(text: string): ForeignHash | undefined {
  const [, ln, r, p, salt, tag] = SCRYPT.exec(text) ?? [];
  if (tag === undefined) return undefined;
  return {
    kind: 'scrypt',
    ln: Number(ln),
    r: Number(r),
    p: Number(p),
    salt: Buffer.from(salt!, 'base64'),
    tag: Buffer.from(tag, 'base64'),
  };
}

export function readPbkdf2(text: string): ForeignHash | undefined {
  const [, digest, iterations, salt, tag] = PBKDF2.exec(text) ?? [];
  if (tag === undefined) return undefined;
  return {
    kind: 'pbkdf2',
    digest: digest as Pbkdf2Digest,
    iterations: Number(iterations),
    salt: Buffer.from(salt!, 'base64'),
    tag: Buffer.from(tag, 'base64'),
  };
}

const within = (value: number, [least, most]: readonly [number, number]) => value >= least && value <= most;
