import { v7 as uuidv7 } from 'uuid';
import { type Answer, PASSWORD, type Person, World } from './support/world.js';

const outcome = ({ status, body }: Answer) => (status < 300 ? 'accepted' : body.code);

let world: World;
beforeAll(() => {
  world = new World();
});
afterAll(() => world.stop());

describe('A company that demands a second factor', () => {
  const demands = (admin: Person, ...roles: string[]) =>
    admin.patch('/api/company', { policy: { mfa: Object.fromEntries(roles.map((role) => [role, 'required'])) } });
  /** Every route that wants a token, asked with this one; what was not refused for want of a factor. */
  const opened = async (person: Person, refusal: string): Promise<string[]> => {
    const { body: api } = await world.call('GET', '/openapi.json');
    const found: string[] = [];
    let asked = 0;
    for (const [path, methods] of Object.entries<Record<string, { security?: unknown[] }>>(api.paths))
      for (const [verb, { security }] of Object.entries(methods)) {
        const method = verb.toUpperCase();
        if (!security?.length || path.startsWith('/api/auth/logout') || path === '/api/auth/verify-mfa') continue; // a session's end comes last
        asked++;
        const answer = await world.call(method, path.replaceAll(/\{[^}]+\}/g, uuidv7()), {
          token: person.token,
          ...(method !== 'GET' && { body: {} }),
        });
        // Routes of other systems' refuse in those systems' words, without a code.
        if (answer.status === 403 && answer.body.code === (path.startsWith('/api/') ? refusal : undefined)) continue;
        found.push(`${method} ${path}`);
      }
    expect(asked).toBeGreaterThan(25);
    return found.toSorted();
  };

  it('demands it at the next request of a session that was opened before, which may set one up, see itself and leave', async () => {
    const company = await world.company();
    const [person, leaving] = [await company.person(), await company.person()];
    const other = person.token;
    await person.signsIn();
    expect((await person.get('/api/auth/sessions')).status).toBe(200);
    expect((await demands(company.admin, 'user')).status).toBe(200);
    for (const at of [0, 1]) expect(outcome(await person.get('/api/auth/sessions', at))).toBe('auth.mfa_enrollment_required');
    expect(await opened(person, 'auth.mfa_enrollment_required')).toEqual([
      'GET /api/auth/mfa/factors',
      'GET /api/users/me',
      'POST /api/auth/mfa/activate',
      'POST /api/auth/mfa/challenge',
      'POST /api/auth/mfa/enable',
      'POST /api/auth/mfa/factors',
      'POST /api/auth/mfa/factors/{id}/confirm',
      'POST /api/auth/mfa/setup',
      'POST /api/auth/step-up',
      'POST /api/sms-mfa/send-code',
      'POST /api/sms-mfa/setup',
      'POST /api/sms-mfa/verify',
    ]);
    expect(outcome(await leaving.post('/api/auth/logout'))).toBe('accepted');

    await person.enablesTotp();
    expect((await person.get('/api/auth/sessions')).status, 'set up in this one').toBe(200);
    person.token = other;
    expect(await opened(person, 'auth.mfa_required'), 'the factor there is must be used').toEqual([
      'GET /api/auth/mfa/factors',
      'GET /api/users/me',
      'POST /api/auth/mfa/challenge',
      'POST /api/auth/step-up',
    ]);
    expect(outcome(await person.post('/api/auth/logout-all'))).toBe('accepted');
    await person.signsIn();
    expect((await person.get('/api/auth/sessions')).status).toBe(200);
  });

  it('demands it of whoever demands it, and of a refreshed token alike', async () => {
    const { admin } = await world.company();
    expect((await demands(admin, 'admin')).status).toBe(200);
    expect(outcome(await admin.patch('/api/company', { policy: { mfa: { admin: 'optional' } } }))).toBe('auth.mfa_enrollment_required');
    const { body } = await world.call('POST', '/api/auth/refresh', { body: { refresh_token: admin.refreshToken } });
    expect(outcome(await world.call('GET', '/api/company', { token: body.access_token }))).toBe('auth.mfa_enrollment_required');
    await admin.enablesTotp(body.access_token);
    await admin.signsIn();
    expect((await admin.get('/api/company')).status).toBe(200);
  });

  it('demands it of the roles it names, as they are now', async () => {
    const company = await world.company();
    await demands(company.admin, 'manager');
    const person = await company.person();
    expect((await person.get('/api/auth/sessions')).status).toBe(200);
    expect((await company.admin.put(`/api/users/${person.id}/role`, { role: 'manager' })).status).toBe(200);
    expect(outcome(await person.get('/api/auth/sessions'))).toBe('auth.mfa_enrollment_required');
    expect((await company.admin.get('/api/company')).status, 'another role').toBe(200);
  });

  it('keeps the last factor that stands, whichever door it would leave by, and spends no code on saying so', async () => {
    const company = await world.company();
    const person = await company.person();
    await person.enablesTotp();
    await person.signsIn();
    await demands(company.admin, 'user');
    const code = await person.code();
    const removed = await person.delete(`/api/auth/mfa/factors/${person.factorId}`, { code });
    expect(removed.body).toMatchObject({ status: 409, code: 'mfa.required_by_policy' });
    const disabled = await person.post('/api/auth/mfa/disable', { password: PASSWORD, code });
    expect(disabled.body).toMatchObject({ status: 409, code: 'mfa.required_by_policy' });
    expect((await person.failures('mfa')).failures).toBe(0);
    const { body } = await person.get('/api/auth/mfa/factors');
    const backup = body.data.find(({ type }: { type: string }) => type === 'backup_codes');
    expect(outcome(await person.delete(`/api/auth/mfa/factors/${backup.id}`, { code })), 'what stands beside may go').toBe('accepted');

    await company.admin.patch('/api/company', { policy: { mfa: { user: 'optional' } } });
    expect(outcome(await person.delete(`/api/auth/mfa/factors/${person.factorId}`, { code: await person.code() }))).toBe('accepted');
  });

  it('lets one of two go, and of two that go at once, one', async () => {
    const company = await world.company();
    const person = await company.person();
    await person.enablesTotp();
    await person.signsIn();
    // A second kind of factor, as far as the database knows: it only has to stand.
    const other = uuidv7();
    await company.sql(
      `insert into mfa_factor (id, tenant_id, user_id, type, state, confirmed_at) select $1, tenant_id, user_id, 'another', state, now() from mfa_factor where id = $2`,
      [other, person.factorId],
    );
    await demands(company.admin, 'user');
    const remove = (id: string, code: string, at: number) => () => person.delete(`/api/auth/mfa/factors/${id}`, { code }, at);
    const [one, two] = [await person.code(), person.backupCodes[0]!];
    const answers = await world.race(company.id, 'user_account', person.id, [remove(person.factorId, one, 0), remove(other, two, 1)]);
    expect(answers.map(outcome).toSorted()).toEqual(['accepted', 'mfa.required_by_policy']);
    expect(
      await company.sql(`select type from mfa_factor where user_id = $1 and type <> 'backup_codes'`, [person.id]),
      'one stays',
    ).toHaveLength(1);
  });
});

