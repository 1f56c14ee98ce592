import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import pg from 'pg';
import { ROOT } from './processes.mjs';
import { startStandIn } from './postgres-stand-in.mjs';

/**
 * The bench's own PostgreSQL: durable, with `pg_stat_statements`, a database for each of the systems.
 *
 * @param {string} directory @param {(text: string) => void} progress
 */
export async function startPostgres(directory, progress) {
  const dataDir = join(directory, 'postgres');
  mkdirSync(directory, { recursive: true });
  const start = await launcher(progress);
  const options = { dataDir, durable: true, maxConnections: 200 };
  let server = await start(options);
  await asOwner(server.ownerUrl, async (client) => {
    await client.query(`alter system set shared_preload_libraries = 'pg_stat_statements'`);
    await client.query(`alter system set "pg_stat_statements.track" = 'top'`);
    await client.query(`alter system set max_wal_size = '4GB'`);
    await client.query(`alter system set shared_buffers = '1GB'`);
  });
  await server.stop();
  server = await start(options);
  const administer = (/** @type {(client: pg.Client) => Promise<any>} */ work) => asOwner(server.ownerUrl, work);
  const shown = await administer(async (client) => {
    await client.query('create extension if not exists pg_stat_statements');
    const { rows } = await client.query(`select name || '=' || setting as line from pg_settings
      where name in ('server_version', 'fsync', 'synchronous_commit', 'full_page_writes', 'shared_buffers', 'shared_preload_libraries')`);
    return rows.map(({ line }) => line).join(' ');
  });
  progress(`PostgreSQL: ${shown}`);
  return {
    pid: server.pid,
    ownerUrl: server.ownerUrl,
    stop: () => server.stop(),
    administer,
    /** @param {string} name */
    async createDatabase(name) {
      await administer((client) => client.query(`create database ${name}`));
      return withDatabase(server.ownerUrl, name);
    },
    /** Statements sent by clients to a database since the server started; what a function runs inside is not counted. @param {string} url */
    statements: (url) =>
      administer(async (client) => {
        const name = new URL(url).pathname.slice(1);
        const { rows } = await client.query(
          `select coalesce(sum(s.calls), 0)::float8 as calls from pg_stat_statements s join pg_database d on d.oid = s.dbid where d.datname = $1`,
          [name],
        );
        return /** @type {number} */ (rows[0].calls);
      }),
  };
}

/** @typedef {Awaited<ReturnType<typeof startPostgres>>} Postgres */

/** @param {string} url @param {string} name */
export function withDatabase(url, name) {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.href;
}

/** @template T @param {string} url @param {(client: pg.Client) => Promise<T>} work @returns {Promise<T>} */
export async function asOwner(url, work) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** The product's own launcher, or a stand-in where it is not built yet. @param {(text: string) => void} progress */
async function launcher(progress) {
  const built = join(ROOT, 'dist/apps/standalone/embedded-postgres.js');
  if (existsSync(built)) return (await import(pathToFileURL(built).href)).startEmbeddedPostgres;
  progress('dist/apps/standalone/embedded-postgres.js is missing: a stand-in starts PostgreSQL');
  return startStandIn;
}
