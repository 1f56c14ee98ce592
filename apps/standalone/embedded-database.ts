import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import type { RunningPostgres } from './embedded-postgres.js';

const DATABASE = 'watchword';

/** What a new installation is given once and must keep: without them the data cannot be read. */
interface Secrets {
  SEALING_KEY: string;
  HASHING_KEY: string;
  TENANT_KEY: string;
  ownerPassword: string;
  appPassword: string;
}

/** Database, owner and secrets of an embedded server, made on the first start. Returns the environment the product needs. */
export async function prepareDatabase({ ownerUrl, dataDir }: Pick<RunningPostgres, 'ownerUrl' | 'dataDir'>): Promise<Record<string, string>> {
  const { ownerPassword, appPassword, ...keys } = secretsOf(dataDir);
  const client = new pg.Client({ connectionString: ownerUrl });
  await client.connect();
  try {
    // The owner is an ordinary role: row level security binds it, too.
    const has = async (query: string) => (await client.query(query)).rowCount! > 0;
    if (!(await has(`select from pg_roles where rolname = 'watchword_owner'`))) await client.query('create role watchword_owner login createrole');
    await client.query(`alter role watchword_owner password ${client.escapeLiteral(ownerPassword)}`);
    if (!(await has(`select from pg_database where datname = '${DATABASE}'`))) await client.query(`create database ${DATABASE} owner watchword_owner`);
  } finally {
    await client.end();
  }
  const as = (user: string, password: string) => {
    const url = new URL(ownerUrl);
    Object.assign(url, { username: user, password, pathname: `/${DATABASE}` });
    return url.href;
  };
  return { ...keys, MIGRATION_DATABASE_URL: as('watchword_owner', ownerPassword), DATABASE_URL: as('watchword_app', appPassword) };
}

function secretsOf(dataDir: string): Secrets {
  const file = join(dataDir, 'secrets.json');
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as Secrets;
  const key = () => randomBytes(32).toString('base64');
  const password = () => randomBytes(24).toString('base64url');
  const secrets = { SEALING_KEY: key(), HASHING_KEY: key(), TENANT_KEY: key(), ownerPassword: password(), appPassword: password() };
  writeFileSync(file, JSON.stringify(secrets, null, 2), { mode: 0o600, flag: 'wx' });
  return secrets;
}
