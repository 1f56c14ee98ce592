import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { generateSync } from 'otplib';
import { prepareDatabase } from '../apps/standalone/embedded-database.js';
import { startEmbeddedPostgres } from '../apps/standalone/embedded-postgres.js';
import { ownApi, ownProcess, type OwnProcess } from './support/own-process.js';
import { Proxy } from './support/proxy.js';
import { ENTRY } from './support/stack.js';
import { anotherDatabase, type AnotherDatabase, PASSWORD, ran, World } from './support/world.js';

let world: World;
beforeAll(() => {
  world = new World();
});
afterAll(() => world.stop());

const asks =
  (url: string) =>
  async (
    method: string,
    path: string,
    { body, token, headers = {} }: { body?: unknown; token?: string; headers?: Record<string, string> } = {},
  ) => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(token && { authorization: `Bearer ${token}` }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: text.startsWith('{') && !text.includes('}\n{') ? JSON.parse(text) : text,
    };
  };
const heals = async (url: string) => {
  const started = Date.now();
  while (!(await fetch(`${url}/health/ready`)).ok) {
    if (Date.now() - started > 15_000) throw new Error('It did not heal within 15 s.');
    await sleep(50);
  }
};

/** The last good answer is good for a second. */
const notReady = async (url: string) => {
  await vi.waitFor(async () => expect((await fetch(`${url}/health/ready`)).ok).toBe(false), { timeout: 30_000, interval: 100 });
  return asks(url)('GET', '/health/ready');
};

describe('Probes', () => {
  it('say that the process lives and that it is ready', async () => {
    expect((await world.call('GET', '/health/live')).body).toEqual({ status: 'ok' });
    expect((await world.call('GET', '/health/ready')).body).toEqual({
      status: 'ok',
      details: { database: { status: 'up' }, migrations: { status: 'up' }, queue: { status: 'up', redis: 'unused' } },
    });
  });

  it('ask the database once a second, however many ask them', async () => {
    const proxy = await Proxy.before(world.stack.env.DATABASE_URL!);
    const api = await ownApi({ DATABASE_URL: proxy.url });
    try {
      const ready = async () => (await fetch(`${api.url}/health/ready`)).status;
      await sleep(1_100);
      const before = proxy.times('select 1\0');
      expect(new Set(await Promise.all(Array.from({ length: 50 }, ready)))).toEqual(new Set([200]));
      for (let n = 0; n < 20; n++) expect(await ready()).toBe(200);
      expect(proxy.times('select 1\0') - before).toBe(1);
      await sleep(1_100);
      expect(await ready()).toBe(200);
      expect(proxy.times('select 1\0') - before).toBe(2);
    } finally {
      await api.stop();
      await proxy.stop();
    }
  });

  it('name the migrations when they are behind', async () => {
    const database = await anotherDatabase(world.stack);
    const api = await ownApi(database.env);
    try {
      await database.sql('delete from migration');
      const { status, body } = await notReady(api.url);
      expect(status).toBe(503);
      expect(body).toMatchObject({
        code: 'health.not_ready',
        detail: 'Not ready: migrations.',
        errors: [{ field: 'migrations', message: 'is down' }],
      });
    } finally {
      await api.stop();
      await database.drop();
    }
  });
});

