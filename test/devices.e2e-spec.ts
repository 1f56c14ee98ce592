import { type Answer, PASSWORD, type Person, World } from './support/world.js';

const outcome = ({ status, body }: Answer) => (status < 300 ? status : body.code);
const claims = (token: string) => JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString());

let world: World;
beforeAll(() => {
  world = new World();
});
afterAll(() => world.stop());

describe('A session that proves again whose it is', () => {
  const stepUp = (person: Person, body: object) => person.post('/api/auth/step-up', body);

  it('may set factors up again, and is told how when it may not', async () => {
    const company = await world.company();
    const person = await company.person();
    await company.sql(`update session set auth_time = now() - interval '16 minutes' where user_id = $1`, [person.id]);
    const refused = await person.post('/api/auth/mfa/setup');
    expect([refused.status, refused.body.code]).toEqual([403, 'mfa.fresh_sign_in_required']);
    expect(refused.headers.get('www-authenticate')).toBe('Bearer error="insufficient_user_authentication", max_age="900"');
    expect(outcome(await stepUp(person, { password: 'wrong' }))).toBe('auth.wrong_password');
    expect((await person.post('/api/auth/mfa/setup')).status).toBe(403);
    expect((await stepUp(person, { password: PASSWORD })).body).toMatchObject({ acr: 'urn:watchword:acr:1', amr: ['pwd'] });
    expect((await person.post('/api/auth/mfa/setup')).status, 'the session, whatever its token').toBe(200);
  });

  it('takes the second factor of whoever has one, and its code once', async () => {
    const company = await world.company();
    const person = await company.person();
    const other = new (person.constructor as typeof Person)(world, company, person.id, person.email, 'user');
    await other.signsIn();
    await person.enablesTotp();
    expect(outcome(await stepUp(other, { password: PASSWORD }))).toBe('auth.mfa_required');
    expect(outcome(await stepUp(other, { code: '000000' }))).toBe('mfa.wrong_code');
    const code = await person.code();
    const answers = await Promise.all([0, 1, 0, 1].map((at) => other.post('/api/auth/step-up', { code }, at)));
    expect(answers.map(outcome).toSorted()).toEqual([200, ...Array(3).fill('mfa.wrong_code')]);
    const raised = answers.find(({ status }) => status === 200)!.body;
    expect(claims(raised.access_token)).toMatchObject({
      amr: ['pwd', 'otp', 'mfa'],
      acr: 'urn:watchword:acr:2',
      sid: claims(other.token).sid,
    });
    expect((await other.get('/api/auth/sessions')).body.find((session: any) => session.is_current).amr).toContain('mfa');
    expect(await company.actions()).toContain('auth.stepped_up');
  });

  it('is asked for one proof, not none and not two', async () => {
    const person = await (await world.company()).person();
    for (const body of [{}, { code: '123456', password: PASSWORD }]) expect(outcome(await stepUp(person, body))).toBe('request.invalid');
    expect((await world.call('POST', '/api/auth/step-up', { body: { password: PASSWORD } })).status).toBe(401);
  });
});

