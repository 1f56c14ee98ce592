import { Readable } from 'node:stream';
import SMTPConnection from 'nodemailer/lib/smtp-connection';
import { DeliveryError } from '../../delivery-error.js';
import type { Transport } from '../../message-provider.js';
import { resolve, within } from '../../public-address.js';
import { dial } from './dial.js';
import { smtpFailure } from './smtp-failure.js';
import type { SmtpSettings } from './smtp.provider.js';

/** Longest silence in milliseconds, should the transport's own patience be longer. */
const SILENCE = 30_000;

type Step<T> = (done: (error?: Error | null, result?: T) => void) => void;

/** One conversation with a mail server, for one message. */
export class SmtpSession {
  /** Once the first byte of the message is on its way, nobody but the server knows whether it has it. */
  private handedOver = false;

  private constructor(
    private readonly connection: SMTPConnection,
    private readonly signal: AbortSignal,
  ) {
    // An error that comes between two steps is told by the next one; without a listener it would end the process.
    connection.on('error', () => undefined);
  }

  /** Connects, encrypts, signs in. @throws DeliveryError */
  static async open(settings: SmtpSettings, { endpoint, signal, allowPrivate }: Transport): Promise<SmtpSession> {
    if (settings.security === 'none' && !allowPrivate) throw new DeliveryError('configuration', 'unencrypted');
    const { host, port } = destination(settings, endpoint);
    // The operator's own endpoint needs nobody's permission.
    const addresses = await within(signal, resolve(host, allowPrivate || endpoint !== undefined));
    const socket = await dial(host, port, addresses, signal);
    const session = new SmtpSession(
      new SMTPConnection({
        connection: socket,
        host,
        port,
        secure: settings.security === 'tls',
        requireTLS: settings.security === 'starttls',
        ignoreTLS: settings.security === 'none',
        tls: { minVersion: 'TLSv1.2', ...(settings.ca && { ca: settings.ca }) },
        // Our machine's own name is nobody's business.
        name: settings.from.slice(settings.from.lastIndexOf('@') + 1),
        connectionTimeout: SILENCE,
        greetingTimeout: SILENCE,
        socketTimeout: SILENCE,
        socketCloseTimeout: 0,
        maxResponseSize: 65_536,
      }),
      signal,
    );
    try {
      await session.step((done) => session.connection.connect(done));
      const { user, password: pass } = settings;
      if (user) await session.step((done) => session.connection.login({ user, credentials: { user, pass } }, done));
    } catch (error) {
      session.connection.close();
      throw error;
    }
    return session;
  }

  /** @throws DeliveryError */
  async deliver(envelope: { from: string; to: string[] }, bytes: Buffer): Promise<void> {
    // Read only once the server has said 354.
    const body = new Readable({
      read: () => {
        this.handedOver = true;
        body.push(bytes);
        body.push(null);
      },
    });
    await this.step((done) => this.connection.send(envelope, body, done));
  }

  /** Says goodbye and does not wait for the answer. */
  close(): void {
    if (!this.signal.aborted && !this.connection.destroyed) this.connection.quit();
    else this.connection.close();
  }

  private step<T>(run: Step<T>): Promise<T | undefined> {
    const { connection, signal } = this;
    return new Promise((resolve, reject) => {
      const fail = (error: unknown) => settle(() => reject(smtpFailure(error, this.handedOver)));
      const abort = () => {
        fail(signal.reason);
        connection.close();
      };
      const settle = (end: () => void) => {
        signal.removeEventListener('abort', abort);
        connection.off('error', fail);
        connection.off('end', ended);
        end();
      };
      const ended = () => fail(new Error('ended'));
      if (signal.aborted) return abort();
      signal.addEventListener('abort', abort, { once: true });
      connection.on('error', fail);
      connection.on('end', ended);
      run((error, result) => (error ? fail(error) : settle(() => resolve(result))));
    });
  }
}

/** The operator's endpoint stands for the server that the company named. */
function destination({ host, port }: SmtpSettings, endpoint: string | undefined): { host: string; port: number } {
  if (!endpoint) return { host, port };
  const url = new URL(endpoint);
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port) || port };
}