describe('A database that is away', () => {
  let proxy: Proxy;
  let api: OwnProcess;
  beforeAll(async () => {
    proxy = await Proxy.before(world.stack.env.DATABASE_URL!);
    api = await ownApi({ DATABASE_URL: proxy.url });
  });
  afterEach(() => proxy.turns('clear'));
  afterAll(async () => {
    await api.stop();
    await proxy.stop();
  });

  const expectAway = ({ status, headers, body }: { status: number; headers: Headers; body: any }) => {
    expect([status, body]).toMatchObject([503, { code: 'server.database_unavailable' }]);
    expect(headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    expect(JSON.stringify(body)).not.toMatch(/ECONN|127\.0\.0\.1|postgres|watchword_app|query/i);
  };
  const everything = (token: string, refreshToken: string): Promise<{ status: number; headers: Headers; body: any }>[] => {
    const ask = asks(api.url);
    return [
      ask('POST', '/api/auth/login', { body: { email: 'a@b.co', password: 'x' } }),
      ask('POST', '/api/auth/register', {
        body: { email: 'a@b.test', password: PASSWORD, full_name: 'A', company_name: 'A', company_domain: 'away.test' },
      }),
      ask('POST', '/api/auth/refresh', { body: { refresh_token: refreshToken } }),
      ask('POST', '/api/auth/logout', { token, body: {} }),
      ask('GET', '/api/users/me', { token }),
      ask('GET', '/api/users', { token }),
      ask('GET', '/api/company', { token }),
      ask('GET', '/api/audit', { token }),
      ask('POST', '/api/auth/mfa/setup', { token }),
    ];
  };

  it('is a 503 that says when to come back, on every route, and is over when it is over', async () => {
    const { admin } = await world.company();
    for (const answer of everything('x', 'x').slice(0, 2)) await answer;
    proxy.turns('refuse');
    for (const answer of await Promise.all(everything(admin.token, admin.refreshToken))) expectAway(answer);
    const ready = await notReady(api.url);
    expect([ready.status, ready.body.code, ready.body.errors[0]]).toEqual([
      503,
      'health.not_ready',
      { field: 'database', message: 'is down' },
    ]);
    expect((await asks(api.url)('GET', '/health/live')).status).toBe(200);
    proxy.turns('clear');
    await heals(api.url);
    expect((await asks(api.url)('GET', '/api/users/me', { token: admin.token })).status).toBe(200);
    expect((await asks(api.url)('POST', '/api/auth/refresh', { body: { refresh_token: admin.refreshToken } })).status).toBe(200);
  });

  it('never becomes a refused sign-in, a forgotten session or another answer that is not true', async () => {
    const { admin } = await world.company();
    const ask = asks(api.url);
    expect((await ask('GET', '/api/users/me', { token: admin.token })).status).toBe(200);
    proxy.turns('refuse');
    expectAway(await ask('GET', '/api/users/me', { token: admin.token }));
    expectAway(
      await ask('POST', '/api/auth/login', { body: { email: admin.email, password: PASSWORD, company_domain: admin.company.domain } }),
    );
    proxy.turns('clear');
    await heals(api.url);
    expect((await ask('GET', '/api/users/me', { token: admin.token })).status).toBe(200);
  });

  it('that swallows every word is a 503 too, and is over when it is over', { timeout: 60_000 }, async () => {
    const { admin } = await world.company();
    await asks(api.url)('GET', '/api/users/me', { token: admin.token });
    await asks(api.url)('GET', '/api/company', { token: admin.token });
    proxy.turns('black-hole');
    const started = Date.now();
    for (const answer of await Promise.all(everything(admin.token, admin.refreshToken))) expectAway(answer);
    expect(Date.now() - started).toBeLessThan(25_000);
    const ready = await notReady(api.url);
    expect([ready.status, ready.body.code]).toEqual([503, 'health.not_ready']);
    proxy.turns('refuse');
    proxy.turns('clear');
    await heals(api.url);
    expect((await asks(api.url)('GET', '/api/users/me', { token: admin.token })).status).toBe(200);
  });

  it('because PostgreSQL was restarted under load costs 503s and nothing else', { timeout: 60_000 }, async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'watchword-restart-'));
    let postgres = await startEmbeddedPostgres({ dataDir, durable: false });
    const env = { ...world.stack.env, ...(await prepareDatabase(postgres)) };
    expect((await ran(ENTRY('cli'), env, ['migrate'])).code).toBe(0);
    const own = await ownApi(env);
    try {
      const ask = asks(own.url);
      const register = await ask('POST', '/api/auth/register', {
        body: { email: 'ada@restart.test', password: PASSWORD, full_name: 'A', company_name: 'A', company_domain: 'restart.test' },
      });
      expect(register.status).toBe(201);
      const { body } = await ask('POST', '/api/auth/login', { body: { email: 'ada@restart.test', password: PASSWORD } });
      const seen = new Set<number>();
      const end = new AbortController();
      const load = Promise.all(
        Array.from({ length: 4 }, async () => {
          while (!end.signal.aborted) seen.add((await ask('GET', '/api/users/me', { token: body.access_token })).status);
        }),
      );
      await sleep(200);
      await postgres.stop();
      await sleep(300);
      postgres = await startEmbeddedPostgres({ dataDir, durable: false, port: Number(new URL(postgres.ownerUrl).port) });
      await heals(own.url);
      end.abort();
      await load;
      expect([...seen].toSorted()).toEqual([200, 503]);
      expect((await ask('GET', '/api/users/me', { token: body.access_token })).status).toBe(200);
    } finally {
      await own.stop();
      await postgres.stop();
      rmSync(dataDir, { recursive: true, force: true });
    }
  });
});