describe('A second factor is set up', () => {
  const setUp = [
    ['/api/auth/mfa/setup', {}],
    ['/api/auth/mfa/factors', { type: 'totp' }],
    ['/api/auth/mfa/enable', { code: '000000' }],
    ['/api/auth/mfa/activate', { totp_code: '000000' }],
    [`/api/auth/mfa/factors/${uuidv7()}/confirm`, { code: '000000' }],
  ] as const;
  const ages = (person: Person, seconds: number) =>
    person.company.sql(`update session set auth_time = now() - $2 * interval '1 second' where user_id = $1`, [person.id, seconds]);

  it.each([
    ['without a factor', false],
    ['with one', true],
  ])('within 15 minutes of signing in, and by no session that was left open: by somebody %s', async (_, enrolled) => {
    const { admin } = await world.company();
    if (enrolled) await admin.enablesTotp();
    await admin.signsIn();
    await ages(admin, 890);
    expect((await admin.post('/api/auth/mfa/setup')).status).toBe(200);
    await ages(admin, 901);
    for (const [path, body] of setUp) {
      const answer = await admin.post(path, body);
      expect(answer.body, path).toMatchObject({
        status: 403,
        code: 'mfa.fresh_sign_in_required',
        detail: expect.stringMatching(/^Prove again who you are .* 15 min/),
      });
    }
    expect((await admin.get('/api/auth/mfa/factors')).status, 'looking is free').toBe(200);
    await admin.signsIn();
    expect((await admin.post('/api/auth/mfa/setup')).status).toBe(200);
  });

  it('and a refreshed token is as old as the sign-in it comes from', async () => {
    const { admin } = await world.company();
    await ages(admin, 901);
    const { body } = await world.call('POST', '/api/auth/refresh', { body: { refresh_token: admin.refreshToken } });
    const claims = JSON.parse(Buffer.from(body.access_token.split('.')[1], 'base64url').toString());
    expect(Math.floor(Date.now() / 1000) - claims.auth_time).toSatisfy((age: number) => age >= 900 && age < 930);
    expect(outcome(await world.call('POST', '/api/auth/mfa/setup', { token: body.access_token, body: {} }))).toBe(
      'mfa.fresh_sign_in_required',
    );
  });
});
