import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, chownSync, constants, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { selfSigned } from './smtp.js';

const EXIM = '/usr/sbin/exim4';

/** Debian's mail server, by other people than our client's author. */
export function eximIsInstalled(): boolean {
  try {
    accessSync(EXIM, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Nobody's account: exim needs no more, so that it is not asked to run as root. */
const NOBODY = 65_534;
const isRoot = process.getuid?.() === 0;
const owner = isRoot ? { uid: NOBODY, gid: NOBODY } : { uid: process.getuid!(), gid: process.getgid!() };

const configuration = (folder: string, port: number) => `
exim_user = ${owner.uid}
exim_group = ${owner.gid}
never_users =
keep_environment =
spool_directory = ${folder}/spool
log_file_path = ${folder}/log-%slog
primary_hostname = mail.example.test
local_interfaces = 127.0.0.1
daemon_smtp_ports = ${port}
tls_advertise_hosts = *
tls_certificate = ${folder}/cert.pem
tls_privatekey = ${folder}/key.pem
auth_advertise_hosts = \${if def:tls_in_cipher{*}{}}
acl_smtp_rcpt = rcpt
acl_smtp_data = accept
begin acl
rcpt:
  deny   recipients = refused@example.test
  defer  recipients = later@example.test
  accept authenticated = *
  deny   message = relaying is not permitted
begin routers
everybody:
  driver = accept
  transport = maildir
begin transports
maildir:
  driver = appendfile
  directory = ${folder}/mail
  maildir_format
  create_directory
  envelope_to_add
  return_path_add
  user = ${owner.uid}
  group = ${owner.gid}
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_condition = \${if and{{eq{$auth2}{relay}}{eq{$auth3}{correct horse battery}}}}
  server_set_id = $auth2
`;

/** An exim4 of our own on loopback: every address is delivered to one Maildir. */
export class Exim {
  readonly user = 'relay';
  readonly password = 'correct horse battery';

  private constructor(
    readonly port: number,
    readonly ca: string,
    private readonly folder: string,
    private readonly process: ChildProcess,
  ) {}

  static async start(): Promise<Exim> {
    const folder = mkdtempSync(join(tmpdir(), 'watchword-exim-'));
    const port = await freePort();
    const { key, cert } = selfSigned();
    const files = { 'key.pem': key, 'cert.pem': cert, 'exim.conf': configuration(folder, port) };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text, { mode: 0o600 });
    for (const name of ['spool', 'mail']) mkdirSync(join(folder, name));
    if (isRoot) for (const name of ['', 'spool', 'mail', ...Object.keys(files)]) chownSync(join(folder, name), owner.uid, owner.gid);

    const child = spawn(EXIM, ['-C', join(folder, 'exim.conf'), '-bdf'], { cwd: '/', stdio: 'ignore', ...(isRoot && owner) });
    const exim = new Exim(port, cert, folder, child);
    for (let attempt = 0; !(await answers(port)); attempt++) {
      if (attempt === 100 || child.exitCode !== null) {
        await exim.stop();
        throw new Error('exim4 did not start');
      }
      await setTimeout(50);
    }
    return exim;
  }

  /** What was delivered, once there are `count` messages; waits for them, for exim delivers in a process of its own. */
  async delivered(count: number): Promise<string[]> {
    const inbox = join(this.folder, 'mail', 'new');
    const list = () => {
      try {
        return readdirSync(inbox).toSorted();
      } catch {
        return [];
      }
    };
    for (let attempt = 0; attempt < 100 && list().length < count; attempt++) await setTimeout(50);
    return list().map((name) => readFileSync(join(inbox, name), 'utf8'));
  }

  async stop() {
    if (this.process.exitCode === null) {
      const ended = once(this.process, 'exit');
      this.process.kill('SIGTERM');
      await ended;
    }
    // A delivery that has just ended may still be writing its log.
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('data', () => (socket.destroy(), resolve(true)));
    socket.once('error', () => resolve(false));
  });
}