describe('A logout that the database could not write', () => {
  let database: AnotherDatabase;
  let api: OwnProcess;
  beforeAll(async () => {
    database = await anotherDatabase(world.stack);
    api = await ownApi(database.env);
  });
  afterAll(async () => {
    await api.stop();
    await database.drop();
  });

  it.each(['/api/auth/logout', '/api/auth/logout-all'])('is never called a success: %s', async (path) => {
    const ask = asks(api.url);
    const domain = `${path.length}-logout.test`;
    await ask('POST', '/api/auth/register', {
      body: { email: `a@${domain}`, password: PASSWORD, full_name: 'A', company_name: 'A', company_domain: domain },
    });
    const { body } = await ask('POST', '/api/auth/login', { body: { email: `a@${domain}`, password: PASSWORD } });
    await database.sql('alter table session add constraint broken check (revoked_at is null) not valid');
    const answer = await ask('POST', path, { token: body.access_token, body: {} });
    expect([answer.status, answer.body.code]).toEqual([500, 'server.failure']);
    await database.sql('alter table session drop constraint broken; alter table audit_event add constraint broken check (false) not valid');
    expect((await ask('POST', path, { token: body.access_token, body: {} })).status).toBe(500);
    await database.sql('alter table audit_event drop constraint broken');
    expect((await ask('GET', '/api/users/me', { token: body.access_token })).status).toBe(200);
    expect((await ask('POST', path, { token: body.access_token, body: {} })).status).toBe(200);
    expect((await ask('GET', '/api/users/me', { token: body.access_token })).status).toBe(401);
  });
});

describe('Stopping', () => {
  /** Holds a person's row until a request waits for it. */
  const holding = async (userId: string) => {
    const holder = await world.superuser.connect();
    await holder.query('begin');
    expect((await holder.query('select from user_account where id = $1 for update', [userId])).rowCount).toBe(1);
    const { rows } = await holder.query('select pg_backend_pid() as pid');
    return {
      waitedFor: async () => {
        while (
          (await world.superuser.query('select from pg_stat_activity where $1 = any (pg_blocking_pids(pid))', [rows[0].pid])).rowCount === 0
        )
          await sleep(10);
      },
      letGo: async () => {
        await holder.query('commit');
        holder.release();
      },
    };
  };

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'by %s finishes what is under way, lets nobody new in, and ends with 0 within five seconds',
    async (signal) => {
      const { admin } = await world.company();
      const api = await ownApi();
      const row = await holding(admin.id);
      const login = asks(api.url)('POST', '/api/auth/login', {
        body: { email: admin.email, password: PASSWORD, company_domain: admin.company.domain },
      });
      await row.waitedFor();
      const signalled = Date.now();
      const ended = api.stop(signal);
      await sleep(300);
      await expect(fetch(`${api.url}/health/live`)).rejects.toThrow();
      await row.letGo();
      const answer = await login;
      expect(answer.status).toBe(200);
      expect((await world.call('GET', '/api/users/me', { token: answer.body.access_token })).status).toBe(200);
      expect(await ended).toBe(0);
      expect(Date.now() - signalled).toBeLessThan(5_000);
    },
  );

  it('a worker ends with 0 as well', async () => {
    const worker = await ownProcess('worker', { LOG_LEVEL: 'info' });
    while (!worker.output().includes('The worker runs')) await sleep(50);
    expect(await worker.stop('SIGTERM')).toBe(0);
  });
});

