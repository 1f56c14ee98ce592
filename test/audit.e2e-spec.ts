import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { ownProcess } from './support/own-process.js';
import { ENTRY } from './support/stack.js';
import { type Answer, anotherDatabase, type Company, PASSWORD, type Person, ran, World } from './support/world.js';

const NO_TENANT = '00000000-0000-0000-0000-000000000000';

let world: World;
let folder: string;
beforeAll(() => {
  world = new World();
  folder = mkdtempSync(join(tmpdir(), 'watchword-audit-'));
});
afterAll(async () => {
  await world.stop();
  rmSync(folder, { recursive: true, force: true });
});

const until = async (what: string, holds: () => Promise<boolean>, patience = 30_000) => {
  for (const end = Date.now() + patience; !(await holds()); await sleep(50))
    if (Date.now() > end) throw new Error(`Not within ${patience} ms: ${what}`);
};
const counted = async (company: Company) => {
  const [row] = await company.sql<{ events: number; links: number }>(
    'select (select count(*) from audit_event)::int as events, (select count(*) from audit_chain)::int as links',
  );
  return row!;
};
const sealed = (company: Company, patience?: number) =>
  until('every event is in the chain', async () => (({ events, links }) => events === links)(await counted(company)), patience);
const addEvents = (company: Company, count: number, action = 'test.filler') =>
  company.sql(
    `insert into audit_event (action, outcome, details) select $1, 'success', jsonb_build_object('n', n) from generate_series(1, $2::int) n`,
    [action, count],
  );

/** What an auditor does: no database, no settings, the export and the published keys. */
const verify = async (company: Company): Promise<{ code: number | null; output: string; report: any }> => {
  const [exported, keys] = [await company.admin.get('/api/audit/export'), await world.call('GET', '/.well-known/jwks.json')];
  return verifyText(exported.body, keys.body);
};
const verifyText = async (text: string, keys: object) => {
  const [file, key] = [join(folder, `${Math.random()}.ndjson`), join(folder, 'jwks.json')];
  writeFileSync(file, text);
  writeFileSync(key, JSON.stringify(keys));
  const { code, output, stdout } = await ran(ENTRY('cli'), {}, ['audit', 'verify', file, '--key', key, '--json']);
  return { code, output, report: stdout.startsWith('{') ? JSON.parse(stdout) : undefined };
};

