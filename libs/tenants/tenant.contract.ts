import { isSupportedCountry } from 'libphonenumber-js/max';
import { z } from 'zod';
import { canonicalDomain } from './domain.js';

const mfa = z
  .enum(['optional', 'required', 'phishing_resistant'])
  .describe('required: a second factor; phishing_resistant: every sign-in ends with a passkey');
const emailVerification = z.enum(['optional', 'required']).describe('required: nobody signs in before the own e-mail is confirmed');
const totpWindow = z.union([z.literal(0), z.literal(1)]).describe('time steps of 30 s accepted either side of now');
const country = z
  .string()
  .regex(/^[A-Z]{2}$/, 'must be an ISO 3166 country such as ES')
  .refine((code) => isSupportedCountry(code), 'must be an ISO 3166 country that has telephones');
const authProvider = z
  .enum(['native', 'cognito', 'both'])
  .describe(
    "where people's passwords are: here, in the Cognito user pool of PUT /api/company/cognito (which sets this), or here first and then there",
  );
export type AuthProvider = z.output<typeof authProvider>;
const tellsUsernames = z
  .boolean()
  .describe(
    'POST /request-otp tells a username that nobody has with 404, as the system it stands in for did; false: all usernames are answered alike',
  );
const nameLine = (longest: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(longest)
    .regex(/^[^\p{Cc}\p{Zl}\p{Zp}\u200E\u200F\u202A-\u202E\u2066-\u2069]*$/u, 'must not hold control characters');
const domain = z
  .string()
  .max(300)
  .transform((text, context) => {
    const canonical = canonicalDomain(text);
    if (!canonical) context.addIssue({ code: 'custom', message: 'must be a domain such as acme.com' });
    return canonical ?? z.NEVER;
  })
  .meta({ type: 'string' });

/** What a company may decide about messages and sessions. Null: nothing decided, and then it says what holds. */
const messages = {
  default_region: country.nullable().describe('where phone numbers without + are; null: numbers must carry +'),
  allowed_countries: z
    .array(country)
    .min(1)
    .max(300)
    .refine((codes) => new Set(codes).size === codes.length, 'must name each country once')
    .nullable()
    .describe('countries whose numbers may be sent to; null: default_region alone, and none without one'),
  daily_send_budget: z
    .number()
    .min(0)
    .max(1_000_000_000)
    .multipleOf(0.0001)
    .nullable()
    .describe("most to be spent on messages in a day (UTC), in the operator's currency; null: the operator's SEND_BUDGET_DEFAULT"),
  allowed_factors: z
    .array(z.string().regex(/^[a-z_]{1,30}$/, 'must be a type of factor such as totp'))
    .min(1)
    .max(20)
    .refine((types) => new Set(types).size === types.length, 'must name each type once')
    .nullable()
    .describe('types of second factors that people may set up; null: all'),
  web_otp_domain: domain
    .nullable()
    .describe('codes by SMS end with the line "@domain #code", so that browsers fill them in at this domain only; null: no such line'),
  sms_app_hash: z
    .string()
    .regex(/^[A-Za-z0-9+/]{11}$/, 'must be the 11 characters of the Android SMS Retriever')
    .nullable()
    .describe("codes by SMS carry this hash, so that the company's Android app reads them by itself; null: none"),
  session_hours: z
    .int()
    .min(1)
    .max(8_760)
    .nullable()
    .describe("longest life of a session; null: the operator's SESSION_SECONDS, which is the most"),
  max_sessions: z.int().min(1).max(1_000).nullable().describe('sessions of one person at once: the oldest end; null: any number'),
  remember_device_days: z
    .int()
    .min(0)
    .max(90)
    .describe('how long a device that asked for it after a second factor is not asked again; 0: no device is remembered'),
  sender_name: nameLine(40).nullable().describe("what people know the company by in its messages; null: the company's name"),
};

/** What a company has decided. Anything unset has the default. */
export const companyPolicy = z
  .strictObject({
    mfa: z.strictObject({ admin: mfa.default('optional'), manager: mfa.default('optional'), user: mfa.default('optional') }).prefault({}),
    totp_window: totpWindow.default(1),
    email_verification: emailVerification.default('optional'),
    default_region: messages.default_region.default(null),
    allowed_countries: messages.allowed_countries.default(null),
    daily_send_budget: messages.daily_send_budget.default(null),
    allowed_factors: messages.allowed_factors.default(null),
    // Read as it was stored: to find out again that it is a domain costs a URL each time.
    web_otp_domain: z.string().nullable().default(null).describe(messages.web_otp_domain.description!),
    sms_app_hash: messages.sms_app_hash.default(null),
    session_hours: messages.session_hours.default(null),
    max_sessions: messages.max_sessions.default(null),
    remember_device_days: messages.remember_device_days.default(0),
    sender_name: messages.sender_name.default(null),
    tells_unknown_usernames: tellsUsernames.default(false),
    auth_provider: authProvider.default('native'),
  })
  .meta({ id: 'CompanyPolicy' });
export type CompanyPolicy = z.output<typeof companyPolicy>;

/** The policy in force: what is stored, over the defaults. Every field is read and checked: not for each sign-in. */
export const policyOf = (stored: unknown): CompanyPolicy => companyPolicy.parse(stored ?? {});

const mfaOf = (stored: unknown, role: string) => (stored as { mfa?: Record<string, unknown> } | null)?.mfa?.[role];

/** Whether this role needs a second factor. Asked at every request, so it reads the one field. */
export const demandsFactor = (stored: unknown, role: string): boolean =>
  mfaOf(stored, role) === 'required' || demandsPhishingResistant(stored, role);

/** … and one that answers to our own pages alone. */
export const demandsPhishingResistant = (stored: unknown, role: string): boolean => mfaOf(stored, role) === 'phishing_resistant';

export const demandsVerifiedEmail = (stored: unknown): boolean =>
  (stored as { email_verification?: unknown } | null)?.email_verification === 'required';

export const authProviderOf = (stored: unknown): AuthProvider =>
  (stored as { auth_provider?: AuthProvider } | null)?.auth_provider ?? 'native';

export const allowedFactorsOf = (stored: unknown): string[] | null =>
  (stored as { allowed_factors?: string[] | null } | null)?.allowed_factors ?? null;

export const rememberDaysOf = (stored: unknown): number => (stored as { remember_device_days?: number } | null)?.remember_device_days ?? 0;

export const sessionHoursOf = (stored: unknown): number | null =>
  (stored as { session_hours?: number | null } | null)?.session_hours ?? null;

export const company = z
  .object({ id: z.uuid(), name: z.string(), domain: z.string(), policy: companyPolicy, created_at: z.string() })
  .meta({ id: 'Company' });

export const updateCompany = z
  .strictObject({
    name: nameLine(200).optional(),
    policy: z
      .strictObject({
        mfa: z.strictObject({ admin: mfa.optional(), manager: mfa.optional(), user: mfa.optional() }).optional(),
        totp_window: totpWindow.optional(),
        email_verification: emailVerification.optional(),
        tells_unknown_usernames: tellsUsernames,
        ...messages,
      })
      .partial()
      .optional(),
  })
  .meta({ id: 'UpdateCompany' });
export type UpdateCompany = z.output<typeof updateCompany>;
