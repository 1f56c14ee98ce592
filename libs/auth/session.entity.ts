import { defineEntity, p } from '@mikro-orm/core';
import { statement, tenantOwned } from '@app/platform';

const schema = defineEntity({
  name: 'Session',
  tableName: 'session',
  ...tenantOwned({
    userId: p.uuid(),
    amr: p.array(),
    acr: p.string(),
    authTime: p.datetime(),
    ipAddress: p.string().nullable(),
    userAgent: p.string().nullable(),
    deviceName: p.string().nullable(),
    lastSeenAt: p.datetime(),
    expiresAt: p.datetime(),
    revokedAt: p.datetime().nullable(),
    revokedBecause: p.string().nullable(),
  }),
});

/** A family of refresh tokens: one current, one just replaced. Their hashes stay in the database's own functions. */
export class Session extends schema.class {}
schema.setClass(Session);

/** As JSON brings it: times are text in ISO 8601 with the server's offset. */
export interface CheckedSession {
  email: string;
  email_verified: boolean;
  phone_number: string | null;
  full_name: string;
  role: string;
  is_active: boolean;
  mfa_enabled: boolean;
  has_passkey: boolean;
  created_at: string;
  last_login: string | null;
  company_name: string;
  locale: string | null;
  policy: unknown;
  amr: string[];
  acr: string;
  auth_time: string;
}

export interface RefreshedSession {
  status: 'rotated' | 'repeated' | 'reused' | 'gone';
  user_id: string;
  email: string;
  role: string;
  amr: string[];
  acr: string;
  auth_time: Date;
}

export const CHECK_SESSION = statement<{ checked: CheckedSession | null }>(
  'session_check',
  'select app.session_check($1, $2, $3) as checked',
);
export const REFRESH_SESSION = statement<RefreshedSession>('session_refresh', 'select * from app.session_refresh($1, $2, $3, $4, $5, $6)');
