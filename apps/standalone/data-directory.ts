import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Account, canReach, ROOT_STORE, serverAccount, StandaloneError } from './server-program.js';

const MARKER = 'watchword-data';
const CLUSTER = 'postgres';
/** ESRCH: what /proc answers for a process that has just ended. */
const ABSENT: (string | undefined)[] = ['ENOENT', 'ENOTDIR', 'ESRCH'];
const LOCK = /^lock-(\d+)-(\w+)$/;

/** `<checkout>/.watchword`, or below /var/lib/watchword when we are root and the account of the server cannot enter the checkout. */
export function resolveDataDir(checkoutRoot: string, wanted?: string): string {
  if (wanted) return resolve(checkoutRoot, wanted);
  const usual = join(checkoutRoot, '.watchword');
  if (canReach(serverAccount([join(usual, CLUSTER), usual]), checkoutRoot)) return usual;
  const hash = createHash('sha256').update(realpathSync(checkoutRoot)).digest('hex').slice(0, 12);
  return join(ROOT_STORE, `${basename(checkoutRoot)}-${hash}`);
}

/**
 * A directory that is ours (it has the marker) and that this process alone uses (it has the lock). In it: `postgres/` (the cluster), the
 * superuser's password, the log, and whatever else the caller keeps there.
 */
export class DataDirectory {
  private constructor(
    /** Absolute, with links resolved. */
    readonly path: string,
    /** Whom the cluster belongs to; undefined means ourselves. */
    readonly account: Account | undefined,
    private readonly lock: string,
  ) {}

  /**
   * Makes the directory if need be.
   * @throws StandaloneError when it holds something else, is in use by another process, or is out of the account's reach.
   */
  static async open(wanted: string): Promise<DataDirectory> {
    const account = serverAccount([join(wanted, CLUSTER), wanted]);
    makeDirectory(wanted, account);
    const path = realpathSync(wanted);

    const marker = join(path, MARKER);
    if (!existsSync(marker)) {
      if (readdirSync(path).length > 0) {
        throw new StandaloneError(
          `${path} holds files that are not Watchword's, so neither \`npm start\` nor \`npm start -- --fresh\` touches it: name a new or empty directory (WATCHWORD_DATA_DIR).`,
        );
      }
      writeFileSync(marker, 'The data of a Watchword on its embedded PostgreSQL. `npm start -- --fresh` deletes it and begins anew.\n');
    }
    // Root's directory stays root's, so that the server's account cannot plant links in it; it only has to pass through.
    chmodSync(path, account && statSync(path).uid === 0 ? 0o711 : 0o700);
    return new DataDirectory(path, account, await takeLock(path));
  }

  get cluster(): string {
    return join(this.path, CLUSTER);
  }

  /** Written by the server: process id, data directory, start, port, …, and its state on line eight. */
  get pidFile(): string {
    return join(this.cluster, 'postmaster.pid');
  }

  get passwordFile(): string {
    return join(this.path, 'superuser-password');
  }

  get logFile(): string {
    return join(this.path, 'postgres.log');
  }

  release(): void {
    rmSync(this.lock, { force: true });
  }

  /** Deletes everything but the marker and the lock. */
  empty(): void {
    this.remove((name) => name !== MARKER && !LOCK.test(name));
  }

  /** A path for `initdb` to fill, to be renamed to `cluster` when it is whole. Removes what killed ones left behind. */
  newClusterPath(): string {
    this.remove((name) => name.startsWith(`${CLUSTER}.new-`));
    const path = join(this.path, `${CLUSTER}.new-${randomBytes(4).toString('hex')}`);
    mkdirSync(path, { mode: 0o700 });
    if (this.account) chownSync(path, this.account.uid, this.account.gid);
    return path;
  }

  /** A random password, kept in `passwordFile`, which the server's account can read because `initdb` has to. */
  newPassword(): string {
    const password = randomBytes(24).toString('base64url');
    rmSync(this.passwordFile, { force: true });
    writeFileSync(this.passwordFile, `${password}\n`, { mode: 0o600, flag: 'wx', flush: true });
    if (this.account) chownSync(this.passwordFile, this.account.uid, this.account.gid);
    return password;
  }

  /**
   * The superuser's password if there is a cluster to start, undefined if one has to be made.
   * @throws StandaloneError when the cluster is incomplete or of another major version.
   */
  findPassword(major: number): string | undefined {
    if (!existsSync(this.cluster)) return undefined;
    const remedy = 'run `npm start -- --fresh` to delete it and begin anew';
    const version = read(join(this.cluster, 'PG_VERSION'));
    if (!version || !existsSync(join(this.cluster, 'global', 'pg_control')))
      throw new StandaloneError(`The database in ${this.path} is incomplete: ${remedy}.`);
    if (Number(version) !== major) {
      throw new StandaloneError(
        `The database in ${this.path} was written by PostgreSQL ${version}, and this is PostgreSQL ${major}: ${remedy}.`,
      );
    }
    const password = read(this.passwordFile);
    if (!password)
      throw new StandaloneError(`The database in ${this.path} has lost its password file (${basename(this.passwordFile)}): ${remedy}.`);
    return password;
  }

