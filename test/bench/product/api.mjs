import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
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
const OUT_OF_REACH = '999999999/3600';
/** Production refuses scaled limits and the cheap hash; nothing else that is measured differs. */
const SETTINGS = {
  NODE_ENV: 'development',
  RATE_LIMIT_SCALE: '100000',
  SEND_LIMIT_NUMBER: OUT_OF_REACH,
  SEND_LIMIT_PREFIX: OUT_OF_REACH,
  CONVERSION_RATE: '0',
  PRIVATE_DESTINATIONS: 'true',
};
export const CHEAP_HASH = { PASSWORD_MEMORY_KIB: '8', PASSWORD_TIME_COST: '1' };

/**
 * A database of ours: migrated by the product, filled, with its worker running, and API processes on demand.
 *
 * @param {import('../harness/postgres.mjs').Postgres} postgres
 * @param {{ name: string, logs: string, users: number, companies: number, events: number, busyEvents: number, authenticators: boolean, vendorUrl?: string }} options
 */
export async function createProduct(postgres, { name, logs, authenticators, vendorUrl, ...size }) {
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
    ...(vendorUrl && { PROVIDER_ENDPOINTS: JSON.stringify({ 'vonage-sms': vendorUrl }) }),
  };
  const migrating = await startNode({ name: `${name}-migrate`, script: CLI, args: ['migrate'], env, logs });
  if ((await migrating.ended) !== 0) throw new Error(`the migration failed:\n${migrating.lastWords()}`);

  const superuserUrl = withDatabase(postgres.ownerUrl, name);
  progress(`${name}: ${size.users} people in ${size.companies} companies, ${size.events + size.busyEvents} audit events`);
  await asOwner(superuserUrl, (client) => seed(client, size));
  if (authenticators) await enrollAuthenticators(superuserUrl, env);

  const startWorker = (/** @type {Record<string, string>} */ settings = {}) =>
    startNode({ name: `${name}-worker`, script: WORKER, env: { ...env, ...settings }, logs });
  let worker = await startWorker();
  return {
    superuserUrl,
    /** Without it nothing is delivered or sealed. */
    stopWorker: () => worker.stop(),
    /** @param {Record<string, string>} [settings] over those of all */
    async startWorker(settings) {
      await worker.stop();
      worker = await startWorker(settings);
      return worker;
    },
    /** Until nothing is left to be sent. */
    settled: () => asOwner(superuserUrl, nothingDue),
    /** @param {string} label @param {Record<string, string>} [settings] @returns {Promise<Api>} */
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
      return {
        name: label,
        origin,
        pid: api.pid,
        get workerPid() {
          return worker.pid;
        },
        databaseUrl: superuserUrl,
        readyMs,
        stop: () => api.stop(),
      };
    },
    stop: () => worker.stop(),
  };
}

/** @param {import('pg').Client} client */
async function nothingDue(client) {
  for (let patience = 900; patience > 0; patience--) {
    const { rows } = await client.query(`select exists (select from directory.due where kind <> 'verification') as due`);
    if (!rows[0].due) return;
    await sleep(100);
  }
  throw new Error('messages are still waiting to be sent');
}

/** @typedef {import('../harness/measure.mjs').System & { readyMs: number, stop(): Promise<void> }} Api */
/** @typedef {Awaited<ReturnType<typeof createProduct>>} Product */
