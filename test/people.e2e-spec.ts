import { v7 as uuidv7 } from 'uuid';
import { type Answer, type Company, PASSWORD, type Person, type Role, World } from './support/world.js';

const ROLES: Role[] = ['user', 'manager', 'admin'];

let world: World;
beforeAll(() => {
  world = new World();
});
afterAll(() => world.stop());

/** Somebody who is there and never signs in. */
async function somebody(
  company: Company,
  { role = 'user', email = `${uuidv7()}@${company.domain}` }: { role?: Role; email?: string } = {},
): Promise<string> {
  const id = uuidv7();
  await company.sql(`insert into user_account (id, email, email_canonical, full_name, role) values ($1, $2, $2, 'Some Body', $3)`, [
    id,
    email,
    role,
  ]);
  return id;
}

const code = ({ status, body }: Answer) => [status, body?.code];

describe('What each role may do with people and company', () => {
  /** Route, the least role, a body it admits, and what it then answers. `:id` is a colleague. */
  const ROUTES: [route: string, least: Role, body: object | undefined, status: number][] = [
    ['GET /api/users/me', 'user', undefined, 200],
    ['PUT /api/users/me', 'user', { full_name: 'New Name' }, 200],
    ['GET /api/users', 'manager', undefined, 200],
    ['GET /api/users/:id', 'manager', undefined, 200],
    ['PUT /api/users/:id', 'admin', { full_name: 'New Name' }, 200],
    ['POST /api/users/:id/deactivate', 'admin', {}, 200],
    ['POST /api/users/:id/activate', 'admin', {}, 200],
    ['PUT /api/users/:id/role', 'admin', { role: 'manager' }, 200],
    ['POST /api/users/:id/mfa/reset', 'admin', {}, 200],
    ['GET /api/users/me/export', 'user', undefined, 200],
    ['GET /api/users/:id/export', 'admin', undefined, 200],
    ['POST /api/users/:id/erase', 'admin', {}, 200],
    ['DELETE /api/users/:id', 'admin', undefined, 204],
    ['GET /api/company', 'admin', undefined, 200],
    ['PATCH /api/company', 'admin', { name: 'Acme & Sons' }, 200],
    ['GET /api/audit', 'admin', undefined, 200],
    ['GET /api/audit/heads', 'admin', undefined, 200],
    ['GET /api/audit/export', 'admin', undefined, 200],
  ];
  let people: Record<Role, Person>;
  let pending: string;
  let company: Company;
  beforeAll(async () => {
    company = await world.company();
    people = { admin: company.admin, manager: await company.person('manager'), user: await company.person('user') };
    const enrolled = await company.person('admin');
    await enrolled.enablesTotp();
    pending = await enrolled.pendingToken();
  });

  const asked = ROUTES.flatMap(([route, least, body, status]) =>
    ROLES.map((role) => ({ route, role, body, expected: ROLES.indexOf(role) >= ROLES.indexOf(least) ? status : 403 })),
  );
  it('is a table of 18 routes and 3 roles', () => expect(asked).toHaveLength(54));

  it.each(asked)('$route as $role answers $expected', async ({ route, role, body, expected }) => {
    const id = await somebody(company);
    const before = await company.sql('select to_jsonb(u) as row from user_account u where id = $1', [id]);
    const [method, path] = route.replace(':id', id).split(' ') as [string, string];
    const answer = await world.call(method, path, { token: people[role].token, ...(body && { body }) });
    expect(answer.status).toBe(expected);
    if (expected !== 403) return;
    expect(answer.body.code).toBe('auth.forbidden');
    expect(await company.sql('select to_jsonb(u) as row from user_account u where id = $1', [id])).toEqual(before);
  });

  it.each(ROUTES)('%s is closed to strangers and to half a sign-in', async (route, _least, body) => {
    const [method, path] = route.replace(':id', people.user.id).split(' ') as [string, string];
    const withToken = (token?: string) => world.call(method, path, { token, ...(body && { body }) });
    expect(code(await withToken())).toEqual([401, 'auth.sign_in_required']);
    expect(code(await withToken('not.a.token'))).toEqual([401, 'auth.sign_in_required']);
    expect(code(await withToken(pending))).toEqual([403, 'auth.mfa_required']);
  });
});

