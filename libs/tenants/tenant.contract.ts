import { z } from 'zod';

const mfa = z.enum(['optional', 'required']);

/** What a company may decide. Anything unset has the default. */
export const companyPolicy = z
  .strictObject({
    mfa: z.strictObject({ admin: mfa.default('optional'), manager: mfa.default('optional'), user: mfa.default('optional') }).prefault({}),
    totp_window: z
      .union([z.literal(0), z.literal(1)])
      .default(1)
      .describe('time steps of 30 s accepted either side of now'),
  })
  .meta({ id: 'CompanyPolicy' });
export type CompanyPolicy = z.output<typeof companyPolicy>;

/** The policy in force: what is stored, over the defaults. */
export const policyOf = (stored: unknown): CompanyPolicy => companyPolicy.parse(stored ?? {});

/** Whether this role needs a second factor. Asked at every request, so it reads the one field. */
export const demandsFactor = (stored: unknown, role: string): boolean =>
  (stored as { mfa?: Record<string, unknown> } | null)?.mfa?.[role] === 'required';

export const company = z
  .object({ id: z.uuid(), name: z.string(), domain: z.string(), policy: companyPolicy, created_at: z.string() })
  .meta({ id: 'Company' });

export const updateCompany = z
  .strictObject({
    name: z.string().trim().min(1).max(200).optional(),
    policy: z
      .strictObject({
        mfa: z.strictObject({ admin: mfa.optional(), manager: mfa.optional(), user: mfa.optional() }).optional(),
        totp_window: z.union([z.literal(0), z.literal(1)]).optional(),
      })
      .optional(),
  })
  .meta({ id: 'UpdateCompany' });
export type UpdateCompany = z.output<typeof updateCompany>;

const LABEL = /^(?!-)[a-z0-9-]{1,63}(?<!-)$/;

/** A domain in its one stored form: lower case, ASCII (punycode), no trailing dot. Undefined when it is none. */
export function canonicalDomain(text: string): string | undefined {
  const trimmed = text.trim().replace(/\.$/, '');
  if (!trimmed || trimmed.length > 253 || /[\s/@:?#\\[\]%]/.test(trimmed)) return undefined;
  try {
    const { hostname } = new URL(`http://${trimmed}`);
    const labels = hostname.split('.');
    return labels.length >= 2 && labels.every((label) => LABEL.test(label)) && !/^[\d.]+$/.test(hostname) ? hostname : undefined;
  } catch {
    return undefined;
  }
}
