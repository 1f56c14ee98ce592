import { createHash, randomBytes } from 'node:crypto';
import { defineEntity, p } from '@mikro-orm/core';
import { parse, stringify, validate } from 'uuid';
import { mac, type Role, sameBytes, tenantOwned } from '@app/platform';

export type LinkPurpose = 'verify_email' | 'change_email' | 'reset_password' | 'invitation';

/** How long each is good for, in hours. NIST SP 800-63B-4 §4.2.1.2: codes by e-mail that recover an account, 24 h at most. */
export const LINK_HOURS: Record<LinkPurpose, number> = { verify_email: 72, change_email: 24, reset_password: 1, invitation: 168 };

const schema = defineEntity({
  name: 'AccountLink',
  tableName: 'account_link',
  ...tenantOwned({
    userId: p.uuid().nullable(),
    purpose: p.string().$type<LinkPurpose>(),
    /** SHA-256 of the secret part. */
    tokenHash: p.blob().lazy(),
    email: p.string(),
    emailCanonical: p.string(),
    role: p.string().$type<Role>().nullable(),
    invitedBy: p.uuid().nullable(),
    expiresAt: p.datetime(),
    usedAt: p.datetime().nullable(),
  }),
});

/** A link that was sent to somebody, to be used once. */
export class AccountLink extends schema.class {}
schema.setClass(AccountLink);

const SECRET_BYTES = 32;
const MAC_BYTES = 16;
const BODY_BYTES = 32 + SECRET_BYTES;

const digest = (secret: Buffer) => createHash('sha256').update(secret).digest();
const seal = (purpose: LinkPurpose, body: Buffer) => mac(`link ${purpose}`, body).subarray(0, MAC_BYTES);

/** Opaque: company, link, 256 secret bits and a MAC that is made for its purpose alone, in base64url. */
export function newLinkToken(purpose: LinkPurpose, tenantId: string, id: string): { token: string; hash: Buffer } {
  const secret = randomBytes(SECRET_BYTES);
  const body = Buffer.concat([parse(tenantId), parse(id), secret]);
  return { token: Buffer.concat([body, seal(purpose, body)]).toString('base64url'), hash: digest(secret) };
}

/** Undefined for what we never made, or made for another purpose: the database is not asked about such a thing. */
export function readLinkToken(purposes: LinkPurpose[], token: string) {
  const bytes = Buffer.from(token, 'base64url');
  if (bytes.length !== BODY_BYTES + MAC_BYTES || bytes.toString('base64url') !== token) return undefined;
  const body = bytes.subarray(0, BODY_BYTES);
  const purpose = purposes.find((each) => sameBytes(bytes.subarray(BODY_BYTES), seal(each, body)));
  if (!purpose) return undefined;
  const [tenantId, id] = [stringify(body.subarray(0, 16)), stringify(body.subarray(16, 32))];
  return validate(tenantId) && validate(id) ? { purpose, tenantId, id, hash: digest(body.subarray(32)) } : undefined;
}