describe('Changing a person', () => {
  it('changes a name and a number, and says so in the audit trail', async () => {
    const { admin, id: companyId } = await world.company();
    const colleague = await admin.company.person('user');
    const mine = await admin.put('/api/users/me', { full_name: '  Ada Lovelace ', phone_number: '+34 (612) 345-678' });
    expect(mine.body).toMatchObject({
      id: admin.id,
      full_name: 'Ada Lovelace',
      phone_number: '+34612345678',
      role: 'admin',
      company_id: companyId,
      company_name: 'Acme',
    });
    expect((await admin.get('/api/users/me')).body).toMatchObject({ full_name: 'Ada Lovelace', phone_number: '+34612345678' });
    expect((await admin.put(`/api/users/${colleague.id}`, { full_name: 'Grace' })).body).toMatchObject({
      id: colleague.id,
      full_name: 'Grace',
      phone_number: null,
    });
    expect((await admin.put('/api/users/me', { phone_number: null })).body).toMatchObject({
      full_name: 'Ada Lovelace',
      phone_number: null,
    });
    const trail = await admin.company.sql(`select target_id, details from audit_event where action = 'users.updated' order by id`);
    expect(trail).toEqual([
      { target_id: admin.id, details: { fields: ['full_name', 'phone_number'] } },
      { target_id: colleague.id, details: { fields: ['full_name'] } },
      { target_id: admin.id, details: { fields: ['phone_number'] } },
    ]);
  });

  it.each([
    ['+34612345678', '+34612345678'],
    ['+1 (555) 010-0123', '+15550100123'],
    [' +44.20.7946.0018 ', '+442079460018'],
    ['+1234567', '+1234567'],
    ['+123456789012345', '+123456789012345'],
    ['+1234567890123456', undefined],
    ['+123456', undefined],
    ['+0345678901', undefined],
    ['0034612345678', undefined],
    ['612345678', undefined],
    ['++34612345678', undefined],
    ['+34612345678;ext=5', undefined],
    ['+34 612 345 67a', undefined],
    ['+٣٤٦١٢٣٤٥٦٧٨', undefined],
    ['+34612345678\u0000', undefined],
    ['', undefined],
    [34612345678, undefined],
    [['+34612345678'], undefined],
  ])('takes the number %j as %j', async (given, kept) => {
    const { admin } = await shared();
    const { status, body } = await admin.put('/api/users/me', { phone_number: given });
    if (kept) expect([status, body.phone_number]).toEqual([200, kept]);
    else expect([status, body.code, body.errors[0].field]).toEqual([400, 'request.invalid', 'phone_number']);
  });

  it.each(['', '   ', 'x'.repeat(201), 'a\u0000b', 'a\nb', 'a\u001b[31m', 7, null, ['Ada'], { first: 'Ada' }])(
    'refuses the name %j',
    async (full_name) => {
      const { admin } = await shared();
      const { status, body } = await admin.put('/api/users/me', { full_name });
      expect([status, body.errors[0].field]).toEqual([400, 'full_name']);
    },
  );

  const FORBIDDEN = {
    role: 'admin',
    email: 'eve@evil.test',
    email_canonical: 'eve@evil.test',
    is_active: true,
    email_verified: true,
    email_verified_at: '2026-01-01T00:00:00Z',
    company_id: uuidv7(),
    tenant_id: uuidv7(),
    tenantId: uuidv7(),
    id: uuidv7(),
    mfa_enabled: false,
    password: PASSWORD,
    password_hash: '$argon2id$',
    passwordHash: '$argon2id$',
    last_login: null,
    created_at: '2020-01-01T00:00:00Z',
  };
  it.each(Object.entries(FORBIDDEN))('lets nobody set %s', async (field, value) => {
    const { admin, user, company } = await shared();
    const rows = () => company.sql('select to_jsonb(u) - $$last_login_at$$ as row from user_account u order by id');
    const before = await rows();
    for (const answer of [
      await user.put('/api/users/me', { [field]: value }),
      await admin.put(`/api/users/${user.id}`, { full_name: 'Also', [field]: value }),
      await admin.put(`/api/users/${user.id}/role`, field === 'role' ? { role: 'owner' } : { role: 'user', [field]: value }),
    ]) {
      expect([answer.status, answer.body.code]).toEqual([400, 'request.invalid']);
      expect(JSON.stringify(answer.body.errors)).toContain(field);
    }
    expect(await rows()).toEqual(before);
  });

  it('is misled by no prototype, array or other body', async () => {
    const { user, company } = await shared();
    for (const body of [
      '{"__proto__":{"role":"admin"}}',
      '{"constructor":{"prototype":{"role":"admin"}}}',
      '[]',
      '[{"full_name":"x"}]',
      '"x"',
      'null',
      '7',
      '{"full_name":"a","full_name":["b"]}',
      '{',
    ]) {
      const answer = await world.call('PUT', '/api/users/me', { token: user.token, body, headers: { 'content-type': 'application/json' } });
      expect([200, 400], body).toContain(answer.status);
      if (!body.startsWith('{"__proto__') && !body.startsWith('{"constructor')) expect(answer.status, body).toBe(400);
    }
    expect(await company.sql('select role, full_name from user_account where id = $1', [user.id])).toEqual([
      { role: 'user', full_name: 'A Person' },
    ]);
    for (const id of ['me2', '1', "' or 1=1", `${user.id}x`, '%00', user.id.replaceAll('-', '')])
      expect((await (await shared()).admin.get(`/api/users/${encodeURIComponent(id)}`)).status, id).toBe(400);
  });

  let one: Promise<{ company: Company; admin: Person; user: Person }> | undefined;
  const shared = () =>
    (one ??= (async () => {
      const company = await world.company();
      return { company, admin: company.admin, user: await company.person('user') };
    })());
});

