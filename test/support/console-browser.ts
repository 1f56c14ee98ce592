import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import pg from 'pg';
import { type Run, start } from './standalone.js';

/** Debian's, which .ci/run installs. */
export const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
export const hasChromium = existsSync(CHROMIUM);
const SCREENSHOTS = join(import.meta.dirname, '..', '..', 'screenshots');
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** A browser, a server and a database start for each file, beside other tests, on machines of any speed: nothing here is about time. */
vi.setConfig({ testTimeout: 120_000, hookTimeout: 180_000 });
const PATIENCE = 30_000;

export const PASSWORD = 'a long walk at night';
export const WIDE = { width: 1280, height: 860 };
export const PHONE = { width: 390, height: 844 };

/** A company with its first administrator, made over the API. */
export interface ConsoleCompany {
  domain: string;
  name: string;
  email: string;
}

interface AxeResult {
  violations: { id: string; impact: string; nodes: { target: string[]; html: string; failureSummary?: string }[] }[];
}

/** Bound by no policy: the standalone's own server. */
function superuser(dataDir: string): string {
  const port = readFileSync(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[3];
  const password = readFileSync(join(dataDir, 'superuser-password'), 'utf8').trim();
  return `postgres://postgres:${password}@127.0.0.1:${port}/watchword`;
}

/** The built console on a server of its own, as `npm start` serves it, and a real browser before it. */
export class ConsoleWorld {
  private count = 0;

  private constructor(
    private readonly run: Run,
    private readonly dataDir: string,
    readonly browser: Browser,
  ) {}

  static async start(env: Record<string, string> = {}): Promise<ConsoleWorld> {
    const dataDir = mkdtempSync(join(tmpdir(), 'watchword-console-'));
    const run = await start(dataDir, { env: { RATE_LIMIT_SCALE: '10000', SEND_LIMIT_IP: '1000000/3600', ...env } });
    const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
    return new ConsoleWorld(run, dataDir, browser);
  }

  async stop() {
    await this.browser.close();
    await this.run.stop();
    rmSync(this.dataDir, { recursive: true, force: true });
  }

  /** Passkeys and cookies want a name, not an address. */
  get url() {
    return this.run.url.replace('127.0.0.1', 'localhost');
  }

  async company(name = 'Acme'): Promise<ConsoleCompany> {
    const domain = `console-${++this.count}.example`;
    const email = `ada@${domain}`;
    await this.call('POST', '/api/auth/register', {
      email,
      password: PASSWORD,
      full_name: 'Ada Lovelace',
      company_name: name,
      company_domain: domain,
    });
    return { domain, name, email };
  }

  async token({ email }: { email: string }, password = PASSWORD): Promise<string> {
    return (await this.call('POST', '/api/auth/login', { email, password })).access_token;
  }

  /** @throws when the answer is a problem */
  async call(method: string, path: string, body?: object, token?: string): Promise<any> {
    const response = await fetch(this.url + path, {
      method,
      headers: { ...(body && { 'content-type': 'application/json' }), ...(token && { authorization: `Bearer ${token}` }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const answer = text && /json/.test(response.headers.get('content-type') ?? '') ? JSON.parse(text) : text;
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return answer;
  }

  /** A browser of somebody's own: nothing kept, no session. What it logs as an error is in `errors`. */
  async visitor(options: BrowserContextOptions = {}): Promise<Visitor> {
    const context = await this.browser.newContext({
      baseURL: this.url,
      viewport: WIDE,
      locale: 'en-US',
      reducedMotion: 'reduce',
      ...options,
    });
    context.setDefaultTimeout(PATIENCE);
    return new Visitor(this, context, await context.newPage());
  }

  /** A visitor who has signed in, without the pages of signing in. */
  async signedIn(person: { email: string }, options: BrowserContextOptions = {}): Promise<Visitor> {
    const visitor = await this.visitor(options);
    await visitor.page.goto('/sign-in');
    await visitor.page.evaluate(
      ([email, password]) =>
        fetch('/api/auth/login', {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'x-session-mode': 'cookie' },
          body: JSON.stringify({ email, password }),
        }),
      [person.email, PASSWORD],
    );
    return visitor;
  }

  async policyOf({ domain }: ConsoleCompany): Promise<Record<string, unknown>> {
    return this.sql<{ policy: Record<string, unknown> }>('select policy from tenant where domain = $1', [domain]).then(
      ([row]) => row!.policy,
    );
  }

  /** As if everybody of a company had signed in an hour ago. */
  async ages({ domain }: ConsoleCompany) {
    await this.sql(
      `update session set auth_time = auth_time - interval '1 hour' where tenant_id = (select id from tenant where domain = $1)`,
      [domain],
    );
  }

  /** As if a company's codes had been sent so many days ago. */
  async sentDaysAgo({ domain }: ConsoleCompany, days: number) {
    await this.sql(
      `update verification set created_at = created_at - make_interval(days => $2), expires_at = expires_at - make_interval(days => $2)
        where tenant_id = (select id from tenant where domain = $1)`,
      [domain, days],
    );
  }

  private async sql<R extends object>(text: string, values: unknown[]): Promise<R[]> {
    const client = new pg.Client({ connectionString: superuser(this.dataDir) });
    await client.connect();
    try {
      return (await client.query<R>(text, values)).rows;
    } finally {
      await client.end();
    }
  }

  /** The newest message that went to somebody, once there is one (after `after` many). */
  async mail(to: string, after = 0): Promise<{ text: string; code: string | null; subject: string | null }> {
    for (const end = Date.now() + 15_000; ; await sleep(100)) {
      const { data } = await this.call('GET', `/dev/inbox?to=${encodeURIComponent(to)}`);
      if (data.length > after) return data[0];
      if (Date.now() > end) throw new Error(`Nothing came for ${to}.`);
    }
  }

  /** The newest code that went to somebody. */
  async code(to: string): Promise<string> {
    for (const end = Date.now() + 15_000; ; await sleep(100)) {
      const { data } = await this.call('GET', `/dev/inbox?to=${encodeURIComponent(to)}`);
      const found = (data as { code: string | null }[]).find(({ code }) => code !== null)?.code;
      if (found) return found;
      if (Date.now() > end) throw new Error(`No code came for ${to}.`);
    }
  }

  async link(to: string, page: string): Promise<string> {
    for (const end = Date.now() + 15_000; ; await sleep(100)) {
      const { data } = await this.call('GET', `/dev/inbox?to=${encodeURIComponent(to)}`);
      for (const { text } of data as { text: string }[]) {
        const found = new RegExp(`\\S*/${page}#token=\\S+`).exec(text)?.[0];
        if (found) return found;
      }
      if (Date.now() > end) throw new Error(`No link to ${page} came for ${to}.`);
    }
  }
}

export class Visitor {
  /** Errors of the page and what its policy blocked. */
  readonly errors: string[] = [];

  constructor(
    readonly world: ConsoleWorld,
    readonly context: BrowserContext,
    readonly page: Page,
  ) {
    page.on('pageerror', ({ message }) => this.errors.push(message));
    page.on('console', (message) => {
      if (message.type() === 'error' && /Content.Security.Policy/i.test(message.text())) this.errors.push(message.text());
    });
  }

  /** Opens a page and waits until it has its heading and nothing is on its way. */
  async opens(path: string) {
    await this.page.goto(path);
    await this.settled();
  }

  async settled() {
    await this.page.locator('h1').first().waitFor();
    await this.page.waitForLoadState('networkidle').catch(() => {});
    await this.page.locator('[role=status][aria-label=Loading]').first().waitFor({ state: 'detached' });
  }

  /** Until this is the page's heading. */
  sees = (heading: string) => this.page.getByRole('heading', { level: 1, name: heading, exact: true }).waitFor();
  heading = () => this.page.locator('h1').first().innerText();
  path = () => new URL(this.page.url()).pathname;

  /** What axe-core calls serious or critical, with where it is. */
  async barriers(): Promise<string[]> {
    // Over the debugger, which no policy of the page stops.
    await this.page.evaluate(AXE);
    const { violations } = (await this.page.evaluate(
      "axe.run(document, { resultTypes: ['violations'], runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })",
    )) as AxeResult;
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .flatMap(({ id, nodes }) => nodes.map(({ target, html }) => `${id}: ${target.join(' ')} ${html.slice(0, 200)}`));
  }

  /** How far the page can be scrolled sideways, in pixels. */
  overflow = (): Promise<number> => this.page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');

  async screenshot(name: string): Promise<string> {
    mkdirSync(SCREENSHOTS, { recursive: true });
    const path = join(SCREENSHOTS, `${name}.png`);
    await this.page.screenshot({ path, fullPage: true });
    return path;
  }

  /** An authenticator inside the browser, as a laptop with a fingerprint reader has it. */
  async authenticator(options: { isUserVerified?: boolean } = {}) {
    const devtools = await this.context.newCDPSession(this.page);
    await devtools.send('WebAuthn.enable');
    const { authenticatorId } = await devtools.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
        ...options,
      },
    });
    return { devtools, authenticatorId };
  }

  close = () => this.context.close();
}
