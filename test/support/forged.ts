import { createHash, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { parse, v7 as uuidv7 } from 'uuid';
import type { Company } from './world.js';

/**
 * Tokens as the product makes them: company, row, 256 secret bits and a MAC of its kind. Written against the documented format, not with the
 * product's own code: a change of the format must be noticed.
 */
export function opaqueToken(env: Record<string, string>, kind: string, tenantId: string, id: string, secret = randomBytes(32)): string {
  const body = Buffer.concat([parse(tenantId), parse(id), secret]);
  const key = Buffer.from(hkdfSync('sha256', Buffer.from(env.HASHING_KEY!, 'base64'), '', `watchword ${kind}`, 32));
  return Buffer.concat([body, createHmac('sha256', key).update(body).digest().subarray(0, 16)]).toString('base64url');
}

/** A link that a mail would have brought. */
export async function linkOf(
  company: Company,
  purpose: 'verify_email' | 'change_email' | 'reset_password' | 'invitation',
  { userId = null, email }: { userId?: string | null; email: string },
): Promise<string> {
  const [id, secret] = [uuidv7(), randomBytes(32)];
  await company.sql(
    `insert into account_link (id, user_id, purpose, token_hash, email, email_canonical, role, invited_by, expires_at)
     values ($1, $2, $3, $4, $5, $5, $6, $7, now() + interval '1 hour')`,
    [
      id,
      userId,
      purpose,
      createHash('sha256').update(secret).digest(),
      email,
      purpose === 'invitation' ? 'user' : null,
      purpose === 'invitation' ? company.admin.id : null,
    ],
  );
  return opaqueToken(company.world.stack.env, `link ${purpose}`, company.id, id, secret);
}
