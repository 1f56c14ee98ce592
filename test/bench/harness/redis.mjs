import { spawn, spawnSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'node:net';
import { freePort } from './processes.mjs';

/** A Redis of the bench's own, without persistence; undefined where none is installed. @returns {Promise<{ url: string, stop(): Promise<void> } | undefined>} */
export async function startRedis() {
  if (spawnSync('redis-server', ['--version']).status !== 0) return undefined;
  const port = await freePort();
  const child = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'], {
    stdio: 'ignore',
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const gone = () => child.kill('SIGKILL');
  process.once('exit', gone);
  while (child.exitCode === null && !(await listens(port))) await sleep(20);
  return {
    url: `redis://127.0.0.1:${port}`,
    async stop() {
      process.removeListener('exit', gone);
      child.kill('SIGTERM');
      await ended;
    },
  };
}

/** @param {number} port @returns {Promise<boolean>} */
const listens = (port) =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const settle = (/** @type {boolean} */ answer) => (socket.destroy(), resolve(answer));
    socket.once('connect', () => settle(true)).once('error', () => settle(false));
  });