describe('An audit event', () => {
  interface Cause {
    action: string;
    outcome: 'success' | 'failure';
    /** Whom the event names; `admin` and `user` are signed in, `target` is whom they act on. */
    actor: 'admin' | 'user' | 'nobody';
    hasSession?: boolean;
    target?: 'user' | 'company' | 'factor' | 'session';
    by(cast: { admin: Person; user: Person; company: Company }): Promise<Answer>;
  }
  const login = (person: Person, extra: object = {}) => person.login(extra);
  const CAUSES: Cause[] = [
    { action: 'auth.signed_in', outcome: 'success', actor: 'user', hasSession: true, by: ({ user }) => login(user) },
    { action: 'auth.sign_in_refused', outcome: 'failure', actor: 'user', by: ({ user }) => login(user, { password: 'canary-wrong' }) },
    {
      action: 'auth.sign_in_refused',
      outcome: 'failure',
      actor: 'nobody',
      by: ({ user, company }) => login(user, { email: `nobody@${company.domain}` }),
    },
    {
      action: 'auth.sign_in_refused',
      outcome: 'failure',
      actor: 'user',
      by: async ({ admin, user }) => (await admin.post(`/api/users/${user.id}/deactivate`), login(user)),
    },
    {
      action: 'auth.second_factor_due',
      outcome: 'success',
      actor: 'user',
      by: async ({ user }) => (await user.enablesTotp(), login(user)),
    },
    {
      action: 'auth.signed_in',
      outcome: 'success',
      actor: 'user',
      hasSession: true,
      by: async ({ user }) => (await user.enablesTotp(), user.verify(await user.pendingToken(), await user.code())),
    },
    {
      action: 'mfa.code_refused',
      outcome: 'failure',
      actor: 'user',
      by: async ({ user }) => (await user.enablesTotp(), user.verify(await user.pendingToken(), user.wrongCode())),
    },
    {
      action: 'auth.session_refreshed',
      outcome: 'success',
      actor: 'user',
      hasSession: true,
      by: ({ user }) => world.call('POST', '/api/auth/refresh', { body: { refresh_token: user.refreshToken } }),
    },
    {
      action: 'auth.refresh_token_reused',
      outcome: 'failure',
      actor: 'user',
      hasSession: true,
      by: async ({ user }) => {
        const first = user.refreshToken;
        const { body } = await world.call('POST', '/api/auth/refresh', { body: { refresh_token: first } });
        await world.call('POST', '/api/auth/refresh', { body: { refresh_token: body.refresh_token } });
        return world.call('POST', '/api/auth/refresh', { body: { refresh_token: first } });
      },
    },
    {
      action: 'auth.session_revoked',
      outcome: 'success',
      actor: 'user',
      hasSession: true,
      target: 'session',
      by: ({ user }) => user.post('/api/auth/logout'),
    },
    {
      action: 'auth.sessions_revoked',
      outcome: 'success',
      actor: 'user',
      hasSession: true,
      target: 'user',
      by: ({ user }) => user.post('/api/auth/logout-all'),
    },
    {
      action: 'auth.password_changed',
      outcome: 'success',
      actor: 'user',
      hasSession: true,
      target: 'user',
      by: ({ user }) => user.post('/api/auth/change-password', { current_password: PASSWORD, new_password: 'canary horse staple 77' }),
    },
    {
      action: 'auth.password_refused',
      outcome: 'failure',
      actor: 'user',
      hasSession: true,
      by: ({ user }) =>
        user.post('/api/auth/change-password', { current_password: 'canary-wrong', new_password: 'canary horse staple 77' }),
    },
    {
      action: 'mfa.enrolment_started',
      outcome: 'success',
      actor: 'user',
      hasSession: true,
      target: 'factor',
      by: ({ user }) => user.post('/api/auth/mfa/setup'),
    },
    {
      action: 'mfa.factor_added',
      outcome: 'success',
      actor: 'user',
      hasSession: true,
      target: 'factor',
      by: async ({ user }) => (
        (user.secret = (await user.post('/api/auth/mfa/setup')).body.secret),
        user.post('/api/auth/mfa/enable', { code: user.codeAt() })
      ),
    },
    {
      action: 'mfa.backup_codes_made',
      outcome: 'success',
      actor: 'user',
      hasSession: true,
      target: 'factor',
      by: async ({ user }) => (await user.enablesTotp(), user.post('/api/auth/mfa/backup-codes', { code: await user.code() })),
    },
    {
      action: 'mfa.code_refused',
      outcome: 'failure',
      actor: 'user',
      hasSession: true,
      by: async ({ user }) => (await user.enablesTotp(), user.post('/api/auth/mfa/backup-codes', { code: user.wrongCode() })),
    },
    {
      action: 'mfa.factor_removed',
      outcome: 'success',
      actor: 'user',
      hasSession: true,
      target: 'factor',
      by: async ({ user }) => (
        await user.enablesTotp(),
        user.delete(`/api/auth/mfa/factors/${user.factorId}`, { code: await user.code() })
      ),
    },
    {
      action: 'mfa.disabled',
      outcome: 'success',
      actor: 'user',
      hasSession: true,
      target: 'user',
      by: async ({ user }) => (
        await user.enablesTotp(),
        user.post('/api/auth/mfa/disable', { password: PASSWORD, code: await user.code() })
      ),
    },
    {
      action: 'users.updated',
      outcome: 'success',
      actor: 'user',
      hasSession: true,
      target: 'user',
      by: ({ user }) => user.put('/api/users/me', { full_name: 'Canary Name' }),
    },
    {
      action: 'users.updated',
      outcome: 'success',
      actor: 'admin',
      hasSession: true,
      target: 'user',
      by: ({ admin, user }) => admin.put(`/api/users/${user.id}`, { phone_number: '+34612345678' }),
    },
    {
      action: 'users.role_changed',
      outcome: 'success',
      actor: 'admin',
      hasSession: true,
      target: 'user',
      by: ({ admin, user }) => admin.put(`/api/users/${user.id}/role`, { role: 'manager' }),
    },
    {
      action: 'users.deactivated',
      outcome: 'success',
      actor: 'admin',
      hasSession: true,
      target: 'user',
      by: ({ admin, user }) => admin.post(`/api/users/${user.id}/deactivate`),
    },
    {
      action: 'users.activated',
      outcome: 'success',
      actor: 'admin',
      hasSession: true,
      target: 'user',
      by: ({ admin, user }) => admin.post(`/api/users/${user.id}/activate`),
    },
    {
      action: 'users.deleted',
      outcome: 'success',
      actor: 'admin',
      hasSession: true,
      target: 'user',
      by: ({ admin, user }) => admin.delete(`/api/users/${user.id}`),
    },
    {
      action: 'mfa.reset',
      outcome: 'success',
      actor: 'admin',
      hasSession: true,
      target: 'user',
      by: ({ admin, user }) => admin.post(`/api/users/${user.id}/mfa/reset`),
    },
    {
      action: 'users.exported',
      outcome: 'success',
      actor: 'user',
      hasSession: true,
      target: 'user',
      by: ({ user }) => user.get('/api/users/me/export'),
    },
    {
      action: 'users.erased',
      outcome: 'success',
      actor: 'admin',
      hasSession: true,
      target: 'user',
      by: ({ admin, user }) => admin.post(`/api/users/${user.id}/erase`),
    },
    {
      action: 'company.updated',
      outcome: 'success',
      actor: 'admin',
      hasSession: true,
      target: 'company',
      by: ({ admin }) => admin.patch('/api/company', { name: 'Canary Company', policy: { mfa: { user: 'optional' } } }),
    },
    {
      action: 'templates.saved',
      outcome: 'success',
      actor: 'admin',
      hasSession: true,
      by: ({ admin }) => admin.put('/api/company/templates/order/sms/es', { body: 'Canary text' }),
    },
    {
      action: 'templates.deleted',
      outcome: 'success',
      actor: 'admin',
      hasSession: true,
      by: async ({ admin }) => {
        await admin.put('/api/company/templates/order/sms/es', { body: 'Canary text' });
        return admin.delete('/api/company/templates/order/sms/es');
      },
    },
  ];

  it.each(CAUSES.map((cause) => [cause.action, cause.actor, cause] as const))(
    'tells of %s by %s: who, in which session, from where, in which request, and no secret',
    async (action, _, cause) => {
      const company = await world.company();
      const [admin, user] = [company.admin, await company.person('user')];
      const before = { refresh: user.refreshToken, access: user.token };
      const answer = await cause.by({ admin, user, company });
      const requestId = answer.headers.get('x-request-id');
      const { body } = await admin.get(`/api/audit?action=${action}`);
      const event = body.data.find((each: { request_id: string }) => each.request_id === requestId);
      expect(event).toMatchObject({ action, outcome: cause.outcome, company_id: company.id, ip_address: '127.0.0.1', user_agent: 'node' });
      expect(event.actor_id).toBe(cause.actor === 'nobody' ? null : { admin, user }[cause.actor].id);
      expect(event.actor_type).toBe(cause.actor === 'nobody' ? 'anonymous' : 'user');
      if (cause.hasSession) expect(event.session_id).toMatch(/^[0-9a-f-]{36}$/);
      if (cause.target === 'user') expect(event.target_id).toBe(user.id);
      if (cause.target === 'company') expect(event.target_id).toBe(company.id);
      if (cause.target) expect(event.target_id).toMatch(/^[0-9a-f-]{36}$/);
      const secrets = [
        PASSWORD,
        'canary',
        '+34612345678',
        user.secret,
        ...user.backupCodes,
        before.refresh,
        before.access,
        answer.body?.access_token,
        answer.body?.mfa_token,
        answer.body?.refresh_token,
        ...(answer.body?.backup_codes ?? []),
      ];
      const everything = JSON.stringify((await admin.get('/api/audit?limit=100')).body).toLowerCase();
      for (const secret of secrets.filter(Boolean)) expect(everything).not.toContain(String(secret).toLowerCase());
    },
  );

  it('begins the chain of a company with its creation and its first administrator', async () => {
    const company = await world.company();
    await sealed(company);
    const { body } = await company.admin.get('/api/audit');
    const [created, user] = body.data.toSorted((a: { seq: number }, b: { seq: number }) => a.seq - b.seq);
    expect(created).toMatchObject({
      seq: 1,
      action: 'company.created',
      outcome: 'success',
      target_id: company.id,
      ip_address: '127.0.0.1',
      user_agent: 'node',
      details: { domain: company.domain },
    });
    expect(user).toMatchObject({
      seq: 2,
      action: 'users.created',
      actor_id: company.admin.id,
      target_id: company.admin.id,
      details: { role: 'admin' },
      request_id: created.request_id,
    });
  });

  it('of a sign-in to an account that no company has stands in the chain that no company owns, sealed like all others', async () => {
    const answer = await world.call('POST', '/api/auth/login', { body: { email: 'nobody@nowhere.test', password: 'canary' } });
    const found = () =>
      world.sql(NO_TENANT, 'select e.*, c.seq from audit_event e left join audit_chain c on c.event_id = e.id where e.request_id = $1', [
        answer.headers.get('x-request-id'),
      ]);
    const [event] = await found();
    expect(event).toMatchObject({
      action: 'auth.sign_in_refused',
      outcome: 'failure',
      actor_type: 'anonymous',
      actor_id: null,
      details: { reason: 'unknown_account' },
      ip_address: '127.0.0.1',
    });
    await until('it is sealed', async () => (await found())[0]!.seq !== null);
    const company = await world.company();
    expect(JSON.stringify((await company.admin.get('/api/audit?limit=100')).body)).not.toContain('unknown_account');
  });
});

