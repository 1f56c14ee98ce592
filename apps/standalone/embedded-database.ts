import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { type RunningPostgres, StandaloneError } from './embedded-postgres.js';

const DATABASE = 'watchword';

/** What a new installation is given once and must keep: without them the data cannot be read. */
interface Secrets {
  SEALING_KEY: string;
  HASHING_KEY: string;
  TENANT_KEY: string;
  ownerPassword: string;
  appPassword: string;
}

/**
 * Database, owner and secrets of an embedded server, made on the first start. Returns the environment the product needs.
 * @throws StandaloneError when there is a database whose secrets are gone
 */
export async function prepareDatabase({
  ownerUrl,
  dataDir,
}: Pick<RunningPostgres, 'ownerUrl' | 'dataDir'>): Promise<Record<string, string>> {
  const client = new pg.Client({ connectionString: ownerUrl });
  await client.connect();
  let secrets: Secrets;
  try {
    const has = async (query: string) => (await client.query(query)).rowCount! > 0;
    const exists = await has(`select from pg_database where datname = '${DATABASE}'`);
    secrets = secretsOf(dataDir, { mayMake: !exists });
    // The owner is an ordinary role: row level security binds it, too.
    if (!(await has(`select from pg_roles where rolname = 'watchword_owner'`)))
      await client.query('create role watchword_owner login createrole');
    await client.query(`alter role watchword_owner password ${client.escapeLiteral(secrets.ownerPassword)}`);
    if (!exists) await client.query(`create database ${DATABASE} owner watchword_owner`);
  } finally {
    await client.end();
  }
  return settingsFor(secrets, new URL(ownerUrl).port);
}

/** The settings of an embedded server that another process has started; undefined where none runs. */
export function runningDatabase(dataDir: string): Record<string, string> | undefined {
  try {
    // Written by PostgreSQL: process id, data directory, start, port.
    const [pid, , , port] = readFileSync(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8').split('\n');
    process.kill(Number(pid), 0);
    return settingsFor(JSON.parse(readFileSync(join(dataDir, 'secrets.json'), 'utf8')) as Secrets, port!);
  } catch {
    return undefined;
  }
}

function settingsFor({ ownerPassword, appPassword, ...keys }: Secrets, port: string): Record<string, string> {
  const as = (user: string, password: string) => `postgres://${user}:${password}@127.0.0.1:${port}/${DATABASE}`;
  return { ...keys, MIGRATION_DATABASE_URL: as('watchword_owner', ownerPassword), DATABASE_URL: as('watchword_app', appPassword) };
}

function secretsOf(dataDir: string, { mayMake }: { mayMake: boolean }): Secrets {
  const file = join(dataDir, 'secrets.json');
  const gone = (what: string) =>
    new StandaloneError(
      `${file} ${what}, and without it the database cannot be read: put it back, or run \`npm start -- --fresh\` to begin anew.`,
    );
  if (existsSync(file)) {
    try {
      return JSON.parse(readFileSync(file, 'utf8')) as Secrets;
    } catch {
      throw gone('is damaged');
    }
  }
  if (!mayMake) throw gone('is missing');
  const key = () => randomBytes(32).toString('base64');
  const password = () => randomBytes(24).toString('base64url');
  const secrets = { SEALING_KEY: key(), HASHING_KEY: key(), TENANT_KEY: key(), ownerPassword: password(), appPassword: password() };
  writeFileSync(`${file}.new`, JSON.stringify(secrets, null, 2), { mode: 0o600, flush: true });
  renameSync(`${file}.new`, file); // whole, or not at all
  return secrets;
}