describe('A remembered device', () => {
  async function remembered(days = 30) {
    const company = await world.company();
    await company.admin.patch('/api/company', { policy: { remember_device_days: days } });
    const person = await company.person();
    await person.enablesTotp();
    const token = await person.pendingToken();
    const { body } = await world.call('POST', '/api/auth/verify-mfa', {
      token,
      body: { code: await person.code(), remember_device: true },
    });
    person.token = body.access_token;
    return { company, person, device: body.device_token as string };
  }
  const shows = (person: Person, device_token: string, more: object = {}) => person.login({ device_token, ...more });

  it('is not asked for the second factor, and is no second factor', async () => {
    const { person, device } = await remembered();
    const { status, body } = await shows(person, device);
    expect([status, body.mfa_required]).toEqual([200, false]);
    expect(claims(body.access_token)).toMatchObject({ amr: ['pwd', 'device'], acr: 'urn:watchword:acr:remembered-device' });
    const setup = await world.call('POST', '/api/auth/mfa/factors', { token: body.access_token, body: { type: 'totp' } });
    expect(setup.body.code, 'factors are not changed with it').toBe('mfa.fresh_sign_in_required');
    expect((await person.login()).body.mfa_required, 'nobody else').toBe(true);
    expect(outcome(await shows(person, device, { password: 'wrong' }))).toBe('auth.invalid_credentials');
  });

  it('is asked again once the company remembers devices for a shorter time', async () => {
    const { company, person, device } = await remembered(30);
    await company.sql(`update trusted_device set created_at = now() - interval '2 days'`);
    expect((await shows(person, device)).body.mfa_required).toBe(false);
    await company.admin.patch('/api/company', { policy: { remember_device_days: 1 } });
    expect((await shows(person, device)).body.mfa_required).toBe(true);
  });

  it('is of one person and one company alone', async () => {
    const { company, device } = await remembered();
    const another = await company.person();
    await another.enablesTotp();
    expect((await shows(another, device)).body.mfa_required).toBe(true);
    const { person: stranger } = await remembered();
    expect((await shows(stranger, device)).body.mfa_required).toBe(true);
    expect((await shows(stranger, `${device.slice(0, 40)}A${device.slice(41)}`)).body.mfa_required).toBe(true);
  });

  it.each<[string, (person: Person, company: Awaited<ReturnType<typeof remembered>>['company']) => Promise<unknown>]>([
    ['its owner forgets it', async (person) => person.delete(`/api/auth/devices/${(await person.get('/api/auth/devices')).body[0].id}`)],
    [
      'the password changes',
      (person) => person.post('/api/auth/change-password', { current_password: PASSWORD, new_password: 'a better horse 7' }),
    ],
    ['everything is signed out', (person) => person.post('/api/auth/logout-all')],
    ['a factor is removed', async (person) => person.delete(`/api/auth/mfa/factors/${person.factorId}`, { code: person.backupCodes[0] })],
    ['an administrator resets the factors', (person, company) => company.admin.post(`/api/users/${person.id}/mfa/reset`)],
    ['the company remembers none any more', (_, company) => company.admin.patch('/api/company', { policy: { remember_device_days: 0 } })],
    ['its time is over', (person, company) => company.sql('update trusted_device set expires_at = now() where user_id = $1', [person.id])],
  ])('is asked again once %s', async (what, does) => {
    const { company, person, device } = await remembered();
    await does(person, company);
    const password = what === 'the password changes' ? 'a better horse 7' : PASSWORD;
    if (/factor/.test(what)) {
      await person.login({ password });
      await company.sql('delete from mfa_factor where user_id = $1', [person.id]);
      person.token = (await person.login({ password })).body.access_token;
      await person.enablesTotp();
    }
    expect((await shows(person, device, { password })).body.mfa_required).toBe(true);
  });

  it('is shown to its owner and to nobody else', async () => {
    const { company, person } = await remembered();
    const { body } = await person.get('/api/auth/devices');
    expect(body).toMatchObject([{ device: expect.any(String), last_used_at: null }]);
    const another = await company.person();
    expect((await another.get('/api/auth/devices')).body).toEqual([]);
    expect(outcome(await another.delete(`/api/auth/devices/${body[0].id}`))).toBe('auth.device_not_found');
  });

  it('is remembered where the company lets it, and nowhere else', async () => {
    const { device } = await remembered(0);
    expect(device).toBeUndefined();
  });
});

describe('Sessions', () => {
  it('are as many and as long as the company lets them, and the oldest ends', async () => {
    const company = await world.company();
    await company.admin.patch('/api/company', { policy: { max_sessions: 2, session_hours: 1 } });
    const person = await company.person();
    const first = person.token;
    await person.signsIn();
    const second = person.token;
    await person.signsIn();
    const alive = await Promise.all(
      [first, second, person.token].map(async (token) => (await world.call('GET', '/api/users/me', { token })).status),
    );
    expect(alive).toEqual([401, 200, 200]);
    const [newest] = (await person.get('/api/auth/sessions')).body;
    const hours = (Date.parse(newest.expires_at) - Date.parse(newest.created_at)) / 3_600_000;
    expect(hours).toBeCloseTo(1, 2);
  });

  it('say in words on what they were opened', async () => {
    const person = await (await world.company()).person();
    await world.call('POST', '/api/auth/login', {
      body: { email: person.email, password: PASSWORD },
      headers: {
        'user-agent':
          'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15',
      },
    });
    expect((await person.get('/api/auth/sessions')).body[0].device).toBe('Safari on macOS');
  });
});
