import { createCipheriv, createDecipheriv, createHash, createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';
import { config } from './config.js';

const keyId = (key: Buffer) => createHash('sha256').update('watchword.key-id').update(key).digest().subarray(0, 4);

let ring: Map<string, Buffer> | undefined;
/** Of the key that seals: worked out once. */
let present: Buffer | undefined;
const keys = () =>
  (ring ??= new Map(
    [config.SEALING_KEY, ...config.SEALING_KEYS_OLD.map((text) => Buffer.from(text, 'base64'))].map((key) => [
      keyId(key).toString('hex'),
      key,
    ]),
  ));

/** Where a sealed value belongs: it opens nowhere else. */
export interface SealedFor {
  /** The tenant that owns the row; `system` for what no tenant owns. */
  tenant: string;
  row: string;
  purpose: string;
}

const aad = ({ tenant, row, purpose }: SealedFor) => Buffer.from(`${tenant}|${row}|${purpose}`);

/** AES-256-GCM, as base64url of key id (4 bytes), nonce (12), tag (16), ciphertext. NIST SP 800-38D. */
export function seal(plain: string, place: SealedFor): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', config.SEALING_KEY, nonce).setAAD(aad(place));
  const body = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
  present ??= keyId(config.SEALING_KEY);
  return Buffer.concat([present, nonce, cipher.getAuthTag(), body]).toString('base64url');
}

/** @throws Error when the key is unknown or the value was altered or moved from its place. */
export function unseal(sealed: string, place: SealedFor): string {
  const bytes = Buffer.from(sealed, 'base64url');
  const key = keys().get(bytes.subarray(0, 4).toString('hex'));
  if (!key) throw new Error(`The key that sealed ${place.purpose} is neither SEALING_KEY nor in SEALING_KEYS_OLD.`);
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(4, 16), { authTagLength: 16 })
    .setAAD(aad(place))
    .setAuthTag(bytes.subarray(16, 32));
  return Buffer.concat([decipher.update(bytes.subarray(32)), decipher.final()]).toString('utf8');
}

const derived = new Map<string, Buffer>();

/** HMAC-SHA256 under a key of its own for each purpose (HKDF, RFC 5869), so that no MAC made for one is good for another. */
export function mac(purpose: string, ...parts: (string | Uint8Array)[]): Buffer {
  let key = derived.get(purpose);
  if (!key) derived.set(purpose, (key = Buffer.from(hkdfSync('sha256', config.HASHING_KEY, '', `watchword ${purpose}`, 32))));
  const hmac = createHmac('sha256', key);
  for (const part of parts) hmac.update(part);
  return hmac.digest();
}

/** Equal in constant time; different lengths are simply unequal. */
export const sameBytes = (a: Uint8Array, b: Uint8Array) => a.length === b.length && timingSafeEqual(a, b);
