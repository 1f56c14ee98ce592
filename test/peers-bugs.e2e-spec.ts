import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { v7 as uuidv7 } from 'uuid';
import { linkOf, opaqueToken } from './support/forged.js';
import { ownApi, type OwnProcess } from './support/own-process.js';
import { raw } from './support/raw.js';
import { Authenticator } from './simulators/authenticator.js';
import { options } from './support/passkeys.js';
import { type Answer, Company, PASSWORD, Person, World } from './support/world.js';

/** What went wrong in other systems, as classes: docs/security.md names the advisories. */
const NEXT = 'another long walk, by day';
const document = JSON.parse(readFileSync(join(import.meta.dirname, '..', 'openapi.json'), 'utf8'));
const resolved = (schema: any) => (schema?.$ref ? document.components.schemas[schema.$ref.split('/').at(-1)] : schema);
const operations = Object.entries<Record<string, any>>(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
);

let world: World;
beforeAll(() => {
  world = new World();
});
afterAll(() => world.stop());

const outcome = ({ status, body }: Answer) => (status < 300 ? 'accepted' : body.code);
const claims = (token: string) => JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString());
const me = (token: string) => world.call('GET', '/api/users/me', { token });
const refresh = (refresh_token: string, at = 0) => world.call('POST', '/api/auth/refresh', { body: { refresh_token }, at });
/** The same person, signed in once more. */
const another = async (person: Person): Promise<Person> => {
  const twin = new Person(world, person.company, person.id, person.email, person.role);
  await twin.signsIn();
  return twin;
};