describe('Letting people in and out', () => {
  it('shuts a deactivated person out at once and everywhere, and lets an activated one sign in again', async () => {
    const { admin } = await world.company();
    const user = await admin.company.person('user');
    expect((await admin.post(`/api/users/${user.id}/deactivate`)).body).toMatchObject({ id: user.id, is_active: false });
    for (const at of [0, 1]) expect(code(await user.get('/api/users/me', at))).toEqual([401, 'auth.sign_in_required']);
    expect(code(await world.call('POST', '/api/auth/refresh', { body: { refresh_token: user.refreshToken } }))).toEqual([
      401,
      'auth.invalid_refresh_token',
    ]);
    const shut = await user.login();
    expect(code(shut)).toEqual([401, 'auth.invalid_credentials']);
    expect(shut.body.detail).toBe((await user.login({ password: 'not this one' })).body.detail);

    expect((await admin.post(`/api/users/${user.id}/activate`)).body).toMatchObject({ is_active: true });
    expect((await user.get('/api/users/me')).status).toBe(401);
    await user.signsIn();
    expect((await user.get('/api/users/me')).status).toBe(200);
    expect(await admin.company.actions()).toEqual(
      expect.arrayContaining(['users.deactivated', 'auth.sessions_revoked', 'users.activated']),
    );
  });

  it('shuts out a person who is half signed in', async () => {
    const { admin } = await world.company();
    const user = await admin.company.person('user');
    await user.enablesTotp();
    const [pending, right] = [await user.pendingToken(), await user.code()];
    await admin.post(`/api/users/${user.id}/deactivate`);
    expect(code(await user.verify(pending, right))).toEqual([401, 'mfa.sign_in_over']);
  });

  it('lets a new role be felt by the next request with the same token', async () => {
    const { admin } = await world.company();
    const user = await admin.company.person('user');
    const may = async () => [(await user.get('/api/users')).status, (await user.get('/api/company', 1)).status];
    expect(await may()).toEqual([403, 403]);
    for (const [role, expected] of [
      ['manager', [200, 403]],
      ['admin', [200, 200]],
      ['user', [403, 403]],
    ] as const) {
      expect((await admin.put(`/api/users/${user.id}/role`, { role })).body).toMatchObject({ id: user.id, role });
      expect(await may()).toEqual(expected);
    }
    expect(await admin.company.sql(`select details from audit_event where action = 'users.role_changed' order by id`)).toEqual([
      { details: { from: 'user', to: 'manager' } },
      { details: { from: 'manager', to: 'admin' } },
      { details: { from: 'admin', to: 'user' } },
    ]);
  });

  it('lets nobody do to themselves what another administrator should', async () => {
    const { admin } = await world.company();
    await admin.company.person('admin');
    expect(code(await admin.post(`/api/users/${admin.id}/deactivate`))).toEqual([409, 'users.not_yourself']);
    expect(code(await admin.delete(`/api/users/${admin.id}`))).toEqual([409, 'users.not_yourself']);
    expect((await admin.get('/api/users/me')).body).toMatchObject({ is_active: true, role: 'admin' });
  });

  it('keeps one administrator who can sign in', async () => {
    const { admin } = await world.company();
    const idle = await somebody(admin.company, { role: 'admin' });
    await admin.company.sql('update user_account set is_active = false where id = $1', [idle]);
    for (const role of ['user', 'manager'])
      expect(code(await admin.put(`/api/users/${admin.id}/role`, { role }))).toEqual([409, 'users.last_admin']);
    expect((await admin.put(`/api/users/${admin.id}/role`, { role: 'admin' })).status).toBe(200);
    expect((await admin.put(`/api/users/${idle}/role`, { role: 'user' })).status).toBe(200);
  });

  it.each<[string, (from: Person, to: Person, at: number) => Promise<Answer>]>([
    ['demote', (from, to, at) => from.put(`/api/users/${to.id}/role`, { role: 'user' }, at)],
    ['deactivate', (from, to, at) => from.post(`/api/users/${to.id}/deactivate`, {}, at)],
    ['delete', (from, to, at) => from.delete(`/api/users/${to.id}`, undefined, at)],
  ])('keeps one administrator when two %s each other at the same moment', async (_, act) => {
    const { admin, id: companyId } = await world.company();
    const other = await admin.company.person('admin');
    const answers = await world.race(companyId, 'tenant', companyId, [() => act(admin, other, 0), () => act(other, admin, 1)]);
    expect(answers.map(({ status }) => status).filter((status) => status < 300)).toHaveLength(1);
    expect(answers.map(code)).toContainEqual([409, 'users.last_admin']);
    expect(await admin.company.sql(`select count(*)::int as n from user_account where role = 'admin' and is_active`)).toEqual([{ n: 1 }]);
  });

  it('removes the factors and sessions of a person who lost them', async () => {
    const { admin } = await world.company();
    const user = await admin.company.person('user');
    await user.enablesTotp();
    expect((await admin.get(`/api/users/${user.id}`)).body.mfa_enabled).toBe(true);
    expect((await admin.post(`/api/users/${user.id}/mfa/reset`)).status).toBe(200);
    expect((await admin.get(`/api/users/${user.id}`)).body.mfa_enabled).toBe(false);
    expect((await user.get('/api/users/me')).status).toBe(401);
    expect(await admin.company.sql('select from mfa_factor')).toEqual([]);
    expect((await user.signsIn()).body.mfa_required).toBe(false);
    expect(await admin.company.actions()).toContain('mfa.reset');
    expect(code(await admin.post(`/api/users/${uuidv7()}/mfa/reset`))).toEqual([404, 'users.not_found']);
  });
});

