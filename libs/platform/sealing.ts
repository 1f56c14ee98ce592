import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';
import { config } from './config.js';

interface SealingKey {
  id: Buffer;
  /** Made once: of bytes, Node makes one at each call, which takes four times as long as sealing. */
  key: KeyObject;
}

const sealingKey = (bytes: Buffer): SealingKey => ({
  id: createHash('sha256').update('watchword.key-id').update(bytes).digest().subarray(0, 4),
  key: createSecretKey(bytes),
});

let present: SealingKey | undefined;
let ring: Map<string, KeyObject> | undefined;
const presentKey = () => (present ??= sealingKey(config.SEALING_KEY));
const keys = () =>
  (ring ??= new Map(
    [presentKey(), ...config.SEALING_KEYS_OLD.map((text) => sealingKey(Buffer.from(text, 'base64')))].map(({ id, key }) => [
      id.toString('hex'),
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
  const { id, key } = presentKey();
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(aad(place));
  const body = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
  return Buffer.concat([id, nonce, cipher.getAuthTag(), body]).toString('base64url');
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

const derived = new Map<string, KeyObject>();

/** HMAC-SHA256 under a key of its own for each purpose (HKDF, RFC 5869), so that no MAC made for one is good for another. */
export function mac(purpose: string, ...parts: (string | Uint8Array)[]): Buffer {
  let key = derived.get(purpose);
  if (!key) {
    key = createSecretKey(Buffer.from(hkdfSync('sha256', config.HASHING_KEY, '', `watchword ${purpose}`, 32)));
    derived.set(purpose, key);
  }
  const hmac = createHmac('sha256', key);
  for (const part of parts) hmac.update(part);
  return hmac.digest();
}

/** Equal in constant time; different lengths are simply unequal. */
export const sameBytes = (a: Uint8Array, b: Uint8Array) => a.length === b.length && timingSafeEqual(a, b);
