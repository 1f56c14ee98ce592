import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, ROOT, startNode, untilReady } from '../harness/processes.mjs';
import { asOwner, withDatabase } from '../harness/postgres.mjs';
import { progress } from '../harness/report.mjs';
import { seed } from './seed.mjs';
import { enrollAuthenticators } from './authenticators.mjs';

export const API = 'dist/apps/api/main.js';
const WORKER = 'dist/apps/worker/main.js';
const CLI = 'dist/apps/cli/main.js';
const OWNER_PASSWORD = randomBytes(18).toString('hex');
const APP_PASSWORD = randomBytes(18).toString('hex');

export const isBuilt = () => existsSync(join(ROOT, API));

/** Settings of the product, all of them, in one place. Limits per address are on and out of reach; guess caps are as shipped. */
const secrets = () => ({
  SEALING_KEY: randomBytes(32).toString('base64'),
  HASHING_KEY: randomBytes(32).toString('base64'),
  TENANT_KEY: randomBytes(32).toString('base64'),
});
/** Production refuses scaled limits and the cheap hash; nothing else that is measured differs. */
const SETTINGS = { NODE_ENV: 'development', RATE_LIMIT_SCALE: '100000' };
export const CHEAP_HASH = { PASSWORD_MEMORY_KIB: '8', PASSWORD_TIME_COST: '1' };

/**
 * A database of ours: migrated by the product, filled, with its worker running, and API processes on demand.
 *
 * @param {import('../harness/postgres.mjs').Postgres} postgres
 * @param {{ name: string, logs: string, users: number, companies: number, events: number, busyEvents: number, authenticators: boolean }} options
 */
export async function createProduct(postgres, { name, logs, authenticators, ...size }) {
  const owner = `${name}_owner`;
  const app = `${name}_app`;
  await postgres.administer(async (client) => {
    await client.query(`create role ${owner} login createrole password '${OWNER_PASSWORD}'`);
    await client.query(`create database ${name} owner ${owner}`);
  });
  const url = (/** @type {string} */ role, /** @type {string} */ password) => {
    const signed = new URL(withDatabase(postgres.ownerUrl, name));
    signed.username = role;
    signed.password = password;
    return signed.href;
  };
  const env = {
    ...secrets(),
    ...SETTINGS,
    DATABASE_URL: url(app, APP_PASSWORD),
    MIGRATION_DATABASE_URL: url(owner, OWNER_PASSWORD),
    HOST: '127.0.0.1',
  };
  const migrating = await startNode({ name: `${name}-migrate`, script: CLI, args: ['migrate'], env, logs });
  if ((await migrating.ended) !== 0) throw new Error(`the migration failed:\n${migrating.lastWords()}`);

  const superuserUrl = withDatabase(postgres.ownerUrl, name);
  progress(`${name}: ${size.users} people in ${size.companies} companies, ${size.events + size.busyEvents} audit events`);
  await asOwner(superuserUrl, (client) => seed(client, size));
  if (authenticators) await enrollAuthenticators(superuserUrl, env);

  const worker = await startNode({ name: `${name}-worker`, script: WORKER, env, logs });
  return {
    superuserUrl,
    /** @param {string} label @param {Record<string, string>} [settings] @returns {Promise<import('../harness/measure.mjs').System & { readyMs: number, stop(): Promise<void> }>} */
    async startApi(label, settings = {}) {
      const port = await freePort();
      const origin = `http://127.0.0.1:${port}`;
      const api = await startNode({
        name: `${name}-api-${label}`,
        script: API,
        env: { ...env, ...settings, PORT: String(port), PUBLIC_URL: origin },
        logs,
      });
      const readyMs = await untilReady(api, `${origin}/health/ready`);
      return { name: label, origin, pid: api.pid, workerPid: worker.pid, databaseUrl: superuserUrl, readyMs, stop: () => api.stop() };
    },
    stop: () => worker.stop(),
  };
}

/** @typedef {Awaited<ReturnType<typeof createProduct>>} Product */
