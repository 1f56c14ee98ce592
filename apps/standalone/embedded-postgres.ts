import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, fsyncSync, openSync, renameSync } from 'node:fs';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { DataDirectory, read, startOf } from './data-directory.js';
import {
  findServerProgram,
  initialiseCluster,
  lastComplaint,
  runningAs,
  SERVER_ENVIRONMENT,
  type ServerProgram,
  StandaloneError,
} from './server-program.js';

export { resolveDataDir } from './data-directory.js';
export { StandaloneError } from './server-program.js';

export interface EmbeddedPostgresOptions {
  /** Made when it does not exist. Must be empty or an earlier one of ours. */
  dataDir: string;
  /** False for throw-away databases: much faster, and lost when the machine loses power. */
  durable: boolean;
  /** Delete what is in the data directory first. */
  fresh?: boolean;
  /** On 127.0.0.1; a random free one by default. */
  port?: number;
  /** 100 by default. */
  maxConnections?: number;
  /** Called with a sentence for the person at the terminal, when something takes a while or is out of the ordinary. */
  onProgress?(sentence: string): void;
  /** Called with one sentence when the server ends without `stop()`. */
  onExit?(sentence: string): void;
}

export interface RunningPostgres {
  /** postgres://postgres:…@127.0.0.1:port/postgres, the superuser: to create roles and databases with, no more. */
  readonly ownerUrl: string;
  /** Absolute, with links resolved. */
  readonly dataDir: string;
  readonly port: number;
  readonly pid: number;
  /** Ends every session and writes all to disk; may be called twice. */
  stop(): Promise<void>;
}

/** How long each stage of a shutdown may take, in milliseconds: fast, immediate, kill. */
const STOP_STAGES = [
  ['SIGINT', 10_000],
  ['SIGQUIT', 10_000],
  ['SIGKILL', 5_000],
] as const;

/** In milliseconds. A server that replays its log after a crash is alive, and takes long only after much work. */
const READY_WITHIN = 120_000;

/**
 * A PostgreSQL of our own: on 127.0.0.1 alone, in its own session, so that Ctrl-C reaches only us, who stop it last. It outlives us by no
 * more than its shutdown, however we end. One process uses a data directory at a time.
 * @throws StandaloneError for whatever the person at the terminal can do something about.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<RunningPostgres> {
  const dataDir = resolve(options.dataDir);
  let directory: DataDirectory | undefined;
  try {
    directory = await DataDirectory.open(dataDir);
    const program = findServerProgram(directory.account, (sentence) => options.onProgress?.(sentence));
    const ground = { program, directory, options };
    await stopLeftOver(ground);
    if (options.fresh) directory.empty();
    return await launch(ground, directory.findPassword(program.major) ?? (await createCluster(ground)));
  } catch (error) {
    directory?.release();
    throw explained(error, dataDir);
  }
}

/** What a start stands on. */
interface Ground {
  program: ServerProgram;
  directory: DataDirectory;
  options: EmbeddedPostgresOptions;
}

interface Server {
  child: ChildProcess;
  exited: Promise<void>;
}

async function stopLeftOver({ program, directory, options }: Ground): Promise<void> {
  const pid = directory.findLeftOverServer();
  if (pid === undefined) return;
  options.onProgress?.(`Stopping the PostgreSQL that an earlier run left behind (process ${pid}).`);
  const start = startOf(pid);
  const ended = await shutDown(program, pid, async (milliseconds) => {
    for (const end = Date.now() + milliseconds; Date.now() < end; await sleep(20)) if (startOf(pid) !== start) return true;
    return false;
  });
  if (!ended)
    throw new StandaloneError(
      `The PostgreSQL that an earlier run left behind on ${directory.path} does not stop: end process ${pid} yourself.`,
    );
}

/** True once the server has ended. */
async function shutDown(program: ServerProgram, pid: number, endsWithin: (milliseconds: number) => Promise<boolean>): Promise<boolean> {
  for (const [signal, milliseconds] of STOP_STAGES) {
    try {
      if (process.platform === 'win32') await promisify(execFile)(program.pgCtl, ['kill', signal.slice(3), String(pid)]);
      else process.kill(pid, signal);
    } catch {
      // It has ended in the meantime, which the next line finds out.
    }
    if (await endsWithin(milliseconds)) return true;
  }
  return false;
}

/** Returns the superuser's password. Killed at any moment, it leaves no cluster, never half of one. */
async function createCluster({ program, directory, options }: Ground): Promise<string> {
  options.onProgress?.('Creating the database.');
  const password = directory.newPassword();
  const path = directory.newClusterPath();
  await initialiseCluster(program, { path, passwordFile: directory.passwordFile, account: directory.account, durable: options.durable });
  renameSync(path, directory.cluster);
  if (options.durable && process.platform !== 'win32') {
    const descriptor = openSync(directory.path, 'r');
    fsyncSync(descriptor);
    closeSync(descriptor);
  }
  return password;
}