describe('Whoever has a second factor is asked for it', () => {
  type Standing = 'stands' | 'rests' | 'begun';
  const SETS: [string, Record<string, Standing>, asked: boolean][] = [
    ['nothing', {}, false],
    ['an app that was only begun', { totp: 'begun' }, false],
    ['backup codes alone', { backup_codes: 'stands' }, false],
    ['an app', { totp: 'stands' }, true],
    ['texts', { sms: 'stands' }, true],
    ['calls', { voice: 'stands' }, true],
    ['e-mail', { email: 'stands' }, true],
    ['Telegram', { telegram: 'stands' }, true],
    ['an app and texts', { totp: 'stands', sms: 'stands' }, true],
    ['e-mail and backup codes', { email: 'stands', backup_codes: 'stands' }, true],
    ['an app that rests', { totp: 'rests' }, true],
    ['an app that rests, and backup codes', { totp: 'rests', backup_codes: 'stands' }, true],
    ['an app, and texts that were only begun', { totp: 'stands', sms: 'begun' }, true],
  ];
  const holds = async (person: Person, factors: Record<string, Standing>) => {
    for (const [type, standing] of Object.entries(factors))
      await person.company.sql(
        `insert into mfa_factor (id, user_id, type, state, confirmed_at, disabled_at, failures)
         values ($1, $2, $3, 'x', case when $4 <> 'begun' then now() end, case when $4 = 'rests' then now() end, case when $4 = 'rests' then 100 else 0 end)`,
        [uuidv7(), person.id, type, standing],
      );
  };

  it.each(SETS)('whatever it is, and however lax or strict the company: %s', async (_, factors, asked) => {
    for (const policy of ['optional', 'required']) {
      const company = await world.company();
      const person = await company.person();
      await company.admin.patch('/api/company', { policy: { mfa: { user: policy } } });
      await holds(person, factors);
      const before = await company.sql('select from session where user_id = $1', [person.id]);
      const { status, body } = await person.login();
      const enrolls = policy === 'required' && !asked;
      expect([policy, status, body.mfa_required, body.enrollment_required ?? false]).toEqual([policy, 200, asked || enrolls, enrolls]);
      if (!asked && !enrolls) {
        expect(claims(body.access_token)).toMatchObject({ amr: ['pwd'], acr: 'urn:watchword:acr:1' });
        continue;
      }
      expect([body.refresh_token, body.access_token]).toEqual(['', body.mfa_token]);
      expect((await me(body.access_token)).body).toMatchObject({ status: 403, code: 'auth.mfa_required' });
      expect(await company.sql('select from session where user_id = $1', [person.id]), 'and no session stands').toHaveLength(before.length);
    }
  });

  it('at every door that gives tokens, and there are no others', async () => {
    const gives = operations.filter(({ operation }) =>
      Object.entries<any>(operation.responses).some(
        ([status, { content }]) => status.startsWith('2') && resolved(content?.['application/json']?.schema)?.properties?.access_token,
      ),
    );
    // Of these, refresh and step-up are for who is signed in, verify-mfa is where the factor is asked for, and what comes back from a provider
    // is tried in open-id.e2e-spec.ts. A passkey is both steps at once: passkeys.e2e-spec.ts.
    expect(gives.map(({ method, path }) => `${method} ${path}`).toSorted()).toEqual([
      'POST /api/auth/login',
      'POST /api/auth/oidc/exchange',
      'POST /api/auth/passkey/login',
      'POST /api/auth/refresh',
      'POST /api/auth/step-up',
      'POST /api/auth/verify-mfa',
    ]);
    const company = await world.company();
    const person = await company.person();
    await person.enablesTotp();
    const { email, company: own } = person;
    const login = (body: object = {}, headers: Record<string, string> = {}) =>
      world.call('POST', '/api/auth/login', { body: { email, password: PASSWORD, ...body }, headers });
    const ways = [
      () => login(),
      () => login({ company_domain: own.domain }),
      () => login({}, { 'x-tenant-id': own.id }),
      () => login({}, { 'x-session-mode': 'cookie' }),
      () => login({ device_token: opaqueToken(world.stack.env, 'trusted-device', own.id, uuidv7()) }),
      () => login({ mfa_required: false, amr: ['pwd', 'otp', 'mfa'], factor_id: person.factorId }),
    ];
    for (const [at, way] of ways.entries()) {
      const { status, body, headers } = await way();
      expect([at, status, body.mfa_required, body.refresh_token, headers.getSetCookie()]).toEqual([at, 200, true, '', []]);
      expect((await me(body.access_token)).status).toBe(403);
    }
    const reset = await linkOf(company, 'reset_password', { userId: person.id, email });
    const chosen = await world.call('POST', '/api/auth/reset-password', { body: { token: reset, new_password: NEXT } });
    expect([chosen.status, Object.keys(chosen.body)]).toEqual([200, ['message', 'detail']]);
    expect((await login({ password: NEXT })).body).toMatchObject({ mfa_required: true, refresh_token: '' });
  });

  it('where a wait begins between the two steps, after it', async () => {
    const person = await (await world.company()).person();
    await person.enablesTotp();
    const [pending, code] = [await person.pendingToken(), await person.code()];
    await person.hasFailed('mfa', 10, 60);
    expect(outcome(await person.verify(pending, code))).toBe('mfa.too_many_attempts');
    expect(await person.company.sql('select from session where user_id = $1', [person.id]), 'the one that set it up').toHaveLength(1);
    await person.hasFailed('mfa', 10);
    expect(outcome(await person.verify(await person.pendingToken(), code)), 'nothing was spent').toBe('accepted');
  });

  it('and their password stands nowhere meanwhile', async () => {
    const domain = `${uuidv7()}.test`;
    const [email, password] = [`ada@${domain}`, `clear-${uuidv7()}`];
    const body = { email, password, full_name: 'Ada', company_name: 'Acme', company_domain: domain };
    const { body: user } = await world.call('POST', '/api/auth/register', { body });
    const login = () => world.call('POST', '/api/auth/login', { body: { email, password } });
    const person = new Person(world, new Company(world, user.company_id, domain), user.id, email, 'admin');
    person.token = (await login()).body.access_token;
    await person.enablesTotp();
    const { body: due } = await login();
    expect(due.mfa_required).toBe(true);
    const forms = [password, Buffer.from(password).toString('hex'), Buffer.from(password).toString('base64').slice(0, -4)];
    for (const form of forms) expect(JSON.stringify(claims(due.mfa_token))).not.toContain(form);
    const { rows } = await world.superuser.query<{ name: string }>(
      `select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where c.relkind in ('r', 'm') and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')`,
    );
    expect(rows.map(({ name }) => name)).toEqual(expect.arrayContaining(['public.sign_in', 'public.session', 'public.audit_event']));
    for (const { name } of rows)
      for (const form of forms)
        expect((await world.superuser.query(`select from ${name} t where strpos(t::text, $1) > 0`, [form])).rowCount, name).toBe(0);
  });
});

