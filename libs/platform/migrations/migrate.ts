import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Migrator } from '@mikro-orm/migrations';
import { MikroORM } from '@mikro-orm/postgresql';
import pg from 'pg';
import { config, ConfigError } from '../config.js';
import { Migration20261120000000_foundation } from './Migration20261120000000_foundation.js';
import { Migration20261121000000_attempts } from './Migration20261121000000_attempts.js';
import { Migration20261121000100_hot_paths } from './Migration20261121000100_hot_paths.js';
import { Migration20261121110000_api_keys } from './Migration20261121110000_api_keys.js';
import { Migration20261121120000_delivery } from './Migration20261121120000_delivery.js';
import { Migration20261121130000_templates } from './Migration20261121130000_templates.js';
import { Migration20261121140000_delivered_factors } from './Migration20261121140000_delivered_factors.js';
import { Migration20261121150000_erasure } from './Migration20261121150000_erasure.js';
import { Migration20261121153000_webhooks } from './Migration20261121153000_webhooks.js';
import { Migration20261121154000_api_key_rotation } from './Migration20261121154000_api_key_rotation.js';
import { Migration20261121200000_outside_identity } from './Migration20261121200000_outside_identity.js';
import { Migration20261122100000_accounts } from './Migration20261122100000_accounts.js';
import { Migration20261122180000_slots } from './Migration20261122180000_slots.js';
import { Migration20261122190000_passkeys } from './Migration20261122190000_passkeys.js';
import { Migration20261122190000_reads } from './Migration20261122190000_reads.js';
import { Migration20261122200000_audit_except } from './Migration20261122200000_audit_except.js';

/** Every migration, in order. Never edited once released. */
export const MIGRATIONS = [
  Migration20261120000000_foundation,
  Migration20261121000000_attempts,
  Migration20261121000100_hot_paths,
  Migration20261121110000_api_keys,
  Migration20261121120000_delivery,
  Migration20261121130000_templates,
  Migration20261121140000_delivered_factors,
  Migration20261121150000_erasure,
  Migration20261121153000_webhooks,
  Migration20261121154000_api_key_rotation,
  Migration20261121200000_outside_identity,
  Migration20261122100000_accounts,
  Migration20261122180000_slots,
  Migration20261122190000_passkeys,
  Migration20261122190000_reads,
  Migration20261122200000_audit_except,
];

/** The newest migration's name: what `/health/ready` and the start of a process compare with. */
export const NEWEST = MIGRATIONS.at(-1)!.name;

const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;

/**
 * Brings the database up to date as its owner: migrations, the apps' role and what it may do, the key that tenants are signed with.
 * @throws ConfigError when the owner is a superuser, or the apps' role is missing and cannot be made.
 */
export async function migrate(log: (sentence: string) => void = () => {}): Promise<void> {
  const ownerUrl = config.MIGRATION_DATABASE_URL;
  if (!ownerUrl)
    throw new ConfigError('Set MIGRATION_DATABASE_URL to the database as its owner; DATABASE_URL is the role that owns nothing.');
  const app = new URL(config.DATABASE_URL);
  const client = new pg.Client({ connectionString: ownerUrl, connectionTimeoutMillis: 5_000 });
  await client.connect().catch((error: NodeJS.ErrnoException) => {
    throw new ConfigError(`MIGRATION_DATABASE_URL does not lead to a database that can be migrated: ${error.message || error.code}.`);
  });
  try {
    await client.query('select pg_advisory_lock(720020001)');
    await refuseSuperuser(client, decodeURIComponent(app.username));
    await runMigrations(ownerUrl, log);
    await ensureRole(client, decodeURIComponent(app.username), decodeURIComponent(app.password), log);
    const grants = readFileSync(new URL('grants.sql', import.meta.url), 'utf8');
    await client.query(grants.replaceAll('{{app}}', quoted(decodeURIComponent(app.username))));
    await client.query(
      `insert into private.tenant_key (id, inner_pad, outer_pad) values ($1, $2, $3) on conflict (id) do update set created_at = now()`,
      tenantKeyRow(config.TENANT_KEY),
    );
  } catch (error) {
    throw isOfOthers(error)
      ? new ConfigError(
          `The tables of this database are not those that this version can bring up to date: ${(error as Error).message.split('\n')[0]}.\n` +
            '  Use an empty database. That of `npm start` is emptied by `npm start -- --fresh`.',
        )
      : error;
  } finally {
    await client.end();
  }
}

/** SQLSTATE class 42: what a statement names is not there, or there already; all but 42501, which is of rights. */
const isOfOthers = (error: unknown) => /^42(?!501)/.test((error as { code?: string }).code ?? '');

async function refuseSuperuser(client: pg.Client, app: string) {
  const { rows } = await client.query('select rolname, rolsuper or rolbypassrls as passes_by from pg_roles where rolname = current_user');
  if (rows[0].passes_by)
    throw new ConfigError(
      `MIGRATION_DATABASE_URL signs in as ${rows[0].rolname}, whom row level security does not bind. Make the database belong to an ordinary role:\n` +
        `  create role watchword_owner login createrole password '…'; create database watchword owner watchword_owner;`,
    );
  if (rows[0].rolname === app)
    throw new ConfigError('DATABASE_URL and MIGRATION_DATABASE_URL must sign in as two different roles: the app owns nothing.');
}

async function runMigrations(ownerUrl: string, log: (sentence: string) => void) {
  const orm = await MikroORM.init({
    clientUrl: ownerUrl,
    entities: [],
    discovery: { warnWhenNoEntities: false },
    extensions: [Migrator],
    migrations: {
      migrationsList: MIGRATIONS.map((migration) => ({ name: migration.name, class: migration })),
      tableName: 'migration',
      snapshot: false,
      silent: true,
    },
  });
  try {
    for (const { name } of await orm.migrator.up()) log(`Migrated the database: ${name}.`);
  } finally {
    await orm.close();
  }
}

async function ensureRole(client: pg.Client, role: string, password: string, log: (sentence: string) => void) {
  const { rowCount } = await client.query('select from pg_roles where rolname = $1', [role]);
  if (rowCount) return;
  try {
    await client.query(
      `create role ${quoted(role)} login nosuperuser nobypassrls nocreatedb nocreaterole password ${client.escapeLiteral(password)}`,
    );
    log(`Made the role ${role}, which owns nothing.`);
  } catch {
    throw new ConfigError(
      `The role ${role} of DATABASE_URL does not exist. As an administrator: create role ${quoted(role)} login password '…';`,
    );
  }
}

/** HMAC-SHA256 (RFC 2104) with the padding done beforehand, so that the database needs only sha256(). */
function tenantKeyRow(key: Buffer): Buffer[] {
  const block = Buffer.alloc(64);
  (key.length > 64 ? createHash('sha256').update(key).digest() : key).copy(block);
  const pad = (byte: number) => Buffer.from(block.map((value) => value ^ byte));
  return [createHash('sha256').update('watchword.tenant-key').update(key).digest().subarray(0, 8), pad(0x36), pad(0x5c)];
}
