import { createHmac, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { hash } from '@node-rs/argon2';
import { generateSync } from 'otplib';
import pg from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { inject } from 'vitest';
import { ENTRY, launch, type Stack } from './stack.js';

export const PASSWORD = 'correct horse battery 9';
export type Role = 'admin' | 'manager' | 'user';

export interface Answer {
  status: number;
  headers: Headers;
  body: any;
}

let hashed: Promise<string> | undefined;

const STEP_MS = 30_000;

/** What a test says of time steps must hold while it runs: when this one is nearly over, waits for the next. */
export async function earlyInAStep(needed = 6_000): Promise<void> {
  const left = STEP_MS - (Date.now() % STEP_MS);
  if (left < needed) await sleep(left + 50);
}

/** A refusal as its client reads it, but for what differs in every answer. */
export const bare = ({ status, body: { request_id: _, ...rest } }: Answer) => ({ status, ...rest });

/** The running product, the people in it, and the database behind it. */
export class World {
  readonly owner: pg.Pool;
  readonly superuser: pg.Pool;

  constructor(readonly stack: Stack = inject('stack')) {
    this.owner = new pg.Pool({ connectionString: stack.env.MIGRATION_DATABASE_URL, max: 4 });
    this.superuser = new pg.Pool({ connectionString: stack.superUrl, max: 4 });
  }

  async stop() {
    await Promise.all([this.owner.end(), this.superuser.end()]);
  }

  /** One request. `at`: which of the two API processes. */
  async call(
    method: string,
    path: string,
    {
      body,
      token,
      at = 0,
      headers = {},
    }: { body?: unknown; token?: string | undefined; at?: number; headers?: Record<string, string> } = {},
  ): Promise<Answer> {
    const response = await fetch(`${this.stack.urls[at % this.stack.urls.length]}${path}`, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(token && { authorization: `Bearer ${token}` }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = text !== '' && /[/+]json(;|$)/.test(response.headers.get('content-type') ?? '');
    return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
  }

  /** A company of its own for each test, with its first administrator signed in. */
  async company(name = 'Acme'): Promise<Company> {
    const domain = `${randomBytes(6).toString('hex')}.test`;
    const email = `admin@${domain}`;
    const { status, body } = await this.call('POST', '/api/auth/register', {
      body: { email, password: PASSWORD, full_name: 'Ada Admin', company_name: name, company_domain: domain },
    });
    if (status !== 201) throw new Error(`register answered ${status}: ${JSON.stringify(body)}`);
    const company = new Company(this, body.company_id, domain);
    company.admin = new Person(this, company, body.id, email, 'admin');
    await company.admin.signsIn();
    return company;
  }

  /** The value of `app.tenant` that the database believes. */
  signTenant = (tenantId: string) =>
    `${tenantId}.${createHmac('sha256', Buffer.from(this.stack.env.TENANT_KEY!, 'base64')).update(tenantId).digest('hex')}`;

  /** Reads or writes as the owner, in one company's name. */
  async sql<Row extends object = any>(tenantId: string, text: string, values: unknown[] = []): Promise<Row[]> {
    const client = await this.owner.connect();
    try {
      await client.query('begin');
      await client.query(`select set_config('app.tenant', $1, true), set_config('app.bound', left($1, 36), true)`, [
        this.signTenant(tenantId),
      ]);
      const { rows } = await client.query(text, values);
      await client.query('commit');
      return rows as Row[];
    } catch (error) {
      await client.query('rollback');
      throw error;
    } finally {
      client.release();
    }
  }

  /** A staged race for one row: see `gate`. */
  race<T>(tenantId: string, table: string, id: string, attempts: (() => Promise<T>)[], waiting = attempts.length): Promise<T[]> {
    return this.gate(tenantId, { text: `select from ${table} where id = $1 for update`, values: [id] }, attempts, waiting);
  }

  /**
   * A staged race: holds a lock until every attempt waits for it (or has answered), then lets them all go at once. `hold` takes it, in the company's name, and may change things that the waiting then find changed. Counts
   * those who wait behind this one lock, however long the line, and nobody else's waits.
   */
  async gate<T>(
    tenantId: string,
    hold: { text: string; values: unknown[] },
    attempts: (() => Promise<T>)[],
    waiting = attempts.length,
  ): Promise<T[]> {
    const holder = await this.owner.connect();
    try {
      await holder.query('begin');
      await holder.query(`select set_config('app.tenant', $1, true), set_config('app.bound', left($1, 36), true)`, [
        this.signTenant(tenantId),
      ]);
      const { rowCount } = await holder.query(hold.text, hold.values);
      if (rowCount !== 1) throw new Error(`This holds ${rowCount} rows: ${hold.text}`);
      const [{ pid }] = (await holder.query<{ pid: number }>('select pg_backend_pid() as pid')).rows as [{ pid: number }];
      let settled = 0;
      const outcomes = Promise.all(attempts.map((attempt) => attempt().finally(() => settled++)));
      outcomes.catch(() => {});
      const behind = async () =>
        (
          await this.superuser.query(
            `with recursive waits as materialized (
               select pid, pg_blocking_pids(pid) as by from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'),
             line(pid) as (values ($1::integer) union select waits.pid from line join waits on line.pid = any (waits.by))
             select from line`,
            [pid],
          )
        ).rowCount! - 1;
      for (const deadline = Date.now() + 10_000; (await behind()) + settled < waiting; await sleep(5))
        if (Date.now() > deadline) throw new Error(`Only ${await behind()} of ${waiting} wait, and ${settled} have answered`);
      await holder.query('commit');
      return await outcomes;
    } finally {
      await holder.query('rollback').catch(() => {});
      holder.release();
    }
  }
}

export class Company {
  admin!: Person;

  constructor(
    readonly world: World,
    readonly id: string,
    readonly domain: string,
  ) {}

  /** Another person of the company, signed in. */
  async person(role: Role = 'user', name = `${role}-${randomBytes(4).toString('hex')}`): Promise<Person> {
    const [id, email] = [uuidv7(), `${name}@${this.domain}`];
    const passwordHash = await (hashed ??= hash(PASSWORD, { algorithm: 2, memoryCost: 19456, timeCost: 2, parallelism: 1 }));
    await this.world.sql(
      this.id,
      `insert into user_account (id, email, email_canonical, full_name, role, password_hash) values ($1, $2, $2, 'A Person', $3, $4)`,
      [id, email, role, passwordHash],
    );
    const person = new Person(this.world, this, id, email, role);
    await person.signsIn();
    return person;
  }

  /** An application's key, as its administrator makes it. */
  async apiKey(scopes: string[] = ['verifications:send'], more: object = {}): Promise<{ id: string; key: string }> {
    const { status, body } = await this.admin.post('/api/company/api-keys', { name: 'Checkout', scopes, ...more });
    if (status !== 201) throw new Error(`api-keys answered ${status}: ${JSON.stringify(body)}`);
    return body;
  }

  sql<Row extends object = any>(text: string, values: unknown[] = []): Promise<Row[]> {
    return this.world.sql<Row>(this.id, text, values);
  }

  /** As if everybody had signed in from elsewhere so far: where the tests run, nobody is known. */
  async isUnknownHere(): Promise<this> {
    await this.sql('update session set ip_address = null');
    return this;
  }

  /** What the company's audit trail says, oldest first. */
  async actions(): Promise<string[]> {
    return (await this.sql<{ action: string }>('select action from audit_event order by id')).map(({ action }) => action);
  }
}

export class Person {
  token = '';
  refreshToken = '';
  secret = '';
  factorId = '';
  backupCodes: string[] = [];
  private lastStep = 0;

  constructor(
    readonly world: World,
    readonly company: Company,
    readonly id: string,
    readonly email: string,
    readonly role: Role,
  ) {}

  get = (path: string, at = 0) => this.world.call('GET', path, { token: this.token, at });
  post = (path: string, body: unknown = {}, at = 0) => this.world.call('POST', path, { token: this.token, body, at });
  put = (path: string, body: unknown = {}, at = 0) => this.world.call('PUT', path, { token: this.token, body, at });
  patch = (path: string, body: unknown = {}, at = 0) => this.world.call('PATCH', path, { token: this.token, body, at });
  delete = (path: string, body?: unknown, at = 0) =>
    this.world.call('DELETE', path, { token: this.token, ...(body !== undefined && { body }), at });

  login = (extra: object = {}, at = 0) =>
    this.world.call('POST', '/api/auth/login', {
      body: { email: this.email, password: PASSWORD, company_domain: this.company.domain, ...extra },
      at,
    });

  /** Signs in, with the second factor where one is due, and keeps the tokens. */
  async signsIn(at = 0): Promise<Answer> {
    let answer = await this.login({}, at);
    if (answer.body.mfa_required && !answer.body.enrollment_required)
      answer = await this.verify(answer.body.mfa_token, await this.code(), at);
    if (answer.status !== 200) throw new Error(`sign-in answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    this.token = answer.body.access_token;
    this.refreshToken = answer.body.refresh_token;
    return answer;
  }

  /** The password step alone: what the second factor is then answered with. */
  async pendingToken(at = 0): Promise<string> {
    const { body } = await this.login({}, at);
    if (!body.mfa_token) throw new Error(`no second factor is due: ${JSON.stringify(body)}`);
    return body.mfa_token;
  }

  verify = (mfaToken: string, code: string, at = 0) =>
    this.world.call('POST', '/api/auth/verify-mfa', { body: { code }, token: mfaToken, at });

  /** Sets up an authenticator app and keeps what it shows. */
  async enablesTotp(token = this.token): Promise<void> {
    const setup = await this.world.call('POST', '/api/auth/mfa/setup', { token, body: {} });
    if (setup.status !== 200) throw new Error(`setup answered ${setup.status}: ${JSON.stringify(setup.body)}`);
    this.secret = setup.body.secret;
    this.factorId = setup.body.factor_id;
    const { status, body } = await this.world.call('POST', '/api/auth/mfa/enable', { token, body: { code: this.codeAt() } });
    if (status !== 200) throw new Error(`enable answered ${status}: ${JSON.stringify(body)}`);
    this.backupCodes = body.backup_codes ?? this.backupCodes;
    await this.forgetsLastStep();
  }

  /** The code of the step `offset` away from now. */
  codeAt = (offset = 0, now = Date.now()) => generateSync({ secret: this.secret, epoch: Math.floor(now / 1000) + offset * 30 });

  /** A code not used before: tests do not wait half a minute for the next step, they set the factor's own memory back. */
  async code(): Promise<string> {
    const step = Math.floor(Date.now() / 30_000);
    if (step === this.lastStep) await this.forgetsLastStep();
    this.lastStep = step;
    return this.codeAt();
  }

  /** Sets the factor's memory of its last step back, as if half a minute had gone by. */
  async forgetsLastStep(): Promise<void> {
    const { openState, sealState } = await import('./sealed-state.js');
    const [row] = await this.company.sql<{ state: string }>('select state from mfa_factor where id = $1', [this.factorId]);
    const state = { ...openState(this.world.stack.env, this.company.id, this.factorId, row!.state), lastStep: 0 };
    await this.company.sql('update mfa_factor set state = $2, version = version + 1 where id = $1', [
      this.factorId,
      sealState(this.world.stack.env, this.company.id, this.factorId, state),
    ]);
  }

  private counted = (kind: 'password' | 'mfa') => [this.company.id, kind, kind === 'mfa' ? this.id : this.email];

  /** What stands against this person: consecutive failures, and how long the next attempt must wait (0: it need not). */
  async failures(kind: 'password' | 'mfa'): Promise<{ failures: number; seconds: number }> {
    const { rows } = await this.world.owner.query(
      `select failures, coalesce(ceil(extract(epoch from blocked_until - clock_timestamp())), 0)::integer as seconds from directory.attempt where key = private.attempt_key($1, $2, $3)`,
      this.counted(kind),
    );
    return rows[0] ?? { failures: 0, seconds: 0 };
  }

  /** As if so many attempts had failed in a row, and the wait after the last would be over in so many seconds. */
  async hasFailed(kind: 'password' | 'mfa', failures: number, seconds = 0): Promise<void> {
    await this.world.owner.query(
      `insert into directory.attempt (key, failures, blocked_until, shares)
       values (private.attempt_key($1, $2, $3), $4, clock_timestamp() + $5 * interval '1 second', case $2 when 'password' then jsonb_build_object($1, $4::integer) end)
       on conflict (key) do update set failures = excluded.failures, blocked_until = excluded.blocked_until, shares = excluded.shares`,
      [...this.counted(kind), failures, seconds],
    );
  }

  /** A right code's opposite: six digits that no step near now has. */
  wrongCode(): string {
    const near = [-2, -1, 0, 1, 2].map((offset) => this.codeAt(offset));
    for (let candidate = 0; ; candidate++) {
      const code = String(candidate).padStart(6, '0');
      if (!near.includes(code)) return code;
    }
  }
}

/** A database beside the stack's, owned by the owner: empty, migrated, or a copy of another that nobody is connected to. */
export async function anotherDatabase(
  stack: Stack,
  { copyOf, migrated = true }: { copyOf?: string; migrated?: boolean } = {},
): Promise<AnotherDatabase> {
  const name = `another_${randomBytes(6).toString('hex')}`;
  const at = (url: string) => Object.assign(new URL(url), { pathname: `/${name}` }).href;
  const env = { ...stack.env, DATABASE_URL: at(stack.env.DATABASE_URL!), MIGRATION_DATABASE_URL: at(stack.env.MIGRATION_DATABASE_URL!) };
  const serverSide = async (text: string, url = stack.superUrl) => {
    const client = new pg.Client(url);
    await client.connect();
    await client.query(text).finally(() => client.end());
  };
  await serverSide(`create database ${name} owner watchword_owner ${copyOf ? `template ${copyOf}` : ''}`);
  // A copy is without what was granted on the database itself.
  if (copyOf) await serverSide(`revoke temporary on database ${name} from public`);
  else if (migrated) {
    const { code, output } = await ran(ENTRY('cli'), env, ['migrate']);
    if (code !== 0) throw new Error(`migrate answered ${code}: ${output}`);
  }
  return {
    name,
    env,
    superUrl: at(stack.superUrl),
    as: (user, password) => Object.assign(new URL(env.DATABASE_URL), { username: user, password }).href,
    sql: (text, url = at(stack.superUrl)) => serverSide(text, url),
    drop: () => serverSide(`drop database if exists ${name} with (force)`),
  };
}

export interface AnotherDatabase {
  name: string;
  env: Record<string, string>;
  superUrl: string;
  /** DATABASE_URL as somebody else. */
  as(user: string, password: string): string;
  /** Statements, as the superuser unless told otherwise. */
  sql(text: string, url?: string): Promise<void>;
  drop(): Promise<void>;
}

/** Runs a process to its end, with exactly this environment. After a minute it is killed: `code` is null. */
export async function ran(
  entry: string,
  env: Record<string, string>,
  args: string[] = [],
): Promise<{ code: number | null; stdout: string; stderr: string; output: string }> {
  const child = launch(entry, env, args);
  let [stdout, stderr] = ['', ''];
  child.stdout?.on('data', (chunk) => (stdout += chunk));
  child.stderr?.on('data', (chunk) => (stderr += chunk));
  const timer = setTimeout(() => child.kill('SIGKILL'), 60_000);
  const [code] = (await once(child, 'close')) as [number | null];
  clearTimeout(timer);
  return { code, stdout, stderr, output: stdout + stderr };
}