describe('A session', () => {
  type Ending = [string, (cast: { company: Company; person: Person; other: Person; sessionId: string }, at: number) => Promise<Answer>];
  const ENDINGS: Ending[] = [
    ['signed out', ({ person }, at) => person.post('/api/auth/logout', {}, at)],
    ['signed out everywhere', ({ other }, at) => other.post('/api/auth/logout-all', {}, at)],
    ['ended in the list', ({ other, sessionId }, at) => other.delete(`/api/auth/sessions/${sessionId}`, undefined, at)],
    [
      'under another password',
      ({ other }, at) => other.post('/api/auth/change-password', { current_password: PASSWORD, new_password: NEXT }, at),
    ],
    [
      'of a forgotten password',
      async ({ company, person }, at) =>
        world.call('POST', '/api/auth/reset-password', {
          body: { token: await linkOf(company, 'reset_password', { userId: person.id, email: person.email }), new_password: NEXT },
          at,
        }),
    ],
    ['of somebody who is shut out', ({ company, person }, at) => company.admin.post(`/api/users/${person.id}/deactivate`, {}, at)],
    ['of somebody whose factors are reset', ({ company, person }, at) => company.admin.post(`/api/users/${person.id}/mfa/reset`, {}, at)],
    ['of somebody who is deleted', ({ company, person }, at) => company.admin.delete(`/api/users/${person.id}`, undefined, at)],
  ];

  it.each(ENDINGS)('that is %s while it is refreshed has ended', async (_, ends) => {
    for (const first of [0, 3]) {
      const company = await world.company();
      const person = await company.person();
      const other = await another(person);
      const sessionId = claims(person.token).sid;
      const requests = Array.from(
        { length: 6 },
        (__, at) => () => (at === first ? ends({ company, person, other, sessionId }, at) : refresh(person.refreshToken, at)),
      );
      const answers = await world.race(company.id, 'session', sessionId, requests);
      expect([200, 204]).toContain(answers[first]!.status);
      for (const { body } of answers.toSpliced(first, 1)) {
        if (body?.refresh_token) expect((await refresh(body.refresh_token, 1)).status).toBe(401);
        if (body?.access_token) expect((await me(body.access_token)).status).toBe(401);
      }
      expect((await refresh(person.refreshToken)).status).toBe(401);
      expect((await me(person.token)).status).toBe(401);
    }
  });

  it('is made at the sign-in: none that somebody prepared is taken over', async () => {
    const company = await world.company();
    const [eve, ada] = [await company.person(), await company.person()];
    await ada.enablesTotp();
    const planted = claims(eve.token).sid;
    const cookie = `__Host-watchword-refresh=${eve.refreshToken}; session=${planted}`;
    const prepared = { session_id: planted, sid: planted, refresh_token: eve.refreshToken };
    const headers = { cookie, 'x-session-id': planted, 'x-session-mode': 'cookie' };
    const { body: due } = await world.call('POST', '/api/auth/login', {
      body: { email: ada.email, password: PASSWORD, ...prepared },
      headers,
    });
    const { body, status } = await world.call('POST', '/api/auth/verify-mfa', {
      token: due.mfa_token,
      body: { code: await ada.code(), ...prepared },
      headers,
    });
    expect(status).toBe(200);
    const { sid, sub } = claims(body.access_token);
    expect([sub, sid === planted, sid === claims(due.mfa_token).jti]).toEqual([ada.id, false, false]);
    const theirs = await refresh(eve.refreshToken);
    expect(claims(theirs.body.access_token)).toMatchObject({ sub: eve.id, sid: planted });
    expect(outcome(await world.call('POST', '/api/auth/verify-mfa', { token: due.mfa_token, body: { code: ada.backupCodes[0] } }))).toBe(
      'mfa.sign_in_over',
    );
  });
});