describe('Deleting a person', () => {
  it('ends every session, keeps the trail, and leaves the next owner of the e-mail nothing', async () => {
    const { admin } = await world.company();
    const { company } = admin;
    const user = await company.person('user');
    await user.put('/api/users/me', { full_name: 'Old Name', phone_number: '+34612345678' });
    await user.enablesTotp();
    const pending = await user.pendingToken();
    const right = await user.code();
    const trail = await company.sql('select id from audit_event where actor_id = $1 or target_id = $1 order by id', [user.id]);
    expect(trail.length).toBeGreaterThan(4);

    expect((await admin.delete(`/api/users/${user.id}`)).status).toBe(204);
    expect(code(await admin.delete(`/api/users/${user.id}`))).toEqual([404, 'users.not_found']);
    expect(code(await admin.get(`/api/users/${user.id}`))).toEqual([404, 'users.not_found']);
    expect((await user.get('/api/users/me')).status).toBe(401);
    expect((await world.call('POST', '/api/auth/refresh', { body: { refresh_token: user.refreshToken } })).status).toBe(401);
    expect((await user.verify(pending, right)).status).toBe(401);
    expect(code(await user.login())).toEqual([401, 'auth.invalid_credentials']);
    expect(
      await company.sql('select id from audit_event where (actor_id = $1 or target_id = $1) and id <= $2 order by id', [
        user.id,
        trail.at(-1)!.id,
      ]),
    ).toEqual(trail);
    expect(await company.actions()).toContain('users.deleted');
    for (const table of ['session', 'sign_in', 'mfa_factor'])
      expect(await company.sql(`select from ${table} where user_id = $1`, [user.id]), table).toEqual([]);
    expect((await world.superuser.query('select from directory.person where user_id = $1', [user.id])).rowCount).toBe(0);

    const next = await company.person('user', user.email.split('@')[0]);
    expect([next.email, next.id === user.id]).toEqual([user.email, false]);
    expect((await next.get('/api/users/me')).body).toMatchObject({
      id: next.id,
      email: user.email,
      full_name: 'A Person',
      phone_number: null,
      mfa_enabled: false,
      role: 'user',
      email_verified: false,
    });
    expect((await next.get('/api/auth/mfa/factors')).body.data).toEqual([]);
    expect((await next.get('/api/auth/sessions')).body).toHaveLength(1);
    expect((await user.get('/api/users/me')).status).toBe(401);
  });
});

