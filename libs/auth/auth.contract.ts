import { z } from 'zod';
import { email } from '@app/notifications';
import { canonicalDomain } from '@app/tenants';

/** Bounded in the hasher by bytes; the policy speaks of code points. */
export const anyPassword = z.string().min(1).max(4096);
export const fullName = z
  .string()
  .trim()
  .min(1)
  .max(200)
  .regex(/^[^\p{Cc}\u200E\u200F\u202A-\u202E\u2066-\u2069]*$/u, 'must not hold control characters');
export const domain = z
  .string()
  .max(300)
  .transform((text, context) => {
    const canonical = canonicalDomain(text);
    if (!canonical) context.addIssue({ code: 'custom', message: 'must be a domain such as acme.com' });
    return canonical ?? z.NEVER;
  });
const deviceName = z.string().trim().min(1).max(100).optional().describe('shown in the list of sessions');

export const registerRequest = z
  .object({ email, password: anyPassword, full_name: fullName, company_name: fullName, company_domain: domain.meta({ type: 'string' }) })
  .meta({ id: 'Register' });
export type RegisterRequest = z.output<typeof registerRequest>;

export const loginRequest = z
  .object({
    email,
    password: anyPassword,
    company_domain: z
      .string()
      .trim()
      .min(1)
      .max(253)
      .optional()
      .describe('needed when the e-mail belongs to several companies; or header X-Tenant-ID'),
    totp_code: z.string().trim().min(1).max(64).optional().describe('answers the second factor at once'),
    device_name: deviceName,
  })
  .meta({ id: 'Login' });
export type LoginRequest = z.output<typeof loginRequest>;

export const verifyMfaRequest = z
  .object({
    code: z.string().trim().min(1).max(64),
    factor_id: z.uuid().optional(),
    mfa_token: z.string().max(2000).optional().describe('or as the Bearer token'),
  })
  .meta({ id: 'VerifyMfa' });
export type VerifyMfaRequest = z.output<typeof verifyMfaRequest>;

export const refreshRequest = z.object({ refresh_token: z.string().min(1).max(500) }).meta({ id: 'Refresh' });
export const logoutRequest = z
  .object({ refresh_token: z.string().max(500).optional() })
  .nullish()
  .meta({ id: 'Logout' });
export const changePasswordRequest = z.object({ current_password: anyPassword, new_password: anyPassword }).meta({ id: 'ChangePassword' });
export const disableMfaRequest = z.object({ password: anyPassword, code: z.string().trim().min(1).max(64) }).meta({ id: 'DisableMfa' });

export const tokenResponse = z
  .object({
    access_token: z.string(),
    refresh_token: z.string().describe('empty while a second factor is due'),
    token_type: z.literal('bearer'),
    expires_in: z.number().int().describe('seconds'),
    mfa_required: z.boolean(),
    enrollment_required: z
      .boolean()
      .optional()
      .describe('policy demands a second factor and none is set up: mfa_token opens the enrolment routes only'),
    mfa_token: z.string().optional().describe('good for the second factor only'),
    factors: z
      .array(z.object({ id: z.uuid(), type: z.string(), label: z.string().nullable(), recipient_masked: z.string().nullable() }))
      .optional(),
  })
  .meta({ id: 'TokenResponse' });
export type TokenResponse = z.output<typeof tokenResponse>;

export const session = z
  .object({
    id: z.uuid(),
    ip_address: z.string().nullable(),
    user_agent: z.string().nullable(),
    device_name: z.string().nullable(),
    created_at: z.string(),
    last_seen_at: z.string(),
    expires_at: z.string(),
    is_current: z.boolean(),
    amr: z.array(z.string()),
  })
  .meta({ id: 'Session' });
export const sessionList = z.array(session).meta({ id: 'SessionList' });

export const jwks = z.object({ keys: z.array(z.record(z.string(), z.unknown())) }).meta({ id: 'Jwks' });
