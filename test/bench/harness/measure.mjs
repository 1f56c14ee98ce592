import { prepareLoad } from '../load/load.mjs';
import { peakRss, processCpu, treeCpu } from './cpu.mjs';

/**
 * What one window showed. CPU in µs per operation; `workerUs` is our worker's, which seals audit events behind the request.
 *
 * @typedef {{
 *   rate: number, count: number, p50: number, p95: number, p99: number, max: number, wrong: number, samples: string[],
 *   serverUs?: number, workerUs?: number, pgUs?: number, statements?: number, clientUs?: number, rss?: number,
 *   kinds?: Record<string, { count: number, p50: number, p95: number, p99: number, max: number }>,
 * }} Row
 * @typedef {{ name: string, origin: string, pid: number, workerPid?: number, databaseUrl: string }} System
 * @typedef {{ flow: string, input?: object, connections?: number, rate?: number }} Load
 */

/**
 * Puts a system under load and accounts for it. Everything a load needs first (signing in, mostly) happens before the window.
 *
 * @param {import('./postgres.mjs').Postgres} postgres
 * @param {System} system
 * @param {Load} load
 * @param {number} seconds
 * @param {Load} [beside] a second load on the same system, at the same time; its figures are `beside`
 * @param {() => Promise<unknown>} [settle] waits for what the system still owes; that work counts, the wait does not
 * @returns {Promise<Row & { beside?: Row }>}
 */
export async function measure(postgres, system, load, seconds, beside, settle) {
  const prepared = await prepare(system, load, seconds);
  const other = beside && (await prepare(system, beside, seconds));
  const statements = await postgres.statements(system.databaseUrl);
  const before = sample(postgres, system, prepared.pid);
  const running = other?.start();
  const result = await prepared.start();
  await settle?.();
  const after = sample(postgres, system, prepared.pid);
  const sent = (await postgres.statements(system.databaseUrl)) - statements;
  const besideResult = await running;
  const operations = Math.max(1, result.count + result.wrong);
  const each = (/** @type {keyof ReturnType<typeof sample>} */ name) => (after[name] - before[name]) / operations;
  const rss = peakRss(system.pid);
  if (besideResult) return { ...result, rss, beside: besideResult }; // two kinds of work: a mean of both would say nothing
  return {
    ...result,
    serverUs: each('server'),
    workerUs: system.workerPid ? each('worker') : undefined,
    pgUs: each('pg'),
    clientUs: each('client'),
    statements: sent / operations,
    rss,
  };
}

/** @param {System} system @param {Load} load @param {number} seconds */
const prepare = (system, { flow, input, connections = 16, rate }, seconds) =>
  prepareLoad({ origin: system.origin, flow, input, shape: { connections, seconds, ...(rate ? { rate } : {}) } });

/** @param {import('./postgres.mjs').Postgres} postgres @param {System} system @param {number} clientPid */
function sample(postgres, system, clientPid) {
  let client = 0;
  try {
    client = processCpu(clientPid);
  } catch {
    // The generator may be gone by now; its share is only for information.
  }
  return {
    server: processCpu(system.pid),
    worker: system.workerPid ? processCpu(system.workerPid) : 0,
    pg: treeCpu(postgres.pid),
    client,
  };
}