describe('The list of people', () => {
  it('goes through 120 people without a gap or a double while others are added and removed', async () => {
    const { admin } = await world.company();
    const { company } = admin;
    await company.sql(
      `insert into user_account (id, email, email_canonical, full_name, role) select app.uuidv7(), n || '@x.test', n || '@x.test', 'P' || n, 'user' from generate_series(1, 119) n`,
    );
    const there = (await company.sql<{ id: string }>('select id from user_account order by id')).map(({ id }) => id);
    expect(there).toHaveLength(120);
    const met: string[] = [];
    let cursor: string | null = null;
    for (let turn = 0; turn < 60; turn++) {
      const { status, body }: Answer = await admin.get(`/api/users?limit=7${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`, turn);
      expect(status).toBe(200);
      expect(body.data.length).toBeLessThanOrEqual(7);
      met.push(...body.data.map(({ id }: { id: string }) => id));
      if (turn < 10) await somebody(company);
      // One who has been met goes: nobody after may slip past.
      if (turn < 5) await company.sql('delete from user_account where id = $1', [met[turn * 7 + 1]]);
      cursor = body.next_cursor;
      if (!cursor) break;
    }
    expect(cursor).toBeNull();
    expect(new Set(met).size).toBe(met.length);
    expect(met.filter((id) => there.includes(id))).toEqual(there);
    expect(met).toHaveLength(130);
  });

  it.each(['0', '101', '-1', 'abc', '1.5', '1e9', '', 'NaN', '10&limit=20'])('refuses the limit %s', async (limit) => {
    const { status, body } = await (await anyAdmin()).get(`/api/users?limit=${limit}`);
    expect([status, body.code, body.errors?.[0]?.field]).toEqual([400, 'request.invalid', 'limit']);
  });

  it('finds people by a part of their name or e-mail, in capitals or not, a page at a time', async () => {
    const company = await world.company();
    const ids = await Promise.all(
      ['grace.hopper', 'GRACE_2', 'g-race', '50%off', '50.off'].map((name) => somebody(company, { email: `${name}@${company.domain}` })),
    );
    const ask = async (search: string, rest = '') =>
      (await company.admin.get(`/api/users?search=${encodeURIComponent(search)}${rest}`)).body as {
        data: { id: string }[];
        next_cursor: string;
      };
    const found = async (search: string) => new Set((await ask(search)).data.map(({ id }) => id));

    expect(await found('Grace')).toEqual(new Set([ids[0], ids[1]]));
    expect(await found('ada adm')).toEqual(new Set([company.admin.id]));
    // What LIKE reads as anything is a letter like others here.
    expect(await found('50%')).toEqual(new Set([ids[3]]));
    expect(await found('grace_')).toEqual(new Set([ids[1]]));
    expect(await found('\\')).toEqual(new Set());
    expect(await found("' or true --")).toEqual(new Set());

    const first = await ask('some body', '&limit=3');
    const second = await ask('some body', `&limit=3&cursor=${encodeURIComponent(first.next_cursor)}`);
    expect(second.next_cursor).toBeNull();
    expect([...first.data, ...second.data].map(({ id }) => id)).toEqual(ids.toSorted());
    expect((await company.admin.get('/api/users?search=%20')).status).toBe(400);
    expect((await company.admin.get(`/api/users?search=${'a'.repeat(101)}`)).status).toBe(400);
  });

  it('finds nobody of another company, whatever is searched for', async () => {
    const [acme, globex] = [await world.company('Acme'), await world.company('Globex')];
    const theirs = await somebody(globex, { email: `wanted@${globex.domain}` });
    const search = async (person: Person, text: string) =>
      (await person.get(`/api/users?limit=100&search=${encodeURIComponent(text)}`)).body.data.map(({ id }: { id: string }) => id);
    expect(await search(globex.admin, 'wanted')).toEqual([theirs]);
    expect(await search(acme.admin, 'wanted')).toEqual([]);
    expect(await search(acme.admin, '@')).toEqual([acme.admin.id]);
  });

  it('takes 1 and 100, and 50 when nothing is said', async () => {
    const admin = await anyAdmin();
    await admin.company.sql(
      `insert into user_account (id, email, email_canonical, full_name, role) select app.uuidv7(), n || '@x.test', n || '@x.test', 'P' || n, 'user' from generate_series(1, 104) n`,
    );
    const counts = await Promise.all(
      ['?limit=1', '?limit=100', ''].map(async (query) => (await admin.get(`/api/users${query}`)).body.data.length),
    );
    expect(counts).toEqual([1, 100, 50]);
  });

  let one: Promise<Person> | undefined;
  const anyAdmin = () => (one ??= world.company().then(({ admin }) => admin));
});

