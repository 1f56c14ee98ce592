import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { inject } from 'vitest';
import { VonageSmsSimulator } from '../simulators/vonage.js';
import { SnsSimulator } from '../simulators/sns.js';
import { ENTRY, freePort, launch, ready, stopped } from './stack.js';
import { type AnotherDatabase, anotherDatabase, type Company, World } from './world.js';

export interface Options {
  /** Over the defaults of API and worker. */
  settings?: Record<string, string>;
  workers?: number;
  /** More vendors than Vonage and SNS: where each provider finds its simulator. */
  endpoints?: Record<string, string>;
}

/** A database, two API processes and a worker of the file's own, with loopback vendors that verify signatures: real SDKs talk to them. */
export class DeliveryWorld extends World {
  readonly children: ChildProcess[] = [];
  readonly workers: ChildProcess[] = [];
  /** All that the processes wrote. */
  output = '';

  private constructor(
    private readonly database: AnotherDatabase,
    urls: string[],
    readonly vonage: VonageSmsSimulator,
    readonly sns: SnsSimulator,
    private readonly env: Record<string, string>,
  ) {
    super({ urls, env, superUrl: database.superUrl });
  }

  static async start({ settings = {}, workers = 1, endpoints = {} }: Options = {}): Promise<DeliveryWorld> {
    const database = await anotherDatabase(inject('stack'));
    const vonage = await new VonageSmsSimulator().start();
    const sns = await new SnsSimulator().start();
    const ports = [await freePort(), await freePort()];
    const env = {
      ...database.env,
      PUBLIC_URL: 'https://watchword.test',
      PROVIDER_ENDPOINTS: JSON.stringify({ 'vonage-sms': vonage.url, 'aws-sns': sns.url, ...endpoints }),
      PRIVATE_DESTINATIONS: 'true',
      ATTEMPT_SECONDS: '2',
      RECEIPT_WINDOW_SECONDS: '1',
      SEND_LIMIT_IP: '1000000/3600',
      ...settings,
    };
    const world = new DeliveryWorld(
      database,
      ports.map((port) => `http://127.0.0.1:${port}`),
      vonage,
      sns,
      env,
    );
    for (const port of ports) world.children.push(world.launch('api', { PORT: String(port) }));
    for (let at = 0; at < workers; at++) world.startWorker();
    await Promise.all(world.stack.urls.map((url, at) => ready(url, world.children[at]!)));
    return world;
  }

  startWorker(settings: Record<string, string> = {}): ChildProcess {
    const worker = this.launch('worker', settings);
    this.workers.push(worker);
    return worker;
  }

  override async stop() {
    await Promise.all([...this.children, ...this.workers].map((child) => stopped(child)));
    await Promise.all([super.stop(), this.vonage.stop(), this.sns.stop()]);
    await this.database.drop();
  }

  /** A company in Spain that sends texts over Vonage, and an application of its own. */
  async sender(): Promise<Sender> {
    const company = await this.company();
    await company.admin.patch('/api/company', { policy: { default_region: 'ES' } });
    const sender = new Sender(this, company, (await company.apiKey(ALL_SCOPES)).key);
    await sender.has('vonage-sms', vonageSettings(this.vonage));
    return sender;
  }

  private launch(name: 'api' | 'worker', settings: Record<string, string>): ChildProcess {
    const child = launch(ENTRY(name), { ...this.env, ...settings });
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (this.output += chunk));
    return child;
  }
}

export const ALL_SCOPES = [
  'verifications:send',
  'verifications:check',
  'verifications:read',
  'messages:send',
  'messages:raw',
  'messages:read',
];

export const vonageSettings = ({ apiKey, apiSecret, signatureSecret }: VonageSmsSimulator) => ({
  api_key: apiKey,
  api_secret: apiSecret,
  from: 'Acme',
  signature_secret: signatureSecret,
});

/** Mail over a server of the test's own, without encryption. */
export const mailTo = ({ url, user, password }: { url: string; user: string; password: string }) => ({
  host: '127.0.0.1',
  port: Number(new URL(url).port),
  security: 'none',
  user,
  password,
  from: 'hello@acme.example',
});

export const snsSettings = ({ accessKeyId, secretAccessKey }: SnsSimulator) => ({
  access_key_id: accessKeyId,
  secret_access_key: secretAccessKey,
  region: 'eu-west-1',
});

/** A text that is another in one character, of its middle: the last one of base64 may carry bits that nobody reads. */
export function altered(text: string): string {
  const at = text.length >> 1;
  return `${text.slice(0, at)}${text[at] === 'x' ? 'y' : 'x'}${text.slice(at + 1)}`;
}

let numbers = 0;
/** A Spanish mobile number that no other test of the file has. */
export const newNumber = () => `+3461${String(1_000_000 + numbers++).slice(-7)}`;

export class Sender {
  constructor(
    readonly world: DeliveryWorld,
    readonly company: Company,
    readonly key: string,
  ) {}

  call = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}, at = 0) =>
    this.world.call(method, path, { token: this.key, headers, at, ...(body !== undefined && { body }) });

  /** Sets a provider up. */
  async has(provider: string, settings: object, more: object = {}) {
    const answer = await this.company.admin.put(`/api/company/channels/${provider}`, { settings, ...more });
    if (answer.status !== 200) throw new Error(`${provider} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  sends = (body: object, headers: Record<string, string> = {}, at = 0) => this.call('POST', '/api/verifications', body, headers, at);
  checks = (id: string, code: string, at = 0) => this.call('POST', `/api/verifications/${id}/check`, { code }, {}, at);
  timeline = async (id: string) => (await this.call('GET', `/api/verifications/${id}/timeline`)).body.data as Entry[];
  kinds = async (id: string) => (await this.timeline(id)).map(({ kind }) => kind);
}

export interface Entry {
  kind: string;
  channel: string | null;
  provider: string | null;
  outcome: string | null;
  reason: string | null;
  provider_message_id: string | null;
}

/** What becomes true within a while, or the last thing seen instead. */
export async function eventually<T>(look: () => Promise<T | undefined | false> | T | undefined | false, patience = 30_000): Promise<T> {
  for (const deadline = Date.now() + patience; ; await sleep(25)) {
    const seen = await look();
    if (seen) return seen;
    if (Date.now() > deadline) throw new Error('This has not come true in time.');
  }
}

/** The code in the newest message to a number, as its owner would read it. */
export const codeTo = (taken: readonly { to: string; text: string }[], number: string) =>
  eventually(() => /\d{6}/.exec(taken.findLast(({ to }) => to.endsWith(number.slice(-9)))?.text ?? '')?.[0]);