  /**
   * The server that a killed run left behind on this very cluster, still alive. The holder of the lock has no other, and the command line
   * proves that the process is one.
   */
  findLeftOverServer(): number | undefined {
    const lines = read(this.pidFile)?.split('\n') ?? [];
    const pid = Number(lines[0]);
    if (!pid || startOf(pid) === undefined) return undefined;
    if (commandLine(pid).includes(`postgres -D ${this.cluster} -c`)) return pid;
    // The number now belongs to a stranger, for which PostgreSQL would refuse to start. The rest of the file must stay: through it
    // PostgreSQL finds out whether backends of the dead server still use its shared memory.
    writeFileSync(this.pidFile, [2 ** 31 - 2, ...lines.slice(1), ''].join('\n'));
    return undefined;
  }

  private remove(chosen: (name: string) => boolean): void {
    for (const name of readdirSync(this.path).filter(chosen))
      rmSync(join(this.path, name), { recursive: true, force: true, maxRetries: 3 });
  }
}

/** Trimmed; undefined when there is no such file. */
export function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    if (ABSENT.includes((error as NodeJS.ErrnoException).code)) return undefined;
    throw error;
  }
}

function makeDirectory(path: string, account: Account | undefined): void {
  const missing: string[] = [];
  let parent = path;
  for (; !existsSync(parent); parent = dirname(parent)) missing.unshift(parent);
  if (!statSync(parent).isDirectory()) throw new StandaloneError(`${parent} is a file: name a directory for the data.`);
  const mustPass = missing.length > 0 ? parent : dirname(parent); // the directory itself is opened to the account below
  if (!canReach(account, realpathSync(mustPass))) {
    throw new StandaloneError(
      `PostgreSQL refuses to run as root and runs as ${account!.name}, who cannot enter ${mustPass}: name a data directory elsewhere, such as ${ROOT_STORE}/${basename(path)}.`,
    );
  }
  for (const directory of missing) {
    mkdirSync(directory, { recursive: true });
    if (account) chmodSync(directory, 0o755); // whatever the umask
  }
}

/**
 * A lock is a file whose name is its owner: process id and start time. Hence anyone may delete a dead one, and nobody can delete a living
 * one by mistake. Two at once see each other, both withdraw, and try again at different moments.
 */
async function takeLock(path: string): Promise<string> {
  const mine = `lock-${process.pid}-${startOf(process.pid)}`;
  const inUse = (pid: number) =>
    new StandaloneError(`Watchword already runs on ${path} as process ${pid}: stop that one first, or name another data directory.`);

  for (let attempt = 1; ; attempt++) {
    try {
      writeFileSync(join(path, mine), '', { flag: 'wx' });
    } catch (error) {
      throw (error as NodeJS.ErrnoException).code === 'EEXIST' ? inUse(process.pid) : error;
    }
    const rival = findRival(path, mine);
    if (rival === undefined) return join(path, mine);
    rmSync(join(path, mine));
    if (attempt === 4) throw inUse(rival);
    await sleep(10 + Math.random() * 90);
  }
}

function findRival(path: string, mine: string): number | undefined {
  let rival: number | undefined;
  for (const name of readdirSync(path)) {
    const [, pid, start] = LOCK.exec(name) ?? [];
    if (!pid || name === mine) continue;
    if (startOf(Number(pid)) === start) rival = Number(pid);
    else rmSync(join(path, name), { force: true }); // dead, or its number now belongs to another process
  }
  return rival;
}

/** When the process began, in letters and digits that differ for each process that ever has this number; undefined when it is dead. */
export function startOf(pid: number): string | undefined {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return undefined; // EPERM: alive, somebody else's
  }
  const stat = read(`/proc/${pid}/stat`);
  if (stat) {
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' '); // from field 3, the state; field 22 is the start (proc(5))
    return fields[0] === 'Z' ? undefined : fields[19];
  }
  return spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).stdout?.replace(/\W/g, '') || 'unknown';
}

function commandLine(pid: number): string {
  const line = read(`/proc/${pid}/cmdline`)?.replaceAll('\0', ' ');
  return line ?? spawnSync('ps', ['-ww', '-o', 'command=', '-p', String(pid)], { encoding: 'utf8' }).stdout ?? '';
}