describe('The company', () => {
  it('keeps both of two changes made at once', async () => {
    const { admin, id } = await world.company();
    const answers = await world.race(id, 'tenant', id, [
      () => admin.patch('/api/company', { policy: { mfa: { manager: 'required' } } }),
      () => admin.patch('/api/company', { policy: { totp_window: 0 } }, 1),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect((await admin.get('/api/company')).body.policy).toMatchObject({ mfa: { manager: 'required' }, totp_window: 0 });
  });

  it('shows itself, and changes its name and policy piece by piece', async () => {
    const { admin, id, domain } = await world.company('Acme');
    const before = (await admin.get('/api/company')).body;
    expect(before).toMatchObject({
      id,
      name: 'Acme',
      domain,
      policy: { mfa: { admin: 'optional', manager: 'optional', user: 'optional' }, totp_window: 1 },
    });
    expect((await admin.patch('/api/company', { name: ' Acme & Sons ' })).body).toEqual({ ...before, name: 'Acme & Sons' });
    expect((await admin.patch('/api/company', { policy: { mfa: { manager: 'required' } } })).body.policy.mfa).toEqual({
      admin: 'optional',
      manager: 'required',
      user: 'optional',
    });
    expect((await admin.patch('/api/company', { policy: { totp_window: 0 } })).body.policy).toMatchObject({
      mfa: { admin: 'optional', manager: 'required', user: 'optional' },
      totp_window: 0,
    });
    expect((await admin.patch('/api/company', {})).body).toMatchObject({ name: 'Acme & Sons', policy: { totp_window: 0 } });
    expect((await admin.get('/api/users/me', 1)).body.company_name).toBe('Acme & Sons');
    expect((await admin.get('/api/company', 1)).body).toMatchObject({ name: 'Acme & Sons', created_at: before.created_at });
    const trail = await admin.company.sql(`select details from audit_event where action = 'company.updated' order by id`);
    expect(trail.slice(0, 3)).toEqual([
      { details: { fields: ['name'] } },
      { details: { fields: ['policy.mfa'] } },
      { details: { fields: ['policy.totp_window'] } },
    ]);
  });

  it('says where its messages may go, what they may cost and how they look, and takes each back with null', async () => {
    const { admin } = await world.company();
    const unset = {
      default_region: null,
      allowed_countries: null,
      daily_send_budget: null,
      allowed_factors: null,
      web_otp_domain: null,
      sms_app_hash: null,
      sender_name: null,
    };
    expect((await admin.get('/api/company')).body.policy).toMatchObject(unset);
    const decided = {
      default_region: 'ES',
      allowed_countries: ['ES', 'PT'],
      daily_send_budget: 12.3456,
      allowed_factors: ['totp', 'sms'],
      web_otp_domain: 'login.acme.test',
      sms_app_hash: 'FA+9qCX9VSu',
      sender_name: 'Zoë & Co',
    };
    const { status, body } = await admin.patch('/api/company', { policy: { ...decided, web_otp_domain: 'Login.Acme.test.' } });
    expect([status, body.policy]).toEqual([200, expect.objectContaining(decided)]);
    for (const [name, value] of Object.entries(decided)) {
      expect((await admin.get('/api/company', 1)).body.policy[name]).toEqual(value);
      expect((await admin.patch('/api/company', { policy: { [name]: null } })).body.policy[name]).toBeNull();
    }
    expect((await admin.get('/api/company')).body.policy).toMatchObject(unset);
  });

  it.each<[object, string]>([
    [{ domain: 'evil.test' }, 'domain'],
    [{ id: uuidv7() }, 'id'],
    [{ created_at: '2020-01-01T00:00:00Z' }, 'created_at'],
    [{ name: '' }, 'name'],
    [{ name: '   ' }, 'name'],
    [{ name: 'x'.repeat(201) }, 'name'],
    [{ name: null }, 'name'],
    [{ policy: { totp_window: 2 } }, 'totp_window'],
    [{ policy: { totp_window: -1 } }, 'totp_window'],
    [{ policy: { mfa: { user: 'never' } } }, 'policy.mfa.user'],
    [{ policy: { mfa: { owner: 'required' } } }, 'owner'],
    [{ policy: { password: 'none' } }, 'password'],
    [{ policy: [] }, 'policy'],
    [{ name: 'Acme\r\nBcc: eve@evil.test' }, 'name'],
    [{ policy: { default_region: 'ZZ' } }, 'policy.default_region'],
    [{ policy: { allowed_countries: ['ES', 'XX'] } }, 'policy.allowed_countries.1'],
    [{ policy: { daily_send_budget: -1 } }, 'policy.daily_send_budget'],
    [{ policy: { daily_send_budget: 0.00001 } }, 'policy.daily_send_budget'],
    [{ policy: { allowed_factors: ['TOTP'] } }, 'policy.allowed_factors.0'],
    [{ policy: { web_otp_domain: 'not a domain' } }, 'policy.web_otp_domain'],
    [{ policy: { sms_app_hash: 'short' } }, 'policy.sms_app_hash'],
    [{ policy: { sender_name: 'a\nb' } }, 'policy.sender_name'],
  ])('refuses %j and names what is wrong', async (change, named) => {
    const admin = await anyAdmin();
    const before = (await admin.get('/api/company')).body;
    const { status, body } = await admin.patch('/api/company', change);
    expect([status, body.code]).toEqual([400, 'request.invalid']);
    expect(JSON.stringify(body.errors)).toContain(named);
    expect((await admin.get('/api/company')).body).toEqual(before);
  });

  let one: Promise<Person> | undefined;
  const anyAdmin = () => (one ??= world.company().then(({ admin }) => admin));
});
