import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestProject } from 'vitest/node';
import { prepareDatabase } from '../../apps/standalone/embedded-database.js';
import { startEmbeddedPostgres } from '../../apps/standalone/embedded-postgres.js';

export interface Stack {
  /** Two API processes on one database: what must hold, must hold over both. */
  urls: string[];
  /** The environment they were given. */
  env: Record<string, string>;
  /** For looking at waits and for nothing else: a superuser is bound by no policy. */
  superUrl: string;
}

declare module 'vitest' {
  interface ProvidedContext {
    stack: Stack;
  }
}

/** Compiled, as it is deployed; `npm test` builds first. */
export const ENTRY = (name: 'api' | 'worker' | 'cli' | 'standalone') =>
  join(import.meta.dirname, '..', '..', 'dist', 'apps', name, 'main.js');

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

/** Exactly this environment, plus what any process needs: nothing of the machine that runs the tests leaks in. */
export function launch(entry: string, env: Record<string, string>, args: string[] = []): ChildProcess {
  return spawn(process.execPath, [entry, ...args], {
    env: { PATH: process.env.PATH ?? '', TMPDIR: tmpdir(), UV_THREADPOOL_SIZE: '2', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

export async function ready(url: string, child: ChildProcess): Promise<void> {
  let output = '';
  child.stdout?.on('data', (chunk) => (output += chunk));
  child.stderr?.on('data', (chunk) => (output += chunk));
  for (let waited = 0; waited < 60_000; waited += 100) {
    if (child.exitCode !== null) throw new Error(`The process ended with ${child.exitCode}:\n${output}`);
    const up = await fetch(`${url}/health/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (up) return;
    await sleep(100);
  }
  throw new Error(`Not ready after a minute:\n${output}`);
}

export async function stopped(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill(signal);
    await once(child, 'exit');
  }
  return child.exitCode;
}

export default async function setup(project: TestProject) {
  if (!existsSync(ENTRY('api'))) throw new Error('Build first: `npm test` does, or `node scripts/build.mjs`.');
  const dataDir = mkdtempSync(join(tmpdir(), 'watchword-test-'));
  const postgres = await startEmbeddedPostgres({ dataDir, durable: false, maxConnections: 300 });
  const env = {
    ...(await prepareDatabase(postgres)),
    NODE_ENV: 'test',
    HOST: '127.0.0.1',
    PUBLIC_URL: 'http://watchword.test',
    RATE_LIMIT_SCALE: '10000',
    LOG_LEVEL: 'warn',
    PASSWORD_MAX_WAIT_MS: '60000',
    DATABASE_POOL: '20',
  };
  execFileSync(process.execPath, [ENTRY('cli'), 'migrate'], { env: { PATH: process.env.PATH ?? '', ...env } });
  const ports = [await freePort(), await freePort()];
  const children = ports.map((port) => launch(ENTRY('api'), { ...env, PORT: String(port) }));
  const worker = launch(ENTRY('worker'), env);
  const urls = ports.map((port) => `http://127.0.0.1:${port}`);
  await Promise.all(urls.map((url, at) => ready(url, children[at]!)));
  if (process.env.SHOW_LOGS) for (const child of [...children, worker]) child.stdout?.pipe(process.stdout);
  project.provide('stack', { urls, env, superUrl: postgres.ownerUrl.replace(/\/postgres$/, '/watchword') });

  return async () => {
    await Promise.all([...children, worker].map((child) => stopped(child)));
    await postgres.stop();
    rmSync(dataDir, { recursive: true, force: true });
  };
}
