import { defineEntity, p } from '@mikro-orm/core';
import { type Role, tenantOwned } from '@app/platform';
import { newOpaqueToken, readOpaqueToken } from '../opaque-token.js';

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
    /** What the invited person is thought to read. */
    locale: p.string().nullable(),
    invitedBy: p.uuid().nullable(),
    expiresAt: p.datetime(),
    usedAt: p.datetime().nullable(),
  }),
});

/** A link that was sent to somebody, to be used once. */
export class AccountLink extends schema.class {}
schema.setClass(AccountLink);

const kind = (purpose: LinkPurpose) => `link ${purpose}` as const;

export const newLinkToken = (purpose: LinkPurpose, tenantId: string, id: string) => newOpaqueToken(kind(purpose), tenantId, id);

/** Undefined for what is none of these links. */
export function readLinkToken(purposes: LinkPurpose[], token: string) {
  const read = readOpaqueToken(purposes.map(kind), token);
  return read && { ...read, purpose: read.kind.slice('link '.length) as LinkPurpose };
}