describe('A token', () => {
  it('of each kind opens its own door and no other', async () => {
    const { env } = world.stack;
    const company = await world.company();
    await company.admin.patch('/api/company', { policy: { remember_device_days: 30, mfa: { user: 'required' } } });
    const { admin: person } = company;
    const [mustEnroll, verifies, changes, resets] = [
      await company.person(),
      await company.person(),
      await company.person(),
      await company.person(),
    ];
    await person.enablesTotp();
    const remembered = await world.call('POST', '/api/auth/verify-mfa', {
      token: await person.pendingToken(),
      body: { code: await person.code(), remember_device: true },
    });
    await person.signsIn();
    const cookies = await world.call('POST', '/api/auth/login', {
      body: { email: person.email, password: PASSWORD, totp_code: person.backupCodes[1] },
      headers: { 'x-session-mode': 'cookie' },
    });
    const invited = `invited@${company.domain}`;
    const kinds: Record<string, string> = {
      access: person.token,
      pending: await person.pendingToken(),
      enrolment: (await mustEnroll.login()).body.mfa_token,
      refresh: person.refreshToken,
      device: remembered.body.device_token,
      key: (await company.apiKey()).key,
      csrf: cookies.body.csrf_token,
      cursor: (await person.get('/api/users?limit=1')).body.next_cursor,
      'link to verify': await linkOf(company, 'verify_email', { userId: verifies.id, email: verifies.email }),
      'link to change': await linkOf(company, 'change_email', { userId: changes.id, email: `new-${changes.email}` }),
      'link to reset': await linkOf(company, 'reset_password', { userId: resets.id, email: resets.email }),
      invitation: await linkOf(company, 'invitation', { email: invited }),
      passkey: (await options(world)).passkey_token,
      'outside state': opaqueToken(env, 'outside-state', company.id, uuidv7()),
      'outside code': opaqueToken(env, 'outside-code', company.id, uuidv7()),
    };
    for (const [kind, token] of Object.entries(kinds)) expect([kind, typeof token, token?.length > 20]).toEqual([kind, 'string', true]);
    const open = (path: string, body: object) => world.call('POST', path, { body });
    const code = person.backupCodes[0]!;
    const handle = 'x'.repeat(43);
    const doors: Record<string, { own: string[]; knock: (token: string) => Promise<Answer> }> = {
      'a route of people': { own: ['access'], knock: (token) => me(token) },
      'a route of applications': {
        own: ['key'],
        knock: (token) => world.call('GET', '/api/api-key', { headers: { 'x-api-key': token } }),
      },
      'the second factor': { own: ['pending'], knock: (mfa_token) => open('/api/auth/verify-mfa', { code, mfa_token }) },
      'the second factor, as a header': { own: ['pending'], knock: (token) => person.verify(token, code) },
      'a refresh': { own: ['refresh'], knock: (refresh_token) => open('/api/auth/refresh', { refresh_token }) },
      'a remembered device': { own: ['device'], knock: (device_token) => person.login({ device_token }) },
      'an address to confirm': {
        own: ['link to verify', 'link to change'],
        knock: (token) => open('/api/auth/verify-email', { token }),
      },
      'a new password': { own: ['link to reset'], knock: (token) => open('/api/auth/reset-password', { token, new_password: NEXT }) },
      'a look at an invitation': { own: ['invitation'], knock: (token) => open('/api/auth/invitation', { token }) },
      'an invitation': {
        own: ['invitation'],
        knock: (token) => open('/api/auth/accept-invitation', { token, full_name: 'Eve', password: NEXT }),
      },
      'a sign-in from outside': { own: [], knock: (text) => open('/api/auth/oidc/exchange', { code: text, handle }) },
      'the way back from outside': {
        own: [],
        knock: (state) => world.call('GET', `/api/auth/oidc/callback/${uuidv7()}?code=x&state=${encodeURIComponent(state)}`),
      },
      'a passkey': {
        own: [],
        knock: (passkey_token) =>
          open('/api/auth/passkey/login', { passkey_token, credential: new Authenticator().get({ challenge: passkey_token }) }),
      },
      'a page of a list': { own: ['cursor'], knock: (cursor) => person.get(`/api/users?limit=1&cursor=${encodeURIComponent(cursor)}`) },
      'a receipt of a vendor': {
        own: [],
        knock: (token) => world.call('POST', `/api/callbacks/vonage-sms/${encodeURIComponent(token)}`, { body: {} }),
      },
    };
    const isOpen = ({ status, body }: Answer) => status < 300 && body?.mfa_required !== true;
    let knocks = 0;
    for (const [door, { own, knock }] of Object.entries(doors))
      for (const [kind, token] of Object.entries(kinds)) {
        if (own.includes(kind)) continue;
        const answer = await knock(token);
        expect([kind, 'at', door, isOpen(answer), answer.status < 500]).toEqual([kind, 'at', door, false, true]);
        knocks++;
      }
    expect(knocks).toBeGreaterThan(150);
    expect((await person.failures('mfa')).failures, 'no code was looked at').toBe(0);
    // None of that has spent or ended anything.
    for (const [door, { own, knock }] of Object.entries(doors).filter(([name]) => !name.endsWith('as a header')))
      for (const kind of own) expect([kind, 'at', door, isOpen(await knock(kinds[kind]!))]).toEqual([kind, 'at', door, true]);
  });

  it('of a link is for the one it was made for, whoever else is named beside it or in it', async () => {
    const company = await world.company();
    const [mine, theirs] = [await company.person(), await company.person()];
    const stranger = await (await world.company()).person();
    const token = await linkOf(company, 'reset_password', { userId: mine.id, email: mine.email });
    const bytes = Buffer.from(token, 'base64url');
    const link = await linkOf(company, 'reset_password', { userId: theirs.id, email: theirs.email });
    /** The ids of another link, and one's own secret and proof. */
    const spliced = Buffer.concat([Buffer.from(link, 'base64url').subarray(0, 32), bytes.subarray(32)]).toString('base64url');
    const reset = (text: string, more: object = {}) =>
      world.call('POST', '/api/auth/reset-password', { body: { token: text, new_password: NEXT, ...more } });
    expect(outcome(await reset(spliced))).toBe('auth.invalid_link');
    for (const other of [theirs, stranger]) {
      const more = { user_id: other.id, email: other.email, sub: other.id, company_domain: other.company.domain, id: other.id };
      expect([200, 400]).toContain(
        (await reset(await linkOf(company, 'reset_password', { userId: mine.id, email: mine.email }), more)).status,
      );
      expect((await other.login()).status, 'their password stands').toBe(200);
      expect((await other.login({ password: NEXT })).status).toBe(401);
    }
    expect((await mine.login({ password: NEXT })).status).toBe(200);
  });

  it('that lets its owner choose a password is over once the password was changed', async () => {
    const company = await world.company();
    const person = await company.person();
    const link = () => linkOf(company, 'reset_password', { userId: person.id, email: person.email });
    const [older, newer] = [await link(), await link()];
    const moves = await linkOf(company, 'change_email', { userId: person.id, email: `eve@${company.domain}` });
    const reset = (token: string) => world.call('POST', '/api/auth/reset-password', { body: { token, new_password: `${NEXT}!` } });
    expect(outcome(await person.post('/api/auth/change-password', { current_password: PASSWORD, new_password: NEXT }))).toBe('accepted');
    for (const token of [older, newer]) expect(outcome(await reset(token))).toBe('auth.invalid_link');
    expect(outcome(await world.call('POST', '/api/auth/verify-email', { body: { token: moves } })), 'another e-mail').toBe(
      'auth.invalid_link',
    );
    expect((await person.login({ password: NEXT })).status).toBe(200);
    const [used, beside] = [await link(), await link()];
    expect(outcome(await reset(used))).toBe('accepted');
    for (const token of [used, beside]) expect(outcome(await reset(token)), 'nor with a sibling').toBe('auth.invalid_link');
  });

  it('of a link is over for somebody who was shut out, also once they are let in again', async () => {
    const company = await world.company();
    const person = await company.person();
    const [resets, moves] = [
      await linkOf(company, 'reset_password', { userId: person.id, email: person.email }),
      await linkOf(company, 'change_email', { userId: person.id, email: `eve@${company.domain}` }),
    ];
    await company.admin.post(`/api/users/${person.id}/deactivate`);
    await company.admin.post(`/api/users/${person.id}/activate`);
    const reset = await world.call('POST', '/api/auth/reset-password', { body: { token: resets, new_password: NEXT } });
    const moved = await world.call('POST', '/api/auth/verify-email', { body: { token: moves } });
    expect([outcome(reset), outcome(moved)]).toEqual(['auth.invalid_link', 'auth.invalid_link']);
    expect((await person.login()).status).toBe(200);
  });
});

