import { z } from 'zod';
import { domain } from '../auth.contract.js';

const LOOPBACK = /^(localhost|127\.0\.0\.1|\[::1\])$/;

/** https; http on this very machine; or an app's own scheme, which has a dot in it (RFC 8252 §7.1). */
function mayReturn(text: string): boolean {
  if (!URL.canParse(text) || /[\s\\]/.test(text) || text.includes('#')) return false;
  const { protocol, hostname, username, password } = new URL(text);
  if (username || password) return false;
  if (protocol === 'http:') return LOOPBACK.test(hostname);
  return protocol === 'https:' || /^[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+:$/.test(protocol);
}

const issuer = z
  .url({ protocol: /^https?$/ })
  .max(500)
  .refine((text) => {
    if (!URL.canParse(text)) return false;
    const { username, password, search, hash } = new URL(text);
    return !username && !password && !search && !hash && !/[?#]$/.test(text);
  }, 'must be an issuer: an address without user, query and fragment')
  .describe('exactly as the provider writes it in its metadata and tokens');
const list = (item: z.ZodType<string>, most: number) =>
  z
    .array(item)
    .max(most)
    .refine((items) => new Set(items).size === items.length, 'must name each once');
const word = z.string().min(1).max(200);
const returnUrl = z
  .string()
  .max(1000)
  .refine(mayReturn, "must be an https address, or an app's own scheme such as com.acme.app:/signed-in");

const nameLine = z
  .string()
  .trim()
  .min(1)
  .max(60)
  .regex(/^[^\p{C}\p{Zl}\p{Zp}]*$/u, 'must not hold control characters');

const settings = {
  scopes: list(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,100}$/, 'must be a scope'), 20)
    .refine((scopes) => scopes.includes('openid'), 'must hold openid')
    .default(['openid', 'email', 'profile']),
  allowed_email_domains: list(domain as unknown as z.ZodType<string>, 100)
    .default([])
    .describe('where there are any, only people whose verified e-mail is in one of them come in'),
  just_in_time: z.boolean().default(false).describe('whoever is admitted and has no account yet gets one; needs allowed_email_domains'),
  role: z.enum(['user', 'manager']).default('user').describe('of people who get an account this way'),
  link_verified_emails: z
    .boolean()
    .default(false)
    .describe("an account with the same e-mail becomes this identity's, if nobody ever used it before that e-mail was verified"),
  second_factor_acr: list(word, 20)
    .default([])
    .describe("values of the provider's `acr` that count as a second factor; none: our own is asked for"),
  second_factor_amr: list(word, 20).default([]).describe("values of the provider's `amr`, any of which counts as a second factor"),
  return_urls: list(returnUrl, 20).default([]).describe('where people may be sent back to, letter by letter'),
  display_name: nameLine.optional().describe('what a login page calls it; none: its name'),
  is_enabled: z.boolean().default(true),
};
const providerSettings = z.strictObject(settings);
export type ProviderSettings = z.output<typeof providerSettings>;

export const putProvider = z
  .strictObject({
    issuer,
    client_id: z
      .string()
      .min(1)
      .max(255)
      .regex(/^[\x20-\x7e]+$/, 'must be printable ASCII'),
    client_secret: z
      .string()
      .min(1)
      .max(1000)
      .nullable()
      .optional()
      .describe('never read back; left out, it stays as it is while issuer and client_id do; null: a public client'),
    ...settings,
  })
  .refine(({ just_in_time, allowed_email_domains }) => !just_in_time || allowed_email_domains.length > 0, {
    path: ['allowed_email_domains'],
    message: 'must name the domains whose people get an account just in time',
  })
  .meta({ id: 'PutIdentityProvider' });
export type PutProvider = z.output<typeof putProvider>;

export const providerView = z
  .object({
    name: z.string(),
    issuer: z.string(),
    client_id: z.string(),
    has_secret: z.boolean(),
    scopes: z.array(z.string()),
    allowed_email_domains: z.array(z.string()),
    just_in_time: z.boolean(),
    role: z.enum(['user', 'manager']),
    link_verified_emails: z.boolean(),
    second_factor_acr: z.array(z.string()),
    second_factor_amr: z.array(z.string()),
    return_urls: z.array(z.string()),
    display_name: z.string().optional(),
    is_enabled: z.boolean(),
    redirect_uri: z.string().describe('register it with the provider'),
    created_at: z.string(),
    updated_at: z.string(),
  })
  .meta({ id: 'IdentityProvider' });
export type ProviderView = z.output<typeof providerView>;
export const providerList = z.object({ data: z.array(providerView), next_cursor: z.null() }).meta({ id: 'IdentityProviderList' });

export const providerName = z.string().regex(/^[a-z0-9-]{1,40}$/, 'must be lower case letters, digits and -');