describe('Reading the audit trail', () => {
  it('is for administrators, each of their own company', async () => {
    const [company, other] = [await world.company(), await world.company()];
    for (const path of ['/api/audit', '/api/audit/export', '/api/audit/heads']) {
      expect((await world.call('GET', path)).status).toBe(401);
      for (const role of ['user', 'manager'] as const) expect((await (await company.person(role)).get(path)).status).toBe(403);
      const { status, body } = await company.admin.get(path);
      expect(status).toBe(200);
      expect(JSON.stringify(body)).not.toContain(other.id);
    }
  });

  it.each(['', '&action=test.filler', '&except=company.created'])(
    'page by page misses nothing and doubles nothing while events are added%s',
    async (filter) => {
      const company = await world.company();
      await addEvents(company, 120);
      const before = (
        await company.sql<{ id: string }>(`select id from audit_event where $1 = '' or action = 'test.filler'`, [filter])
      ).map(({ id }) => id);
      const seen: string[] = [];
      let cursor: string | null = '';
      for (let pages = 0; cursor !== null; pages++) {
        const { status, body }: Answer = await company.admin.get(`/api/audit?limit=7${filter}${cursor && `&cursor=${cursor}`}`, pages);
        expect(status).toBe(200);
        seen.push(...body.data.map(({ id }: { id: string }) => id));
        cursor = body.next_cursor;
        await addEvents(company, 3);
      }
      expect(new Set(seen).size).toBe(seen.length);
      expect(before.filter((id) => !seen.includes(id))).toEqual([]);
      expect(seen).toEqual(seen.toSorted().toReversed());
    },
  );

  it('by cursor takes none but its own', async () => {
    const [company, other] = [await world.company(), await world.company()];
    await addEvents(company, 5);
    const { next_cursor: cursor } = (await company.admin.get('/api/audit?limit=2')).body;
    const [first, last] = [cursor.slice(0, -1), cursor.at(-1)];
    for (const [person, bad] of [
      [other.admin, cursor],
      [company.admin, first],
      [company.admin, `${first}${last === 'A' ? 'B' : 'A'}`],
      [company.admin, `${cursor}A`],
      [company.admin, ''],
    ] as const) {
      const { status, body } = await person.get(`/api/audit?cursor=${bad}`);
      expect([status, body.code]).toEqual([400, 'request.bad_cursor']);
    }
    const users = await company.admin.get(`/api/users?cursor=${cursor}`);
    expect([users.status, users.body.code]).toEqual([400, 'request.bad_cursor']);
  });

  it('by action, person and time answers exactly those', async () => {
    const company = await world.company();
    const user = await company.person();
    await company.sql(
      `insert into audit_event (action, outcome, actor_id, created_at) select 'test.timed', 'success', case when n % 2 = 0 then $1::uuid end, '2026-01-01T00:00:00.000001Z'::timestamptz + n * interval '1 hour' from generate_series(0, 9) n`,
      [user.id],
    );
    const count = async (query: string) => (await company.admin.get(`/api/audit?limit=100&${query}`)).body.data.length;
    expect(await count('action=test.timed')).toBe(10);
    expect(await count('action=test')).toBe(0);
    expect(await count(`action=test.timed&actor_id=${user.id}`)).toBe(5);
    expect(await count('action=test.timed&from=2026-01-01T03:00:00.000001Z')).toBe(7);
    expect(await count('action=test.timed&to=2026-01-01T03:00:00.000001Z')).toBe(3);
    expect(await count('action=test.timed&from=2026-01-01T03:00:00.000001Z&to=2026-01-01T04:00:00.000001Z')).toBe(1);
    expect(await count('action=test.timed&from=2026-01-01T04:00:00.000001%2B01:00')).toBe(7);
    expect(await count(`except=test.timed&from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z`)).toBe(0);
    expect(await count(`except=test&from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z`)).toBe(10);
    expect(await count("action=test.timed'%20or%201=1%20--")).toBe(0);
    for (const bad of ['from=2026-01-01', 'from=0000-01-01T00:00:00Z', 'to=2026-01-01T00:00:00%2B16:00', 'actor_id=me', 'limit=101'])
      expect([bad, (await company.admin.get(`/api/audit?${bad}`)).status]).toEqual([bad, 400]);
  });
});