describe('An address written another way', () => {
  let api: OwnProcess;
  beforeAll(async () => {
    api = await ownApi({ TRUSTED_PROXIES: '127.0.0.1', RATE_LIMIT_SCALE: '1', RATE_LIMIT_IP: '1000', RATE_LIMIT_SIGN_IN: '2' });
  });
  afterAll(() => api.stop());

  const spellings = (path: string) => [
    `/${path}`,
    path.replace(/^\//, '///'),
    path.replaceAll('/', '//'),
    `${path}/`,
    `${path}//`,
    `${path}/.`,
    `/.${path}`,
    `/x/..${path}`,
    path.toUpperCase() === path ? path.toLowerCase() : path.toUpperCase(),
    `${path};x=1`,
    `${path}%2f`,
    `${path}%00`,
    path.replace('/', '/\\'),
    path.replace(/[a-z]/, (letter) => `%${letter.charCodeAt(0).toString(16)}`),
    `http://elsewhere.test${path}`,
  ];
  const asked = (url: string, method: string, path: string, from?: string) =>
    raw(
      url,
      `${method} ${path} HTTP/1.1\r\nhost: a\r\n${from ? `x-forwarded-for: ${from}\r\n` : ''}${method === 'GET' ? '' : 'content-type: application/json\r\ncontent-length: 2\r\n'}\r\n${method === 'GET' ? '' : '{}'}`,
    );

  it('is no address, or has the guard of its route', { timeout: 120_000 }, async () => {
    const closed = operations.filter(({ operation }) => operation.security);
    const tries = closed.flatMap(({ method, path }) =>
      spellings(path.replaceAll(/\{\w+\}/g, '01900000-0000-7000-8000-000000000001')).map((spelling) => ({ method, spelling })),
    );
    const counts: Record<number, number> = {};
    const open: unknown[] = [];
    let next = 0;
    const worker = async () => {
      for (let at = next++; at < tries.length; at = next++) {
        const { method, spelling } = tries[at]!;
        const { status } = await asked(world.stack.urls[at % 2]!, method, spelling);
        counts[status] = (counts[status] ?? 0) + 1;
        if (![400, 401, 404].includes(status)) open.push([method, spelling, status]);
      }
    };
    await Promise.all(Array.from({ length: 12 }, worker));
    expect(open).toEqual([]);
    expect(tries.length).toBeGreaterThan(1_000);
    expect(counts[401], 'some spellings are the same address').toBeGreaterThan(0);
  });

  it('slips past no limit: what is the same route counts as it, and the rest is none', async () => {
    const from = '198.51.100.200';
    const login = (path: string) => asked(api.url, 'POST', path, from);
    expect([(await login('/api/auth/login')).status, (await login('/api/auth/login')).status]).toEqual([400, 400]);
    expect((await login('/api/auth/login')).status).toBe(429);
    for (const spelling of spellings('/api/auth/login')) expect([404, 429, 400], spelling).toContain((await login(spelling)).status);
    const encoded = spellings('/api/auth/login').find((spelling) => /%6/.test(spelling))!;
    expect((await login(encoded)).status, 'the same route').toBe(429);
  });

  it('breaks nothing where vendors call', async () => {
    for (const path of ['/events', '/api/callbacks/vonage-sms/token', '/api/callbacks/azure-sms/token'])
      for (const spelling of [path, ...spellings(path)])
        for (const method of ['POST', 'GET']) {
          const { status } = await asked(world.stack.urls[0]!, method, spelling);
          expect([400, 401, 403, 404], `${method} ${spelling}`).toContain(status);
        }
  });
});
