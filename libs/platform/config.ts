import { availableParallelism } from 'node:os';
import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import './issue-words.js';
import { relyingPartyIssues, relyingPartyOf } from './relying-party.js';

const flag = z.stringbool();
const list = z.string().transform((text) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean),
);
/** A JSON object of the given form, in one variable. */
const json = <T extends z.ZodType>(form: T) =>
  z
    .string()
    .default('{}')
    .transform((text, context) => {
      try {
        return JSON.parse(text) as unknown;
      } catch {
        context.addIssue({ code: 'custom', message: 'is not JSON' });
        return z.NEVER;
      }
    })
    .pipe(form);
/** `most/seconds`, such as 10/3600. */
const quota = (most: number, per: number) =>
  z
    .string()
    .regex(/^[1-9]\d{0,8}\/[1-9]\d{0,5}$/, 'must be most/seconds, such as 10/3600')
    .default(`${most}/${per}`)
    .transform((text) => ({ most: Number(text.split('/')[0]), seconds: Number(text.split('/')[1]) }));
const seconds = z.coerce.number().int().positive();
const secret = z
  .base64({ abort: true, error: 'is not base64: openssl rand -base64 32' })
  .transform((text) => Buffer.from(text, 'base64'))
  .refine((key) => key.length >= 32, 'must be at least 32 random bytes in base64: openssl rand -base64 32');
const cidr = z.string().refine((text) => ipaddr.isValidCIDR(text) || ipaddr.isValid(text), 'must be addresses or CIDR ranges');

/** Secrets that stand in documents and examples. A production process that is given one of them refuses to start. */
const PUBLISHED = /^(.)\1*$|secret|change|example|password|default/i;

