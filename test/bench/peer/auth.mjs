import { createHash, timingSafeEqual } from 'node:crypto';
import { hash, verify } from '@node-rs/argon2';
import { betterAuth } from 'better-auth';
import { hashPassword, verifyPassword } from 'better-auth/crypto';
import { twoFactor } from 'better-auth/plugins';
import pg from 'pg';

/** Argon2id, the library's default, with our parameters. */
const ARGON2 = { memoryCost: 19456, timeCost: 2, parallelism: 1 };
const sha256 = (/** @type {string} */ text) => createHash('sha256').update(text).digest('hex');

/**
 * How better-auth hashes passwords: as shipped (scrypt), with our own hash, or with none to speak of, which shows everything but the hash.
 *
 * @type {Record<string, { hash(password: string): Promise<string>, verify(data: { hash: string, password: string }): Promise<boolean> }>}
 */
export const HASHES = {
  scrypt: { hash: hashPassword, verify: verifyPassword },
  argon2: { hash: (password) => hash(password, ARGON2), verify: (data) => verify(data.hash, data.password) },
  nohash: {
    hash: async (password) => sha256(password),
    verify: async (data) => timingSafeEqual(Buffer.from(data.hash), Buffer.from(sha256(data.password))),
  },
};

/** Far above any load, so that the limiter does its work on each request and never refuses one. */
const UNREACHED = { window: 10, max: 1_000_000_000 };

/** The last code sent to each person. @type {Map<string, string>} */
export const sentCodes = new Map();

/**
 * `tuned`: what its documentation offers to make it quicker. Joins, and no clean-up of what has expired on each read.
 * @param {{ databaseUrl: string, baseURL: string, hashing: string, slidingSession?: boolean, tuned?: boolean }} settings
 */
export function options({ databaseUrl, baseURL, hashing, slidingSession = false, tuned = false }) {
  return /** @type {import('better-auth').BetterAuthOptions} */ ({
    appName: 'Peer',
    baseURL,
    secret: 'bench-only-secret-of-the-peer-bench-only-secret',
    database: new pg.Pool({ connectionString: databaseUrl, max: 10 }),
    emailAndPassword: { enabled: true, ...(hashing === 'scrypt' ? {} : { password: HASHES[hashing] }) },
    plugins: [twoFactor({ otpOptions: { sendOTP: async ({ user, otp }) => void sentCodes.set(user.email, otp) } })],
    rateLimit: { enabled: true, ...UNREACHED, customRules: { '/sign-in/email': UNREACHED, '/two-factor/*': UNREACHED } },
    ...(tuned ? { experimental: { joins: true }, verification: { disableCleanup: true } } : {}),
    ...(slidingSession ? { session: { updateAge: 0 } } : {}),
    telemetry: { enabled: false },
    logger: { level: 'error' },
  });
}

export const createAuth = (/** @type {Parameters<typeof options>[0]} */ settings) => betterAuth(options(settings));
