import { execFileSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { prepareDatabase } from '../../apps/standalone/embedded-database.js';
import { type RunningPostgres, startEmbeddedPostgres } from '../../apps/standalone/embedded-postgres.js';
import { SnsSimulator } from '../simulators/sns.js';
import { RedisServer } from '../support/redis.js';
import { ENTRY, freePort, launch, ready, stopped } from '../support/stack.js';
import { TellingVonage } from './telling-vonage.js';

const PASSWORD = 'correct horse battery 9';

/** The product as it is deployed (two API processes, two workers, Redis, PostgreSQL), and vendors in this process that see all. */
export class Laboratory {
  readonly workers: ChildProcess[] = [];
  private readonly apis: ChildProcess[] = [];
  private readonly urls: string[] = [];
  private readonly dataDir = mkdtempSync(join(tmpdir(), 'watchword-faults-'));
  private env: Record<string, string> = {};
  private superUrl = '';
  private key = '';

  private constructor(
    private postgres: RunningPostgres,
    readonly redis: RedisServer,
    readonly vonage: TellingVonage,
    readonly sns: SnsSimulator,
  ) {}

  static async open({ withRedis = true } = {}): Promise<Laboratory> {
    const redis = await RedisServer.start({ isRunning: withRedis });
    const [vonage, sns] = [await new TellingVonage().start(), await new SnsSimulator().start()];
    const lab = new Laboratory(undefined as never, redis, vonage, sns);
    await lab.startPostgres();
    lab.env = {
      ...(await prepareDatabase(lab.postgres)),
      NODE_ENV: 'test',
      PUBLIC_URL: 'https://watchword.test',
      LOG_LEVEL: 'warn',
      RATE_LIMIT_SCALE: '100000',
      REDIS_URL: redis.url,
      PROVIDER_ENDPOINTS: JSON.stringify({ 'vonage-sms': vonage.url, 'aws-sns': sns.url }),
      SEND_LIMIT_PREFIX: '1000000/3600',
      SEND_LIMIT_IP: '1000000/3600',
      CONVERSION_RATE: '0',
    };
    lab.superUrl = lab.postgres.ownerUrl.replace(/\/postgres$/, '/watchword');
    execFileSync(process.execPath, [ENTRY('cli'), 'migrate'], { env: { PATH: process.env.PATH ?? '', ...lab.env } });
    for (const port of [await freePort(), await freePort()]) {
      lab.apis.push(launch(ENTRY('api'), { ...lab.env, PORT: String(port) }));
      lab.urls.push(`http://127.0.0.1:${port}`);
    }
    lab.startWorker();
    lab.startWorker();
    await Promise.all(lab.urls.map((url, at) => ready(url, lab.apis[at]!)));
    vonage.tells(lab.urls);
    await lab.setUpCompany();
    return lab;
  }

  startWorker(): void {
    const worker = launch(ENTRY('worker'), this.env);
    // Pipes that nobody reads fill up.
    worker.stdout?.on('data', (c) => process.env.SHOW_LOGS && process.stderr.write(c));
    worker.stderr?.on('data', (c) => process.env.SHOW_LOGS && process.stderr.write(c));
    this.workers.push(worker);
  }

  /** @returns how many messages were in somebody's hands at that moment */
  async killWorker(): Promise<number> {
    const worker = this.workers.shift()!;
    worker.kill('SIGKILL');
    const underWay = await this.count(`select count(*)::int as n from public.delivery where status = 'sending'`);
    this.startWorker();
    return underWay;
  }

  async restartPostgres(): Promise<void> {
    await this.postgres.stop();
    await this.startPostgres(this.postgres.port);
  }

  private async startPostgres(port?: number) {
    this.postgres = await startEmbeddedPostgres({ dataDir: this.dataDir, durable: false, maxConnections: 200, ...(port && { port }) });
  }

  /** One code to one number. Undefined when it was not taken in. */
  async send(to: string, at: number): Promise<{ expiresAt: number; ms: number } | undefined> {
    const asked = performance.now();
    const answer = await this.call(at, 'POST', '/api/verifications', { to, channel: 'sms' }, this.key).catch(() => undefined);
    if (answer && answer.status < 500 && answer.status !== 201) throw new Error(`A message was refused: ${JSON.stringify(answer.body)}`);
    if (answer?.status !== 201) return undefined;
    return { expiresAt: Date.parse(answer.body.expires_at), ms: performance.now() - asked };
  }

  async count(text: string): Promise<number> {
    const client = new pg.Client(this.superUrl);
    await client.connect();
    try {
      return (await client.query<{ n: number }>(text)).rows[0]!.n;
    } finally {
      await client.end();
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.apis, ...this.workers].map((child) => stopped(child, 'SIGKILL')));
    await Promise.all([this.vonage.stop(), this.sns.stop(), this.redis.stop(), this.postgres.stop()]);
    rmSync(this.dataDir, { recursive: true, force: true });
  }

  private async setUpCompany() {
    const domain = 'faults.test';
    const email = `admin@${domain}`;
    await this.call(0, 'POST', '/api/auth/register', {
      email,
      password: PASSWORD,
      full_name: 'Ada',
      company_name: 'Faults',
      company_domain: domain,
    });
    const { body } = await this.call(0, 'POST', '/api/auth/login', { email, password: PASSWORD, company_domain: domain });
    const admin = body.access_token as string;
    await this.call(0, 'PATCH', '/api/company', { policy: { default_region: 'ES' } }, admin);
    const { apiKey, apiSecret, signatureSecret } = this.vonage;
    const vonage = { api_key: apiKey, api_secret: apiSecret, from: 'Acme', signature_secret: signatureSecret };
    const sns = { access_key_id: this.sns.accessKeyId, secret_access_key: this.sns.secretAccessKey, region: 'eu-west-1' };
    await this.call(0, 'PUT', '/api/company/channels/vonage-sms', { settings: vonage }, admin);
    await this.call(0, 'PUT', '/api/company/channels/aws-sns', { settings: sns, priority: 200 }, admin);
    const made = await this.call(0, 'POST', '/api/company/api-keys', { name: 'Faults', scopes: ['verifications:send'] }, admin);
    this.key = made.body.key;
    if (!this.key) throw new Error(`No key: ${JSON.stringify(made.body)}`);
    await sleep(200);
  }

  private async call(at: number, method: string, path: string, body: object, token?: string): Promise<{ status: number; body: any }> {
    const response = await fetch(this.urls[at % this.urls.length] + path, {
      method,
      headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(20_000),
    });
    return { status: response.status, body: await response.json() };
  }
}
