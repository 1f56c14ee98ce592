import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, ROOT, startNode, untilReady } from '../harness/processes.mjs';
import { progress } from '../harness/report.mjs';

const HERE = 'test/bench/peer';
export const PEER_PASSWORD = 'Brisk-otter-7-lantern';
const SECRET = 'watchword-bench-seed-of-the-peer';
/** better-auth keys the HMAC with the secret's characters as they stand. */
export const PEER_TOTP_KEY = Buffer.from(SECRET);

/** What better-auth can be told to do: see `auth.mjs`. */
const VARIANTS = {
  scrypt: { hashing: 'scrypt' },
  argon2: { hashing: 'argon2' },
  nohash: { hashing: 'nohash' },
  tuned: { hashing: 'nohash', tuned: true },
  sliding: { hashing: 'nohash', slidingSession: true },
};
/** @typedef {keyof typeof VARIANTS} Variant */

/** Installs better-auth beside the bench, once, from its own lock file. */
function install() {
  if (existsSync(join(ROOT, HERE, 'node_modules/better-auth/package.json'))) return;
  progress('installing better-auth from test/bench/peer/package-lock.json');
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const { status } = spawnSync(npm, ['ci', '--prefix', HERE, '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: ROOT,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  });
  if (status !== 0) throw new Error('npm ci of the peer failed');
}

/** @param {import('../harness/postgres.mjs').Postgres} postgres @param {{ logs: string, users: number }} options */
export async function createPeer(postgres, { logs, users }) {
  install();
  const databaseUrl = await postgres.createDatabase('peer');
  const seeding = await startNode({
    name: 'peer-seed',
    script: `${HERE}/seed.mjs`,
    env: { PEER_SETTINGS: JSON.stringify({ databaseUrl, users, password: PEER_PASSWORD, secret: SECRET }) },
    logs,
  });
  if ((await seeding.ended) !== 0) throw new Error(`the peer was not seeded:\n${seeding.lastWords()}`);
  progress(`better-auth: ${users} people`);
  return {
    /** @param {Variant} variant @returns {Promise<import('../harness/measure.mjs').System & { readyMs: number, stop(): Promise<void> }>} */
    async start(variant) {
      const port = await freePort();
      const origin = `http://127.0.0.1:${port}`;
      const server = await startNode({
        name: `peer-${variant}`,
        script: `${HERE}/server.mjs`,
        env: { NODE_ENV: 'production', PEER_SETTINGS: JSON.stringify({ port, databaseUrl, ...VARIANTS[variant] }) },
        logs,
      });
      const readyMs = await untilReady(server, `${origin}/api/auth/ok`);
      return { name: variant, origin, pid: server.pid, databaseUrl, readyMs, stop: () => server.stop() };
    },
  };
}

/** Whose password is hashed how. @param {'scrypt' | 'argon2' | 'nohash' | 'enrolled'} kind @param {number} users */
export function peerEmails(kind, users) {
  return Array.from({ length: users }, (_, index) => index)
    .filter((index) =>
      kind === 'enrolled' ? index % 6 === 5 : kind === 'nohash' ? index % 6 === 2 : index % 3 === (kind === 'scrypt' ? 0 : 1),
    )
    .map((index) => `u${index}@peer.test`);
}
