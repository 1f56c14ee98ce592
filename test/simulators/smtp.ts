import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SMTPServer, type SMTPServerSession } from 'smtp-server';
import type { Behaviour, VendorSimulator } from '../../libs/notifications/testing/describe-provider.js';

/**
 * Beside every vendor's: `full` 552 and `later` 450 after the message, `sender` 550 for ours, `busy` 421 and `banned` 554 for a greeting,
 * `auth-later` 454; and silence or a lost line before the message: `silent`, `hang-recipient`, `drop-recipient`.
 */
export type MailBehaviour =
  Behaviour | 'full' | 'later' | 'sender' | 'busy' | 'banned' | 'auth-later' | 'silent' | 'hang-recipient' | 'drop-recipient';

export interface Options {
  security?: 'starttls' | 'tls' | 'none';
  user?: string;
  password?: string;
  port?: number;
}

const answer = (responseCode: number, text: string) => Object.assign(new Error(text), { responseCode });

/** A certificate for loopback that is its own authority, and its key, by Debian's openssl. */
export function selfSigned(): { key: string; cert: string } {
  const folder = mkdtempSync(join(tmpdir(), 'watchword-tls-'));
  try {
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
    const names = ['-subj', '/CN=mail.example.test', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost'];
    execFileSync('openssl', ['req', ...kind, ...names, '-keyout', key, '-out', cert], { stdio: 'ignore' });
    return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A mail server that wants encryption and a password, and does as it is told. Free of test tools: it also runs in a process of its own. */
export class SmtpSimulator implements VendorSimulator {
  readonly accepted: { id: string; to: string; text: string; reference?: string | undefined }[] = [];
  readonly violations: string[] = [];
  readonly user: string;
  readonly password: string;
  readonly security: 'starttls' | 'tls' | 'none';
  readonly ca: string;
  url = '';
  private queue: MailBehaviour[] = [];
  private readonly sessions = new Map<string, MailBehaviour>();
  private readonly sockets = new Map<number, Socket>();
  private readonly server: SMTPServer;

  constructor({ security = 'starttls', user = 'relay@example.test', password = 'correct horse battery' }: Options = {}) {
    const { key, cert } = selfSigned();
    this.ca = cert;
    this.user = user;
    this.password = password;
    this.security = security;
    this.server = new SMTPServer({
      key,
      cert,
      secure: security === 'tls',
      disabledCommands: security === 'none' ? ['STARTTLS'] : [],
      allowInsecureAuth: security === 'none',
      authMethods: ['PLAIN', 'LOGIN'],
      disableReverseLookup: true,
      logger: false,
      onConnect: (session, done) => {
        const behaviour = this.queue.shift() ?? 'accept';
        this.sessions.set(session.id, behaviour);
        if (behaviour === 'silent') return;
        done(behaviour === 'busy' ? answer(421, '4.3.2 Busy') : behaviour === 'banned' ? answer(554, '5.7.1 No') : null);
      },
      onAuth: ({ username, password }, session, done) => {
        const behaviour = this.sessions.get(session.id);
        if (behaviour === 'auth-later') return done(answer(454, '4.7.0 Temporary authentication failure'));
        if (behaviour === 'misconfigured' || username !== this.user || password !== this.password)
          return done(answer(535, `5.7.8 Wrong: ${username} ${password}`));
        done(null, { user: username });
      },
      onMailFrom: (_address, session, done) =>
        done(this.sessions.get(session.id) === 'sender' ? answer(550, '5.7.1 Not your address') : null),
      onRcptTo: ({ address }, session, done) => {
        const behaviour = this.sessions.get(session.id);
        if (behaviour === 'hang-recipient') return;
        if (behaviour === 'drop-recipient') return this.drop(session);
        if (behaviour === 'refuse') return done(answer(550, `5.1.1 <${address}> unknown`));
        done(behaviour === 'throttle' ? answer(450, '4.2.1 Slow down') : null);
      },
      onData: (stream, session, done) => {
        const chunks: Buffer[] = [];
        stream.on('data', (chunk: Buffer) => chunks.push(chunk));
        stream.on('end', () => this.take(Buffer.concat(chunks).toString(), session, done));
      },
    });
    // A client that hangs up is what tests are about.
    this.server.on('error', () => undefined);
  }

  static async start(options: Options = {}): Promise<SmtpSimulator> {
    const simulator = new SmtpSimulator(options);
    const listener = simulator.server.server;
    listener.on('connection', (socket: Socket) => simulator.sockets.set(socket.remotePort!, socket));
    await new Promise<void>((resolve) => simulator.server.listen(options.port ?? 0, '127.0.0.1', resolve));
    simulator.url = `smtp://127.0.0.1:${(listener.address() as AddressInfo).port}`;
    return simulator;
  }

  script(...behaviours: MailBehaviour[]) {
    this.queue = behaviours;
  }

  async stop() {
    for (const socket of this.sockets.values()) socket.destroy();
    await new Promise<void>((resolve) => this.server.close(resolve));
  }

  private take(text: string, session: SMTPServerSession, done: (error?: Error | null) => void) {
    const behaviour = this.sessions.get(session.id);
    if (behaviour === 'hang') return;
    if (behaviour === 'error') return done(answer(451, '4.3.0 Local error: 493817'));
    if (behaviour === 'later') return done(answer(450, '4.2.0 Later'));
    if (behaviour === 'full') return done(answer(552, '5.2.2 Mailbox full'));
    this.inspect(text, session);
    const to = session.envelope.rcptTo.map(({ address }) => address).join();
    this.accepted.push({ id: /^Message-ID: (<[^>]+>)\r$/im.exec(text)?.[1] ?? '', to, text });
    if (behaviour === 'reset') return this.drop(session);
    done();
  }

  private inspect(text: string, session: SMTPServerSession) {
    const header = text.slice(0, text.indexOf('\r\n\r\n'));
    if (!session.user) this.violations.push('nobody signed in');
    if (!session.secure && this.security !== 'none') this.violations.push('not encrypted');
    if (!/^Auto-Submitted: auto-generated\r?$/im.test(header)) this.violations.push('not marked as automatic');
    if (/^(b?cc|resent-\w+|return-path):/im.test(header)) this.violations.push('more recipients');
  }

  private drop({ remotePort }: SMTPServerSession) {
    this.sockets.get(remotePort)?.destroy();
  }
}

/** `node test/simulators/smtp.ts`: prints how to reach it; each line read is a script. */
if (import.meta.main) {
  const simulator = await SmtpSimulator.start();
  console.log(JSON.stringify({ url: simulator.url, user: simulator.user, password: simulator.password, ca: simulator.ca }));
  for await (const line of process.stdin) simulator.script(...(JSON.parse(String(line)) as MailBehaviour[]));
}
