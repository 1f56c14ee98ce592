import { z } from 'zod';
import { assertion, authenticator, oneAnswer } from '@app/mfa';
import { email, locale } from '@app/notifications';
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
export const deviceName = z.string().trim().min(1).max(100).optional().describe('shown in the list of sessions');

export const registerRequest = z
  .object({
    email,
    password: anyPassword,
    full_name: fullName,
    company_name: fullName,
    company_domain: domain.meta({ type: 'string' }),
    locale: locale.optional(),
  })
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
    device_token: z.string().max(300).optional().describe('of a remembered device: no second factor is asked for'),
  })
  .meta({ id: 'Login' });
export type LoginRequest = z.output<typeof loginRequest>;

export const verifyMfaRequest = z
  .object({
    code: z.string().trim().min(1).max(64).optional(),
    credential: assertion.optional().describe('instead of code: what a passkey signed'),
    factor_id: z.uuid().optional(),
    new_password: anyPassword.optional().describe('where next_step is new_password'),
    attributes: z
      .record(z.string().regex(/^[\w:]{1,64}$/), z.string().max(2048))
      .optional()
      .describe('required_attributes of next_step, by name'),
    mfa_token: z.string().max(2000).optional().describe('or as the Bearer token'),
    remember_device: z.boolean().optional().describe('answers with device_token, where policy.remember_device_days lets it'),
  })
  .refine((given) => [given.code, given.credential, given.factor_id, given.new_password].some((one) => one !== undefined), {
    path: ['code'],
    message: 'is needed',
  })
  .refine(({ code, credential }) => code === undefined || credential === undefined, { path: ['code'], message: 'send code, or credential' })
  .meta({ id: 'VerifyMfa' });
export type VerifyMfaRequest = z.output<typeof verifyMfaRequest>;

export const stepUpRequest = z
  .object({
    code: z.string().trim().min(1).max(64).optional().describe('of a second factor, for whoever has one'),
    credential: assertion.optional().describe('instead of code: what a passkey signed'),
    factor_id: z.uuid().optional(),
    password: anyPassword.optional().describe('for whoever has none'),
  })
  .refine((given) => [given.code, given.credential, given.password].filter((one) => one !== undefined).length === 1, {
    path: ['code'],
    message: 'send code, or credential, or password',
  })
  .meta({ id: 'StepUp' });
export type StepUp = z.output<typeof stepUpRequest>;
export const steppedUp = z
  .object({
    access_token: z.string(),
    token_type: z.literal('bearer'),
    expires_in: z.number().int(),
    acr: z.string(),
    amr: z.array(z.string()),
  })
  .meta({ id: 'SteppedUp' });

export const refreshRequest = z
  .object({ refresh_token: z.string().min(1).max(500).optional().describe('left out by browsers in cookie mode') })
  .nullish()
  .meta({ id: 'Refresh' });
export const logoutRequest = z
  .object({ refresh_token: z.string().max(500).optional() })
  .nullish()
  .meta({ id: 'Logout' });
export const changePasswordRequest = z.object({ current_password: anyPassword, new_password: anyPassword }).meta({ id: 'ChangePassword' });
export const disableMfaRequest = z
  .object({
    password: anyPassword,
    code: z.string().trim().min(1).max(64).optional(),
    credential: assertion.optional().describe('instead of code: what a passkey signed'),
  })
  .refine(...oneAnswer)
  .meta({ id: 'DisableMfa' });

/** What a user pool of the company's asks for, to be answered at verify-mfa. */
const nextStep = z
  .object({
    type: z
      .enum(['code', 'choice', 'new_password', 'authenticator_setup'])
      .describe('answered by code; factor_id, one of factors; new_password with required_attributes; the first code of the authenticator'),
    required_attributes: z.array(z.string()).optional(),
    authenticator: authenticator.optional(),
  })
  .meta({ id: 'NextStep' });
export type NextStep = z.output<typeof nextStep>;

export const tokenResponse = z
  .object({
    access_token: z.string(),
    refresh_token: z.string().describe('empty while a second factor is due, and in cookie mode'),
    csrf_token: z.string().optional().describe('in cookie mode: send it as X-CSRF-Token with POST /api/auth/refresh'),
    token_type: z.literal('bearer'),
    expires_in: z.number().int().describe('seconds'),
    mfa_required: z.boolean(),
    enrollment_required: z
      .boolean()
      .optional()
      .describe('policy demands a second factor, or a passkey, and none is set up: mfa_token opens the enrolment routes only'),
    enrollment_types: z.array(z.string()).optional().describe('types of factor that satisfy the policy'),
    mfa_token: z.string().optional().describe('good for the second factor only'),
    next_step: nextStep.optional().describe("where the company's user pool asks for it, not we"),
    remember_device_days: z.number().int().optional().describe('while a second factor is due: for how long this device may be remembered'),
    device_token: z
      .string()
      .optional()
      .describe('show it with the next sign-ins on this device; keep it like a password. Empty in cookie mode: a cookie has it'),
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
    device: z.string().describe('what the user agent says, in words: Firefox on Linux'),
    device_name: z.string().nullable(),
    created_at: z.string(),
    last_seen_at: z.string(),
    expires_at: z.string(),
    is_current: z.boolean(),
    amr: z.array(z.string()),
  })
  .meta({ id: 'Session' });
export const trustedDevice = z
  .object({
    id: z.uuid(),
    device: z.string(),
    device_name: z.string().nullable(),
    ip_address: z.string().nullable(),
    created_at: z.string(),
    last_used_at: z.string().nullable(),
    expires_at: z.string(),
  })
  .meta({ id: 'TrustedDevice' });
export const trustedDeviceList = z.array(trustedDevice).meta({ id: 'TrustedDeviceList' });
export const sessionList = z.array(session).meta({ id: 'SessionList' });

export const jwks = z.object({ keys: z.array(z.record(z.string(), z.unknown())) }).meta({ id: 'Jwks' });
