import { createHash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { parse, stringify } from 'uuid';

const PREFIX = 'ww_';
const SECRET_BYTES = 32;
const FORM = /^ww_[\w-]{86}[0-9A-Za-z]{6}$/;
const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** Of all that stands before it, so that whoever scans for keys need decode nothing. It proves nothing: the secret does. */
function checksum(text: string): string {
  let digits = '';
  for (let rest = crc32(text); digits.length < 6; rest = Math.floor(rest / DIGITS.length)) digits = DIGITS[rest % DIGITS.length] + digits;
  return digits;
}

const digest = (secret: Buffer) => createHash('sha256').update(secret).digest();

/** `ww_`, then company, key and 256 secret bits in base64url, then 6 characters of checksum (CRC-32 in base 62): 95 in all. */
export function writeApiKey(tenantId: string, id: string) {
  const secret = randomBytes(SECRET_BYTES);
  const body = PREFIX + Buffer.concat([parse(tenantId), parse(id), secret]).toString('base64url');
  const text = body + checksum(body);
  return { text, hash: digest(secret), hint: text.slice(-4) };
}

/** Undefined for what cannot be a key of ours: the database is not asked about such a thing. */
export function readApiKey(text: string): { tenantId: string; id: string; hash: Buffer } | undefined {
  if (!FORM.test(text) || checksum(text.slice(0, -6)) !== text.slice(-6)) return undefined;
  const encoded = text.slice(PREFIX.length, -6);
  const bytes = Buffer.from(encoded, 'base64url');
  if (bytes.toString('base64url') !== encoded) return undefined;
  try {
    return { tenantId: stringify(bytes.subarray(0, 16)), id: stringify(bytes.subarray(16, 32)), hash: digest(bytes.subarray(32)) };
  } catch {
    return undefined; // a checksum is easily made, and not every 16 bytes are an id
  }
}