describe('The chain', () => {
  it('has an event within a second of its commit, and a signed head over it', async () => {
    const company = await world.company();
    await sealed(company);
    await company.admin.put('/api/users/me', { full_name: 'Sealed Soon' });
    await sealed(company, 2_000);
    const { links } = await counted(company);
    const { body } = await company.admin.get('/api/audit/heads');
    expect(body.data[0]).toEqual({
      type: 'head',
      company_id: company.id,
      seq: links,
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
      signed_at: expect.stringMatching(/Z$/),
      kid: expect.any(String),
      signature: expect.any(String),
    });
    expect(body.data.map(({ seq }: { seq: number }) => seq)).toEqual(
      body.data.map(({ seq }: { seq: number }) => seq).toSorted((a: number, b: number) => b - a),
    );
  });

  it('is verified from its export alone, with the published keys and nothing else', async () => {
    const company = await world.company('Zoë & 漢字');
    await addEvents(company, 30);
    await sealed(company);
    const { code, report } = await verify(company);
    expect([code, report]).toMatchObject([
      0,
      { ok: true, companyId: company.id, events: (await counted(company)).events, unsignedTail: 0, heads: 1 },
    ]);
  });

  it.each([
    ['a changed word', 'altered', (id: string) => [`update audit_event set outcome = 'failure' where id = '${id}'`]],
    ['a changed address', 'altered', (id: string) => [`update audit_event set ip_address = '10.0.0.1' where id = '${id}'`]],
    ['a changed detail', 'altered', (id: string) => [`update audit_event set details = '{"n": 99}' where id = '${id}'`]],
    [
      'a changed microsecond',
      'altered',
      (id: string) => [`update audit_event set created_at = created_at + interval '1 microsecond' where id = '${id}'`],
    ],
    [
      'a deleted row',
      'missing',
      (id: string) => [`delete from audit_chain where event_id = '${id}'`, `delete from audit_event where id = '${id}'`],
    ],
    [
      'two rows that changed places',
      'altered',
      (id: string) => [
        `update audit_chain set seq = seq + 1000 where event_id = '${id}'`,
        `update audit_chain c set seq = c.seq - 1 where c.seq = (select d.seq - 999 from audit_chain d where d.event_id = '${id}' and d.tenant_id = c.tenant_id)`,
        `update audit_chain set seq = seq - 999 where event_id = '${id}'`,
      ],
    ],
  ])('that a superuser tampered with is found out, and its first broken row named: %s', async (_, kind, statements) => {
    const company = await world.company();
    await addEvents(company, 20);
    await sealed(company);
    const [row] = await company.sql<{ event_id: string }>('select event_id from audit_chain where seq = 11');
    for (const text of statements(row!.event_id)) await world.superuser.query(text);
    const { code, report } = await verify(company);
    expect([code, report.ok, report.problem.kind]).toEqual([1, false, kind]);
    expect(report.problem.line).toBe(11);
    expect(report.problem.seq).toBe(kind === 'missing' ? 12 : 11);
  });

  it('whose end was cut off is found out by a head that somebody kept', async () => {
    const company = await world.company();
    await addEvents(company, 10);
    await sealed(company);
    const [kept] = (await company.admin.get('/api/audit/heads')).body.data;
    const keys = (await world.call('GET', '/.well-known/jwks.json')).body;
    await world.superuser.query('delete from audit_head where tenant_id = $1 and seq > 3', [company.id]);
    await world.superuser
      .query(
        'with gone as (delete from audit_chain where tenant_id = $1 and seq > 8 returning event_id) delete from audit_event where id in (select event_id from gone)',
        [company.id],
      )
      .catch(async () => {
        await world.superuser.query('delete from audit_chain where tenant_id = $1 and seq > 8', [company.id]);
      });
    const exported = (await company.admin.get('/api/audit/export')).body;
    const { code, report } = await verifyText(`${exported}${JSON.stringify(kept)}\n`, keys);
    expect([code, report.problem.kind]).toEqual([1, 'truncated']);
  });

  it('cannot be changed by the role of the processes, bound to its own company or not', async () => {
    const company = await world.company();
    const app = new pg.Client({ connectionString: world.stack.env.DATABASE_URL });
    await app.connect();
    try {
      await app.query(`select set_config('app.tenant', $1, false)`, [world.signTenant(company.id)]);
      expect((await app.query('select from audit_event')).rowCount).toBeGreaterThan(0);
      for (const table of ['audit_event', 'audit_chain', 'audit_head'])
        for (const text of [`update ${table} set tenant_id = tenant_id`, `delete from ${table}`, `truncate ${table}`])
          await expect(app.query(text)).rejects.toMatchObject({ code: '42501' });
      await expect(app.query('delete from directory.audit_queue')).rejects.toMatchObject({ code: '42501' });
      await expect(
        app.query(`insert into audit_event (tenant_id, action, outcome) values ($1, 'forged', 'success')`, [NO_TENANT]),
      ).rejects.toMatchObject({ code: '42501' });
    } finally {
      await app.end();
    }
  });

  it('never forks, however many workers seal at once: 2,000 events of four companies', { timeout: 60_000 }, async () => {
    const worker = await ownProcess('worker');
    try {
      const companies = await Promise.all(Array.from({ length: 4 }, () => world.company()));
      await Promise.all(
        companies.map(async (company) => {
          for (let at = 0; at < 50; at++) await addEvents(company, 10);
        }),
      );
      await Promise.all(companies.map((company) => sealed(company, 20_000)));
      for (const company of companies) {
        const { code, report } = await verify(company);
        expect([code, report]).toMatchObject([0, { ok: true, unsignedTail: 0 }]);
        expect(report.events).toBeGreaterThanOrEqual(502);
        expect(report.events).toBe((await counted(company)).events);
      }
    } finally {
      await worker.stop();
    }
  });

  it('neither loses nor doubles an event when a worker is killed in the middle', { timeout: 180_000 }, async () => {
    const database = await anotherDatabase(world.stack);
    const superuser = new pg.Pool({ connectionString: database.superUrl, max: 2 });
    const api = await ownProcess('api', database.env);
    const count = async () =>
      (
        await superuser.query(
          'select (select count(*) from audit_event)::int as events, (select count(*) from audit_chain)::int as links, (select count(distinct event_id) from audit_chain)::int as distinct_links',
        )
      ).rows[0];
    try {
      const { company_id: companyId } = (await (
        await fetch(`${api.url}/api/auth/register`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({
            email: 'a@killed.test',
            password: PASSWORD,
            full_name: 'A',
            company_name: 'A',
            company_domain: 'killed.test',
          }),
        })
      ).json()) as { company_id: string };
      for (let kills = 0; kills < 3; kills++) {
        // Anew each time: a worker may have sealed all of them before it is killed.
        await superuser.query(
          `insert into audit_event (tenant_id, action, outcome) select $1, 'test.filler', 'success' from generate_series(1, 1500)`,
          [companyId],
        );
        const worker = await ownProcess('worker', database.env);
        const { links } = await count();
        // While it is in the transaction that seals a batch.
        await until('it seals', async () => {
          const { rowCount } = await superuser.query(
            `select from pg_stat_activity where datname = $1 and state <> 'idle' and query ~ 'audit_(claim|append|read|bind)|audit_chain'  and pid <> pg_backend_pid()`,
            [database.name],
          );
          return rowCount! > 0 || (await count()).links > links;
        });
        worker.child.kill('SIGKILL');
        await worker.stop();
      }
      const worker = await ownProcess('worker', database.env);
      await until('everything is sealed', async () => (({ events, links }) => events === links)(await count()), 90_000);
      await worker.stop();
      const { events, links, distinct_links } = await count();
      expect([events, links, distinct_links]).toEqual([4_502, 4_502, 4_502]);
      const { access_token: token } = (await (
        await fetch(`${api.url}/api/auth/login`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ email: 'a@killed.test', password: PASSWORD }),
        })
      ).json()) as { access_token: string };
      const exported = await (await fetch(`${api.url}/api/audit/export`, { headers: { authorization: `Bearer ${token}` } })).text();
      const { code, report } = await verifyText(exported, (await (await fetch(`${api.url}/.well-known/jwks.json`)).json()) as object);
      expect([code, report]).toMatchObject([0, { ok: true, events: 4_502 }]);
    } finally {
      await api.stop();
      await superuser.end();
      await database.drop();
    }
  });
});
