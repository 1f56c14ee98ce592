import { createHash, randomBytes } from 'node:crypto';
import { parse, stringify, validate } from 'uuid';
import { mac, sameBytes } from '@app/platform';

const SECRET_BYTES = 32;
const MAC_BYTES = 16;
const BODY_BYTES = 32 + SECRET_BYTES;

const digest = (secret: Buffer) => createHash('sha256').update(secret).digest();
const seal = (kind: string, body: Buffer) => mac(kind, body).subarray(0, MAC_BYTES);

/** Company, row, 256 secret bits and a MAC that is made for its kind alone, in base64url. Kept of it is `hash`: SHA-256 of the secret bits. */
export function newOpaqueToken(kind: string, tenantId: string, id: string): { token: string; hash: Buffer } {
  const secret = randomBytes(SECRET_BYTES);
  const body = Buffer.concat([parse(tenantId), parse(id), secret]);
  return { token: Buffer.concat([body, seal(kind, body)]).toString('base64url'), hash: digest(secret) };
}

/** Undefined for what we never made, or made of another kind: the database is not asked about such a thing. */
export function readOpaqueToken<Kind extends string>(kinds: readonly Kind[], token: string) {
  const bytes = Buffer.from(token, 'base64url');
  if (bytes.length !== BODY_BYTES + MAC_BYTES || bytes.toString('base64url') !== token) return undefined;
  const body = bytes.subarray(0, BODY_BYTES);
  const kind = kinds.find((each) => sameBytes(bytes.subarray(BODY_BYTES), seal(each, body)));
  if (!kind) return undefined;
  const [tenantId, id] = [stringify(body.subarray(0, 16)), stringify(body.subarray(16, 32))];
  return validate(tenantId) && validate(id) ? { kind, tenantId, id, hash: digest(body.subarray(32)) } : undefined;
}