describe('The logs', () => {
  const lines = (output: string) =>
    output
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Record<string, unknown>);

  it('hold one JSON line a request, without its query, its body or its headers', async () => {
    const api = await ownApi({ LOG_LEVEL: 'info' });
    try {
      await asks(api.url)('GET', '/api/users/01900000-0000-7000-8000-000000000001?email=query-canary', {
        headers: { 'x-request-id': 'the-one-we-look-for', 'user-agent': 'agent-canary\u00a0{"a":1}' },
      });
      await asks(api.url)('GET', '/unknown-canary?password=query-canary');
    } finally {
      await api.stop();
    }
    const requests = lines(api.output()).filter(({ msg }) => msg === 'request');
    expect(requests.find(({ request_id }) => request_id === 'the-one-we-look-for')).toEqual({
      level: 30,
      time: expect.stringMatching(/Z$/),
      request_id: 'the-one-we-look-for',
      method: 'GET',
      path: '/api/users/:id',
      status: 401,
      ms: expect.any(Number),
      ip: '127.0.0.1',
      msg: 'request',
    });
    expect(requests.map(({ path }) => path)).toContain('(unknown)');
    expect(api.output()).not.toMatch(/canary/);
  });

  it(
    'hold no secret of anybody in any form, through every route, at the chattiest level, even where the database fails or is away',
    { timeout: 60_000 },
    async () => {
      const database = await anotherDatabase(world.stack);
      const proxy = await Proxy.before(database.env.DATABASE_URL!);
      const api = await ownApi({ ...database.env, DATABASE_URL: proxy.url, LOG_LEVEL: 'trace' });
      const ask = asks(api.url);
      const canaries = new Set<string>();
      const keep = <T extends string>(secret: T): T => (canaries.add(secret), secret);
      const document = JSON.parse(readFileSync(join(import.meta.dirname, '..', 'openapi.json'), 'utf8'));
      const resolved = (schema: any) => (schema?.$ref ? document.components.schemas[schema.$ref.split('/').at(-1)] : schema);

      /** Every route with a secret in every field, in the query and in the header. */
      const everyRoute = async (token: string) => {
        for (const [path, methods] of Object.entries<Record<string, any>>(document.paths))
          for (const [method, operation] of Object.entries(methods)) {
            if (/logout|deactivate|delete/i.test(operation.operationId)) continue;
            const fields = Object.keys(resolved(operation.requestBody?.content?.['application/json']?.schema)?.properties ?? {});
            const body =
              fields.length > 0
                ? { body: Object.fromEntries(fields.map((field) => [field, keep(`canary-${field}-of-${operation.operationId}`)])) }
                : {};
            const where = `${path.replaceAll(/\{\w+\}/g, '01900000-0000-7000-8000-000000000001')}?cursor=${keep('canary-of-a-query')}`;
            await ask(method.toUpperCase(), where, { ...body, token });
            await ask(method.toUpperCase(), where, {
              ...body,
              token: keep('canary.of-the.header'),
              headers: { 'x-api-key': keep('ww_canary-of-a-key'), cookie: keep('session=canary-of-a-cookie') },
            });
          }
      };
      try {
        const password = keep('canary horse battery 9');
        const who = { email: 'ada@canary.test', password, full_name: 'A', company_name: 'A', company_domain: 'canary.test' };
        const { body: user } = await ask('POST', '/api/auth/register', { body: who });
        expect(user.email).toBe(who.email);
        const login = (extra: object = {}) => ask('POST', '/api/auth/login', { body: { email: who.email, password, ...extra } });
        const { body: tokens } = await login();
        for (const each of [tokens.access_token, tokens.refresh_token]) keep(each);
        const { body: setup } = await ask('POST', '/api/auth/mfa/setup', { token: tokens.access_token });
        for (const each of [setup.secret, setup.manual_entry_key, setup.otpauth_uri, setup.qr_code.slice(30, 200)]) keep(each);
        const code = keep(generateSync({ secret: setup.secret }));
        const { body: enabled } = await ask('POST', '/api/auth/mfa/enable', { token: tokens.access_token, body: { code } });
        for (const each of enabled.backup_codes) keep(each);
        const { body: pending } = await login();
        keep(pending.mfa_token);
        await ask('POST', '/api/auth/verify-mfa', { token: pending.mfa_token, body: { code } });
        const { body: second } = await ask('POST', '/api/auth/verify-mfa', {
          token: pending.mfa_token,
          body: { code: enabled.backup_codes[0] },
        });
        for (const each of [second.access_token, second.refresh_token]) keep(each);
        const { body: rotated } = await ask('POST', '/api/auth/refresh', { body: { refresh_token: second.refresh_token } });
        for (const each of [rotated.access_token, rotated.refresh_token]) keep(each);
        await everyRoute(rotated.access_token);

        // Errors of PostgreSQL that quote the whole row.
        await database.sql(
          'alter table user_account add constraint broken check (false) not valid; alter table session add constraint broken check (false) not valid; alter table mfa_factor add constraint broken check (false) not valid; alter table sign_in add constraint broken check (false) not valid',
        );
        const failures = [
          await ask('POST', '/api/auth/register', { body: { ...who, email: 'b@canary2.test', company_domain: 'canary2.test' } }),
          await login(),
          await ask('POST', '/api/auth/mfa/setup', { token: rotated.access_token }),
          await ask('PUT', '/api/users/me', { token: rotated.access_token, body: { full_name: keep('canary of a name') } }),
          await ask('POST', '/api/auth/refresh', { body: { refresh_token: rotated.refresh_token } }),
        ];
        expect(failures.map(({ status }) => status)).toEqual([500, 500, 500, 500, 500]);
        proxy.turns('refuse');
        await everyRoute(rotated.access_token);
        await login();
      } finally {
        await api.stop();
        await proxy.stop();
        await database.drop();
      }
      const output = api.output();
      expect(lines(output).length).toBeGreaterThan(200);
      expect(output).toMatch(/"msg":"unexpected failure"/);
      const forms = (secret: string) => [
        secret,
        encodeURIComponent(secret),
        JSON.stringify(secret).slice(1, -1),
        ...(['base64', 'base64url', 'hex'] as const).map((form) => Buffer.from(secret).toString(form).replace(/=+$/, '')),
      ];
      const leaked = [...canaries].filter((secret) => forms(secret).some((form) => output.includes(form)));
      expect(leaked).toEqual([]);
      expect(output).not.toMatch(/\$argon2|canary-|Failing row/);
      console.info(`logs: ${canaries.size} secrets in ${forms('').length} forms, none in ${lines(output).length} lines`);
    },
  );
});
