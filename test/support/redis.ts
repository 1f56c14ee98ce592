import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { freePort, stopped } from './stack.js';

/** Debian's package redis-server; without it there is nothing to try a Redis with. */
export const hasRedis = spawnSync('redis-server', ['--version']).status === 0;

/** A Redis on the loopback: stopped, started again on the same port (empty, unless it saved), paused. */
export class RedisServer {
  private child: ChildProcess | undefined;
  private readonly folder = mkdtempSync(join(tmpdir(), 'watchword-redis-'));

  private constructor(
    readonly port: number,
    private readonly options: string[],
  ) {}

  /** `isRunning: false` keeps its port and nothing else. */
  static async start({ isRunning = true, options = [] as string[] } = {}): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), options);
    if (isRunning) await server.run();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  async run(): Promise<void> {
    const fixed = ['--port', String(this.port), '--bind', '127.0.0.1', '--save', '', '--dir', this.folder];
    this.child = spawn('redis-server', [...fixed, ...this.options], { stdio: 'ignore' });
    await this.asks((client) => client.ping());
  }

  asks<T>(question: (client: Redis) => Promise<T>): Promise<T> {
    const client = new Redis(this.port, '127.0.0.1', { maxRetriesPerRequest: null, retryStrategy: () => 50 });
    client.on('error', () => {});
    return question(client).finally(() => client.disconnect());
  }

  /** Everything it holds, as bytes on disk, uncompressed. */
  async dump(): Promise<Buffer> {
    await this.asks(async (client) => {
      await client.config('SET', 'rdbcompression', 'no');
      await client.save();
    });
    return readFileSync(join(this.folder, 'dump.rdb'));
  }

  async halt(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    if (this.child) await stopped(this.child, signal);
    this.child = undefined;
  }

  async stop(): Promise<void> {
    await this.halt();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Every command that reaches the server, from now on. */
export async function overheard(server: RedisServer): Promise<{ lines: string[]; stop(): void }> {
  const lines: string[] = [];
  const socket = connect(server.port, '127.0.0.1');
  let rest = '';
  socket
    .on('error', () => {})
    .on('data', (chunk) => {
      const parts = (rest + chunk.toString('latin1')).split('\r\n');
      rest = parts.pop()!;
      lines.push(...parts.map((line) => line.replaceAll('\\"', '"')));
    });
  socket.write('MONITOR\r\n');
  for (let waited = 0; lines.length === 0 && waited < 5_000; waited += 10) await sleep(10);
  return { lines, stop: () => void socket.destroy() };
}
