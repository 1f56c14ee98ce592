import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { availableParallelism } from 'node:os';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
export const CORES = availableParallelism();

/** A port nobody listens on. @returns {Promise<number>} */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
      server.close(() => resolve(port));
    });
  });
}

/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));

/**
 * A Node process of this bench; what it prints goes to a file in `logs`. Each runs as its users run it: our processes set
 * the size of their thread pool themselves (to the number of cores), the peer leaves Node's four.
 *
 * @typedef {Awaited<ReturnType<typeof startNode>>} NodeProcess
 * @param {{ name: string, script: string, args?: string[], env?: Record<string, string>, logs: string }} options
 */
export async function startNode({ name, script, args = [], env = {}, logs }) {
  const log = openSync(join(logs, `${name}.log`), 'a'); // the file itself: a pipe would cost this process, and so the machine, time
  const inherited = { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', TZ: 'UTC' };
  const child = spawn(process.execPath, [join(ROOT, script), ...args], {
    cwd: ROOT,
    env: { ...inherited, ...env },
    stdio: ['ignore', log, log],
  });
  running.add(child);
  closeSync(log);
  const ended = new Promise((resolve) => child.once('exit', resolve)).then((code) => {
    running.delete(child);
    return code;
  });
  return {
    name,
    pid: /** @type {number} */ (child.pid),
    child,
    ended,
    /** The end of what it printed, for a message about its failure. */
    lastWords: () =>
      `${readFileSync(join(logs, `${name}.log`), 'utf8')
        .trim()
        .slice(-800)}\n(${join(logs, `${name}.log`)})`,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
      await ended;
      clearTimeout(timer);
    },
  };
}

/** Polls until the address answers 200; answers the milliseconds that took. @param {NodeProcess} server @param {string} url */
export async function untilReady(server, url, patienceMs = 60_000) {
  const started = performance.now();
  let last = 'no answer';
  for (;;) {
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
      await response.arrayBuffer();
      if (response.status === 200) return performance.now() - started;
      last = `status ${response.status}`;
    } catch (error) {
      last = String(/** @type {Error} */ (error).cause ?? error);
    }
    if (server.child.exitCode !== null) throw new Error(`${server.name} ended with ${server.child.exitCode}\n${server.lastWords()}`);
    if (performance.now() - started > patienceMs) throw new Error(`${server.name} is not ready: ${last}\n${server.lastWords()}`);
    await sleep(20);
  }
}