const schema = z
  .object({
    NODE_ENV: z
      .enum(['development', 'test', 'production'])
      .default('production')
      .describe('`production` closes Swagger and refuses weak settings'),
    HOST: z.string().default('127.0.0.1').describe('address to listen on'),
    PORT: z.coerce.number().int().min(0).max(65535).default(8000).describe('port to listen on'),
    PUBLIC_URL: z.url().default('http://localhost:8000').describe('where clients reach the API; issuer of tokens, base of links'),
    DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }).describe('PostgreSQL, as the role that owns nothing'),
    MIGRATION_DATABASE_URL: z
      .url({ protocol: /^postgres(ql)?$/ })
      .optional()
      .describe('PostgreSQL, as the owner; for `migrate` only'),
    DATABASE_POOL: z.coerce
      .number()
      .int()
      .min(2)
      .max(200)
      .default(10)
      .describe('connections for the hot statements, and half as many for the rest'),
    SEALING_KEY: secret.describe('base64, 32 bytes: seals what must be read back (TOTP secrets, signing keys)'),
    SEALING_KEYS_OLD: list.default([]).describe('earlier sealing keys, comma separated: still read, never used to seal'),
    HASHING_KEY: secret.describe('base64, 32 bytes: HMAC of codes, cursors and refresh tokens'),
    TENANT_KEY: secret.describe('base64, 32 bytes: signs the tenant of each database transaction; `migrate` writes it to the database'),
    ACCOUNT_SMTP: json(z.record(z.string(), z.unknown())).describe(
      'JSON, the settings of `smtp`: mail about accounts of companies that have no e-mail provider of their own',
    ),
    LINK_URL: z
      .url()
      .optional()
      .describe('where links by e-mail lead: the path names what for, the token stands behind #; default PUBLIC_URL'),
    WEBAUTHN_RP_ID: z.string().min(1).max(253).optional().describe('domain that passkeys belong to; default: the host of PUBLIC_URL'),
    WEBAUTHN_ORIGINS: list
      .default([])
      .describe('origins of the pages that passkeys are used on, comma separated; default: the origin of PUBLIC_URL'),
    TRUSTED_PROXIES: list.pipe(z.array(cidr)).default([]).describe('addresses or CIDR ranges whose X-Forwarded-For is believed'),
    CORS_ORIGINS: list.pipe(z.array(z.url())).default([]).describe('origins of browser applications, comma separated'),
    SWAGGER: flag.optional().describe('serve /docs and /openapi.json; default: not in production'),
    CONSOLE: flag.default(true).describe('serve the web console, where it was built'),
    METRICS: flag.optional().describe('serve /metrics; default: not in production'),
    METRICS_TOKEN: z
      .string()
      .min(16)
      .max(256)
      .regex(/^[\w.~+/=-]*$/, 'must be letters, digits and -._~+/=')
      .optional()
      .describe('what whoever reads /metrics must show as `Authorization: Bearer`'),
    WORKER_PORT: z.coerce
      .number()
      .int()
      .min(0)
      .max(65535)
      .optional()
      .describe('port on which a worker serves /health/live, /health/ready and /metrics, on `HOST`; without it, none'),
    OTEL_EXPORTER_OTLP_ENDPOINT: z
      .url({ protocol: /^https?$/ })
      .optional()
      .describe('collector that traces are sent to (OTLP over HTTP, /v1/traces); without it, none are made'),
    OTEL_SERVICE_NAME: z.string().min(1).max(100).default('watchword').describe('what traces call this process'),
    LOG_LEVEL: z
      .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
      .default('info')
      .describe('least level that is logged'),
    RATE_LIMIT_SCALE: z.coerce
      .number()
      .positive()
      .default(1)
      .describe('multiplies every limit per address and per caller; never the guess caps'),
    RATE_LIMIT_IP: z.coerce.number().int().positive().default(1200).describe('requests a minute from one address (IPv6: one /64)'),
    RATE_LIMIT_SIGN_IN: z.coerce
      .number()
      .int()
      .positive()
      .default(30)
      .describe('sign-in, second-factor and registration requests a minute from one address'),
    RATE_LIMIT_ACCOUNT: z.coerce
      .number()
      .int()
      .positive()
      .default(10)
      .describe('sign-in requests a minute for one account from one address, and 30 times that for a signed-in caller'),
    RATE_LIMIT_APPLICATION: z.coerce
      .number()
      .int()
      .positive()
      .default(6000)
      .describe('requests a minute with one API key, and from one address with any API key'),
    ACCESS_TOKEN_SECONDS: seconds.max(3600).default(1800).describe('life of an access token'),
    SESSION_SECONDS: seconds.default(7 * 86_400).describe('life of a session, however often it is refreshed'),
    REFRESH_GRACE_SECONDS: z.coerce
      .number()
      .int()
      .min(0)
      .max(60)
      .default(10)
      .describe('how long a rotated refresh token still answers with its one successor'),
    FRESH_SECONDS: seconds.default(900).describe('how long after signing in a second factor may be set up or replaced'),
    PENDING_SECONDS: seconds.max(600).default(300).describe('time to answer the second factor'),
    PASSWORD_MEMORY_KIB: z.coerce.number().int().min(8).default(19456).describe('Argon2id memory, KiB'),
    PASSWORD_TIME_COST: z.coerce.number().int().min(1).default(2).describe('Argon2id passes'),
    PASSWORD_MAX_WAIT_MS: z.coerce.number().int().positive().default(3000).describe('longest wait for a hashing slot before 503'),
    SEND_BUDGET_DEFAULT: z.coerce
      .number()
      .min(0)
      .max(1_000_000_000)
      .default(50)
      .describe('most that a company may spend on messages in a day (UTC), in the currency of your prices, unless it says otherwise'),
    HASHING_SLOTS: z.coerce.number().int().positive().default(availableParallelism()).describe('passwords hashed at once'),
    REDIS_URL: z
      .url({ protocol: /^rediss?$/ })
      .optional()
      .describe('spreads deliveries over all workers; without it, or while it is down, each worker delivers what it claims'),
    SANDBOX: flag
      .default(false)
      .describe('delivers to an inbox (`GET /dev/inbox`) where a company has no provider; for laptops and tests, never in production'),
    PROVIDER_ENDPOINTS: json(z.record(z.string(), z.url())).describe(
      'JSON: other addresses of vendors, by provider: private links, simulators',
    ),
    PRIVATE_DESTINATIONS: flag
      .default(false)
      .describe("lets companies' settings (SMTP hosts, webhooks) lead to addresses that are not public"),
    ATTEMPT_SECONDS: seconds.max(60).default(8).describe('patience with one call of a vendor'),
    RECEIPT_WINDOW_SECONDS: seconds
      .max(300)
      .default(5)
      .describe('how long a call of which nobody knows the end waits for its receipt before the message is sent again'),
    WEBHOOK_SECONDS: seconds.max(30).default(15).describe("patience with one call of a company's webhook"),
    DELIVERY_CONCURRENCY: z.coerce
      .number()
      .int()
      .positive()
      .default(64)
      .describe('messages under way at once in one worker, for each channel'),
    PRICES: json(z.record(z.string(), z.record(z.string(), z.number().nonnegative()))).describe(
      'JSON: price of a message by provider and country (`*` for the rest), in one currency: {"aws-sns":{"ES":0.07,"*":0.1}}',
    ),
    SEND_LIMIT_NUMBER: quota(10, 3600).describe('messages to one recipient, as most/seconds'),
    SEND_LIMIT_ACCOUNT: quota(20, 3600).describe('messages that one person asks for'),
    SEND_LIMIT_IP: quota(100, 3600).describe('messages that one address asks for (`ip_address` of the request, or a person signing in)'),
    SEND_LIMIT_PREFIX: quota(1000, 3600).describe('messages to one range of numbers (country code and three digits), for each company'),
    CONVERSION_LEAST: z.coerce
      .number()
      .int()
      .positive()
      .default(40)
      .describe('messages to a range of numbers before the rule of conversion judges it'),
    CONVERSION_RATE: z.coerce
      .number()
      .min(0)
      .max(1)
      .default(0.1)
      .describe('codes that must come back from a range of numbers, as a share; fewer stop it (0 turns it off)'),
    CONVERSION_HOURS: z.coerce.number().int().min(1).max(48).default(6).describe('window of the rule of conversion, hours'),
    RESEND_SECONDS: seconds.max(300).default(30).describe('time between two sends of one code'),
  })
  .superRefine((env, context) => {
    const issue = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
    const secrets = ['SEALING_KEY', 'HASHING_KEY', 'TENANT_KEY'] as const;
    for (const name of secrets) {
      const twin = secrets.find((other) => other < name && env[other].equals(env[name]));
      if (twin) issue(name, `is the same as ${twin}: every secret must be its own`);
      const text = env[name].toString('latin1');
      if (PUBLISHED.test(text) || new Set(env[name]).size < 12) issue(name, 'is not random: openssl rand -base64 32');
    }
    if (env.SEALING_KEY.length !== 32) issue('SEALING_KEY', 'must be exactly 32 bytes');
    for (const old of env.SEALING_KEYS_OLD)
      if (Buffer.from(old, 'base64').length !== 32) issue('SEALING_KEYS_OLD', 'each must be 32 bytes in base64');
    for (const [path, message] of relyingPartyIssues(env)) issue(path, message);
    if (env.NODE_ENV !== 'production') return;
    if (env.SANDBOX) issue('SANDBOX', 'delivers to nobody: it is for laptops and tests');
    if (env.RATE_LIMIT_SCALE > 1) issue('RATE_LIMIT_SCALE', 'above 1 is for load tests, not for production');
    if (env.PASSWORD_MEMORY_KIB * env.PASSWORD_TIME_COST < 36_864 || env.PASSWORD_MEMORY_KIB < 7168)
      issue('PASSWORD_MEMORY_KIB', 'is below the OWASP minimum (19456 KiB with 2 passes)');
    if (env.PUBLIC_URL.startsWith('http:') && !/^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:|\/|$)/.test(env.PUBLIC_URL))
      issue('PUBLIC_URL', 'must be https outside this machine');
  })
  .transform((env) => ({
    ...env,
    webauthn: relyingPartyOf(env),
    swagger: env.SWAGGER ?? env.NODE_ENV !== 'production',
    metrics: env.METRICS ?? env.NODE_ENV !== 'production',
  }));

export type Config = z.output<typeof schema>;
export const configSchema = schema;

export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** @throws ConfigError naming every setting that is wrong, never its value. */
export function readConfig(env: Record<string, string | undefined>): Config {
  const set = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
  const result = schema.safeParse(set);
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path, code, message }) => {
    const name = path.join('.');
    return `  ${name} ${set[String(path[0])] === undefined && code !== 'custom' ? 'is not set' : message}`;
  });
  throw new ConfigError(`These settings are wrong (README, "Configuration"):\n${problems.join('\n')}`);
}

let current: Config | undefined;

/** Reads the settings now, before a process loads the rest of itself: a wrong one is told at once. @throws ConfigError */
export const readSettings = (): void => void (current ??= readConfig(process.env));

/** The whole environment, read once, at the first use. Nothing else reads process.env. */
export const config = new Proxy({} as Config, {
  get: (_, name) => (current ??= readConfig(process.env))[name as keyof Config],
});
