import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';

// Written against the documented format, not with the product's own code: a change of the format must be noticed.
const keyOf = (env: Record<string, string>) => Buffer.from(env.SEALING_KEY!, 'base64');
const aad = (tenantId: string, factorId: string) => Buffer.from(`${tenantId}|${factorId}|factor-state`);
const idOf = (key: Buffer) => createHash('sha256').update('watchword.key-id').update(key).digest().subarray(0, 4);

export function openState(env: Record<string, string>, tenantId: string, factorId: string, sealed: string): object {
  const bytes = Buffer.from(sealed, 'base64url');
  const decipher = createDecipheriv('aes-256-gcm', keyOf(env), bytes.subarray(4, 16))
    .setAAD(aad(tenantId, factorId))
    .setAuthTag(bytes.subarray(16, 32));
  return JSON.parse(Buffer.concat([decipher.update(bytes.subarray(32)), decipher.final()]).toString('utf8'));
}

export function sealState(env: Record<string, string>, tenantId: string, factorId: string, state: object): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', keyOf(env), nonce).setAAD(aad(tenantId, factorId));
  const body = Buffer.concat([cipher.update(JSON.stringify(state), 'utf8'), cipher.final()]);
  return Buffer.concat([idOf(keyOf(env)), nonce, cipher.getAuthTag(), body]).toString('base64url');
}