async function launch(ground: Ground, password: string): Promise<RunningPostgres> {
  const { directory, options } = ground;
  for (let attempt = 1; ; attempt++) {
    const port = options.port ?? (await freePort());
    const server = await spawnServer(ground, port);
    if (await becomesReady(server, directory)) return supervise(ground, server, password, port);

    const log = read(directory.logFile) ?? '';
    const portTaken = /could not bind .*/.exec(log)?.[0];
    if (portTaken && options.port) throw new StandaloneError(`PostgreSQL cannot have port ${port} (${portTaken}): choose another.`);
    const mayPass = portTaken ?? /shared memory block .* is still in use/.test(log); // a killed server's last backends end by themselves
    if (!mayPass || attempt === 5) {
      throw new StandaloneError(
        `PostgreSQL did not start on ${directory.path}: ${lastComplaint(log)} (the whole log: ${directory.logFile})`,
      );
    }
    await sleep(portTaken ? 0 : attempt * 300);
  }
}

/** Another process may take it before PostgreSQL does; `launch` then tries again. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}

async function spawnServer({ program, directory, options }: Ground, port: number): Promise<Server> {
  const settings = {
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: '',
    password_encryption: 'scram-sha-256',
    max_connections: options.maxConnections ?? 100,
    timezone: 'UTC',
    log_timezone: 'UTC',
    ...(options.durable ? {} : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
  };
  const args = ['-D', directory.cluster, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
  if (existsSync(directory.logFile)) renameSync(directory.logFile, `${directory.logFile}.previous`);
  const log = openSync(directory.logFile, 'wx', 0o600); // a file, not a pipe: it still takes the server's last words when we are gone
  const child = spawn(program.postgres, args, {
    ...runningAs(directory.account),
    cwd: directory.path,
    env: SERVER_ENVIRONMENT,
    stdio: ['ignore', log, log],
    detached: true,
  });
  closeSync(log);
  const exited = new Promise<void>((resolved) => child.once('exit', () => resolved()));
  await once(child, 'spawn');
  const dismissWatcher = watchOverOurDeath(directory, child.pid!);
  void exited.then(dismissWatcher);
  return { child, exited };
}

/** False once the server has ended instead. */
async function becomesReady({ child, exited }: Server, directory: DataDirectory): Promise<boolean> {
  for (const end = Date.now() + READY_WITHIN; Date.now() < end; await sleep(10)) {
    if (child.exitCode !== null || child.signalCode !== null) return false;
    const lines = read(directory.pidFile)?.split('\n') ?? []; // the first line is the process, the eighth its state, as pg_ctl reads them
    if (Number(lines[0]) === child.pid && lines[7]?.trim() === 'ready') return true;
  }
  child.kill('SIGQUIT');
  await exited;
  return false;
}

function supervise({ program, directory, options }: Ground, { child, exited }: Server, password: string, port: number): RunningPostgres {
  const pid = child.pid!;
  let stopping: Promise<void> | undefined;
  child.unref();
  void exited.then(() => {
    if (stopping) return;
    options.onExit?.(
      `PostgreSQL ended unexpectedly: ${lastComplaint(read(directory.logFile) ?? '')} (the whole log: ${directory.logFile})`,
    );
  });
  const stop = async () => {
    child.ref();
    if (child.exitCode === null && child.signalCode === null)
      await shutDown(program, pid, (milliseconds) => settlesWithin(exited, milliseconds));
    directory.release();
  };
  return {
    ownerUrl: `postgres://postgres:${password}@127.0.0.1:${port}/postgres`,
    dataDir: directory.path,
    port,
    pid,
    stop: () => (stopping ??= stop()),
  };
}

async function settlesWithin(promise: Promise<unknown>, milliseconds: number): Promise<boolean> {
  const timer = new AbortController();
  const late = sleep(milliseconds, false, { signal: timer.signal }).catch(() => false);
  const settled = await Promise.race([promise.then(() => true), late]);
  timer.abort();
  return settled;
}

/**
 * A shell in a session of its own that waits for the end of a pipe only we hold: killed in whatever way, we let go of it, and the shell
 * stops the server. Returns how to dismiss it once the server has ended.
 */
function watchOverOurDeath(directory: DataDirectory, pid: number): () => void {
  if (process.platform === 'win32') return () => {};
  const script = 'read _; read pid < "$1" && [ "$pid" = "$2" ] && kill -INT "$pid"';
  const watcher = spawn('/bin/sh', ['-c', script, 'watchword-postgres-watcher', directory.pidFile, String(pid)], {
    ...runningAs(directory.account),
    cwd: '/',
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  watcher.on('error', () => {}); // no shell: the next start finds the server instead
  watcher.stdin!.on('error', () => {});
  watcher.unref();
  (watcher.stdin as Socket).unref();
  return () => watcher.kill('SIGKILL');
}

/** What the operating system refused, in a sentence; anything else is a defect of ours and keeps its stack. */
function explained(error: unknown, dataDir: string): unknown {
  const { code, message, syscall } = error as NodeJS.ErrnoException;
  if (error instanceof StandaloneError || !syscall) return error;
  if (code === 'ENOSPC') return new StandaloneError(`The disk is full (${message}): free some space and start again.`, { cause: error });
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return new StandaloneError(`You may not use ${dataDir} (${message}): name a data directory of your own (WATCHWORD_DATA_DIR).`, {
      cause: error,
    });
  }
  return new StandaloneError(`The database in ${dataDir} could not be started (${message}).`, { cause: error });
}
