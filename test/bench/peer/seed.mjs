// Tables by better-auth's own migrations, people by SQL. A third of them for each hash; every third one also has TOTP.
import { getMigrations } from 'better-auth/db/migration';
import { symmetricEncrypt } from 'better-auth/crypto';
import pg from 'pg';
import { HASHES, createAuth, options } from './auth.mjs';

const { databaseUrl, users, password, secret } = JSON.parse(process.env.PEER_SETTINGS ?? '{}');
const settings = { databaseUrl, baseURL: 'http://127.0.0.1', hashing: 'scrypt' };
await (await getMigrations(options(settings))).runMigrations();

const context = await createAuth(settings).$context;
const key = /** @type {any} */ (context).secretConfig ?? context.secret;
const sealed = await symmetricEncrypt({ key, data: secret });
const backupCodes = await symmetricEncrypt({ key, data: '[]' });
const hashes = await Promise.all(['scrypt', 'argon2', 'nohash'].map((name) => HASHES[name]?.hash(password)));

const client = new pg.Client({ connectionString: databaseUrl });
await client.connect();
await client.query(
  `insert into "user" (id, name, email, "emailVerified", "createdAt", "updatedAt", "twoFactorEnabled")
   select 'u' || i, 'User ' || i, 'u' || i || '@peer.test', true, now(), now(), i % 6 = 5 from generate_series(0, $1::int - 1) i`,
  [users],
);
await client.query(
  `insert into account (id, "accountId", "providerId", "userId", password, "createdAt", "updatedAt")
   select 'a' || i, 'u' || i, 'credential', 'u' || i, ($2::text[])[1 + i % 3], now(), now() from generate_series(0, $1::int - 1) i`,
  [users, hashes],
);
await client.query(
  `insert into "twoFactor" (id, secret, "backupCodes", "userId", verified)
   select 't' || i, $2, $3, 'u' || i, true from generate_series(0, $1::int - 1) i where i % 6 = 5`,
  [users, sealed, backupCodes],
);
await client.query('vacuum analyze');
await client.end();
process.exit(0);
