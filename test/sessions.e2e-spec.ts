import { randomBytes } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { type Answer, type Company, PASSWORD, Person, World } from './support/world.js';

describe('Sessions', () => {
  let world: World;
  beforeAll(() => {
    world = new World();
  });
  afterAll(() => world.stop());

  const refresh = (refresh_token: string, at = 0) => world.call('POST', '/api/auth/refresh', { body: { refresh_token }, at });
  const me = (token: string, at = 1) => world.call('GET', '/api/users/me', { token, at });
  const devices = (list: Answer) => list.body.map(({ device_name }: { device_name: string | null }) => device_name);
  /** The same person, signed in once more. */
  const another = async (person: Person, device_name = 'another device'): Promise<Person> => {
    const twin = new Person(world, person.company, person.id, person.email, person.role);
    const { body } = await person.login({ device_name });
    [twin.token, twin.refreshToken] = [body.access_token, body.refresh_token];
    return twin;
  };
  const refused = async (person: Person) => {
    for (const at of [0, 1]) expect((await me(person.token, at)).body).toMatchObject({ status: 401, code: 'auth.sign_in_required' });
    expect((await refresh(person.refreshToken, 1)).body).toMatchObject({ status: 401, code: 'auth.invalid_refresh_token' });
  };
  const stands = async (person: Person) => {
    for (const at of [0, 1]) expect((await me(person.token, at)).status).toBe(200);
  };
  const open = (company: Company) => company.sql('select from session where revoked_at is null');

  it('are listed with where, what and when, and say which is this one', async () => {
    const { admin } = await world.company();
    const phone = await another(admin, 'Phone');
    const list = await phone.get('/api/auth/sessions', 1);
    expect(list.status).toBe(200);
    expect(devices(list)).toEqual(['Phone', null]);
    expect(list.body[0]).toEqual({
      id: expect.any(String),
      ip_address: '127.0.0.1',
      user_agent: 'node',
      device: 'an unknown device',
      device_name: 'Phone',
      is_current: true,
      amr: ['pwd'],
      created_at: expect.stringMatching(/Z$/),
      last_seen_at: expect.stringMatching(/Z$/),
      expires_at: expect.stringMatching(/Z$/),
    });
    expect(list.body[1].is_current).toBe(false);
    const days = (Date.parse(list.body[0].expires_at) - Date.parse(list.body[0].created_at)) / 86_400_000;
    expect(Math.round(days)).toBe(7);
  });

  it('that one ends are over at the next request, on the other process too; the rest go on', async () => {
    const { admin } = await world.company();
    const phone = await another(admin, 'Phone');
    const [{ id }] = (await phone.get('/api/auth/sessions')).body;
    expect((await admin.delete(`/api/auth/sessions/${id}`, undefined, 0)).body).toEqual({
      message: 'Session successfully revoked',
      detail: null,
    });
    await refused(phone);
    await stands(admin);
    expect((await admin.get('/api/auth/sessions', 1)).body).toHaveLength(1);
    expect((await admin.delete(`/api/auth/sessions/${id}`, undefined, 1)).body.code, 'one that is over already').toBe(
      'auth.session_not_found',
    );
  });

  it('of another person cannot be told from none', async () => {
    const [company, stranger] = await Promise.all([world.company(), world.company()]);
    const colleague = await company.person();
    const [{ id: hers }] = (await colleague.get('/api/auth/sessions')).body;
    const [{ id: theirs }] = (await stranger.admin.get('/api/auth/sessions')).body;
    for (const id of [hers, theirs, uuidv7()])
      expect((await company.admin.delete(`/api/auth/sessions/${id}`)).body).toMatchObject({ status: 404, code: 'auth.session_not_found' });
    expect((await company.admin.delete('/api/auth/sessions/1')).status).toBe(400);
    await stands(colleague);
    await stands(stranger.admin);
    expect((await company.admin.get('/api/auth/sessions')).body).toHaveLength(1);
  });

  it('end at logout, this one alone', async () => {
    const { admin } = await world.company();
    const phone = await another(admin);
    expect((await phone.post('/api/auth/logout', { refresh_token: phone.refreshToken })).status).toBe(200);
    await refused(phone);
    await stands(admin);
    expect((await phone.post('/api/auth/logout')).status).toBe(401);
  });

  it('end at logout without a body as well', async () => {
    const { admin } = await world.company();
    expect((await world.call('POST', '/api/auth/logout', { token: admin.token })).status).toBe(200);
    await refused(admin);
  });

  it('all end at logout-all', async () => {
    const company = await world.company();
    const { admin } = company;
    const [phone, tablet, colleague] = [await another(admin), await another(admin), await company.person()];
    expect((await phone.post('/api/auth/logout-all', {}, 1)).status).toBe(200);
    for (const person of [phone, tablet, admin]) await refused(person);
    await stands(colleague);
    await admin.signsIn();
    await stands(admin);
  });

  it('end when the person is shut out, and stay ended when they are let in again', async () => {
    const company = await world.company();
    const person = await company.person('manager');
    expect((await company.admin.post(`/api/users/${person.id}/deactivate`, {}, 0)).body.is_active).toBe(false);
    await refused(person);
    expect((await person.login()).body.code).toBe('auth.invalid_credentials');
    expect((await company.admin.post(`/api/users/${person.id}/activate`, {}, 1)).body.is_active).toBe(true);
    await refused(person);
    await person.signsIn();
    await stands(person);
  });

  it('of somebody who is not active are worth nothing, even where nobody ended them', async () => {
    const company = await world.company();
    const person = await company.person();
    await company.sql('update user_account set is_active = false where id = $1', [person.id]);
    await refused(person);
  });

  it('end when the person is deleted, and a new person of the same address inherits nothing', async () => {
    const company = await world.company();
    const person = await company.person();
    await person.enablesTotp();
    expect((await company.admin.delete(`/api/users/${person.id}`)).status).toBe(204);
    await refused(person);
    expect((await person.login()).body.code).toBe('auth.invalid_credentials');
    const heir = await company.person('user', person.email.split('@')[0]);
    expect(heir.email).toBe(person.email);
    await refused(person);
    expect((await heir.get('/api/auth/mfa/factors')).body.data).toEqual([]);
    expect((await heir.get('/api/auth/sessions')).body).toHaveLength(1);
  });

  it('carry no authority of their own: a changed role is felt by the next request', async () => {
    const company = await world.company();
    const person = await company.person('user');
    expect((await person.get('/api/users', 1)).body).toMatchObject({ status: 403, code: 'auth.forbidden' });
    await company.admin.put(`/api/users/${person.id}/role`, { role: 'manager' }, 0);
    expect((await person.get('/api/users', 1)).status).toBe(200);
    expect((await person.get('/api/users/me', 1)).body.role).toBe('manager');
    await company.admin.put(`/api/users/${person.id}/role`, { role: 'user' }, 0);
    expect((await person.get('/api/users', 1)).status).toBe(403);
  });

  it('opened by a second factor end when an administrator resets it', async () => {
    const company = await world.company();
    const person = await company.person();
    await person.enablesTotp();
    await person.signsIn();
    const pending = await person.pendingToken();
    const code = await person.code();
    expect((await company.admin.post(`/api/users/${person.id}/mfa/reset`)).status).toBe(200);
    await refused(person);
    expect((await person.verify(pending, code)).body.code).toBe('mfa.sign_in_over');
    expect((await person.login()).body.mfa_required, 'the password is enough until one is set up again').toBe(false);
  });

  it('an administrator resets the second factor of others, never their own without a code', async () => {
    const { admin } = await world.company();
    const before = await another(admin);
    await admin.enablesTotp();
    const { body } = await before.post(`/api/users/${admin.id}/mfa/reset`);
    expect(body, 'with the password alone').toMatchObject({ status: 403, code: 'mfa.fresh_sign_in_required' });
    expect((await admin.post(`/api/users/${admin.id}/mfa/reset`)).body).toMatchObject({ status: 409, code: 'users.not_yourself' });
    expect((await admin.get('/api/users/me')).body.mfa_enabled).toBe(true);
  });

  describe('when the password changes', () => {
    const next = 'another long walk, by day';

    it('end, all but the one that changed it', async () => {
      const { admin } = await world.company();
      const phone = await another(admin);
      expect((await phone.post('/api/auth/change-password', { current_password: PASSWORD, new_password: next }, 0)).status).toBe(200);
      await refused(admin);
      await stands(phone);
      expect((await refresh(phone.refreshToken)).status).toBe(200);
      expect((await admin.login()).status).toBe(401);
      expect((await admin.login({ password: next })).status).toBe(200);
    });

    it('do not open for a sign-in that the old password began', async () => {
      const { admin } = await world.company();
      await admin.enablesTotp();
      const pending = await admin.pendingToken();
      expect((await admin.post('/api/auth/change-password', { current_password: PASSWORD, new_password: next })).status).toBe(200);
      expect((await admin.verify(pending, await admin.code())).body).toMatchObject({ status: 401, code: 'mfa.sign_in_over' });
      const due = await admin.login({ password: next });
      expect((await admin.verify(due.body.mfa_token, await admin.code())).status).toBe(200);
    });

    it('go on when the current password was wrong or the new one is too weak', async () => {
      const { admin } = await world.company();
      const phone = await another(admin);
      const wrong = await phone.post('/api/auth/change-password', { current_password: `${PASSWORD}!`, new_password: next });
      expect(wrong.body).toMatchObject({ status: 401, code: 'auth.wrong_password' });
      const weak = await phone.post('/api/auth/change-password', { current_password: PASSWORD, new_password: 'password1' });
      expect(weak.body).toMatchObject({ status: 400, code: 'auth.weak_password', errors: [{ field: 'new_password' }] });
      await stands(admin);
      await stands(phone);
      expect((await admin.login()).status).toBe(200);
    });
  });

  describe('and their refresh tokens', () => {
    /** As if so many seconds had gone by since the last rotation. */
    const later = (company: Company, seconds: number) =>
      company.sql(`update session set rotated_at = rotated_at - $1 * interval '1 second'`, [seconds]);

    it('rotate, each on the process at hand, and keep how and when the person signed in', async () => {
      const { admin } = await world.company();
      await admin.enablesTotp();
      await admin.signsIn();
      const claims = (token: string) => JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString());
      const before = claims(admin.token);
      let token = admin.refreshToken;
      for (const at of [0, 1, 0]) {
        const { status, body } = await refresh(token, at);
        expect(status).toBe(200);
        expect(body.refresh_token).not.toBe(token);
        expect((await me(body.access_token, at + 1)).status).toBe(200);
        const { sid, amr, acr, auth_time, jti } = claims(body.access_token);
        expect([sid, amr, acr]).toEqual([before.sid, ['pwd', 'otp', 'mfa'], before.acr]);
        expect(Math.abs(auth_time - before.auth_time)).toBeLessThanOrEqual(1);
        expect(jti).not.toBe(before.jti);
        token = body.refresh_token;
      }
    });

    it('answer a repetition within ten seconds with the one successor, on either process', async () => {
      const company = await world.company();
      const { admin } = company;
      const first = await refresh(admin.refreshToken, 0);
      const repeated = [await refresh(admin.refreshToken, 1), await refresh(admin.refreshToken, 0)];
      for (const { status, body } of repeated) expect([status, body.refresh_token]).toEqual([200, first.body.refresh_token]);
      await later(company, 8);
      expect((await refresh(admin.refreshToken, 1)).body.refresh_token).toBe(first.body.refresh_token);
      expect((await refresh(first.body.refresh_token, 1)).status).toBe(200);
      expect(await company.sql('select from session')).toHaveLength(1);
    });

    it('that are used again after that end the session, for whoever holds it', async () => {
      const company = await world.company();
      const { admin } = company;
      const { body } = await refresh(admin.refreshToken);
      await later(company, 11);
      expect((await refresh(admin.refreshToken, 1)).body.code).toBe('auth.invalid_refresh_token');
      expect((await refresh(body.refresh_token)).body.code).toBe('auth.invalid_refresh_token');
      expect((await me(body.access_token)).status).toBe(401);
      expect(await company.sql('select revoked_because from session')).toEqual([{ revoked_because: 'refresh_token_reused' }]);
      expect(await company.actions()).toContain('auth.refresh_token_reused');
    });

    it('two rotations old end the session at once, within the grace too', async () => {
      const company = await world.company();
      const { admin } = company;
      const second = (await refresh(admin.refreshToken)).body;
      const third = (await refresh(second.refresh_token)).body;
      expect((await refresh(admin.refreshToken, 1)).status).toBe(401);
      expect((await refresh(third.refresh_token)).status).toBe(401);
      expect((await me(third.access_token)).status).toBe(401);
      expect(await open(company)).toHaveLength(0);
    });

    it('expire with their session, however often it was refreshed', async () => {
      const company = await world.company();
      const { admin } = company;
      const { body } = await refresh(admin.refreshToken);
      await company.sql(`update session set expires_at = now() - interval '1 second'`);
      expect((await refresh(body.refresh_token)).status).toBe(401);
      expect((await me(body.access_token)).status).toBe(401);
      expect((await company.sql('select revoked_at from session'))[0].revoked_at).toBeNull();
    });

    it('cut short by any number of characters are refused and end nothing', async () => {
      const company = await world.company();
      const { refreshToken } = company.admin;
      expect(refreshToken).toHaveLength(107);
      for (let length = 1; length < refreshToken.length; length++)
        expect((await refresh(refreshToken.slice(0, length), length)).status, `${length} characters`).toBe(401);
      expect(await open(company)).toHaveLength(1);
      expect((await refresh(refreshToken)).status).toBe(200);
    });

    it('altered at any place are refused and end nothing', async () => {
      const company = await world.company();
      const { refreshToken } = company.admin;
      for (let at = 0; at < refreshToken.length; at++) {
        const altered = refreshToken.slice(0, at) + (refreshToken[at] === 'A' ? 'B' : 'A') + refreshToken.slice(at + 1);
        expect((await refresh(altered, at)).status, `character ${at}`).toBe(401);
      }
      expect(await open(company)).toHaveLength(1);
      expect((await refresh(refreshToken)).status).toBe(200);
    });

    it('that are none of ours are refused and end nothing', async () => {
      const [company, stranger] = await Promise.all([world.company(), world.company()]);
      const [mine, theirs] = [company, stranger].map(({ admin }) => Buffer.from(admin.refreshToken, 'base64url')) as [Buffer, Buffer];
      const foreign = [
        randomBytes(80), // of the right length
        Buffer.concat([mine.subarray(0, 32), randomBytes(48)]), // my session, a secret of their own
        Buffer.concat([mine.subarray(0, 32), theirs.subarray(32)]), // my session, another's secret and MAC
        Buffer.concat([theirs.subarray(0, 16), mine.subarray(16)]), // my session, put into another company
        Buffer.concat([mine.subarray(0, 64), Buffer.alloc(16)]), // no MAC
        Buffer.concat([mine, Buffer.alloc(1)]),
      ].map((bytes) => bytes.toString('base64url'));
      const padded = [
        `${company.admin.refreshToken}=`,
        ` ${company.admin.refreshToken}`,
        `${company.admin.refreshToken}\n`,
        company.admin.refreshToken.toLowerCase(),
        company.admin.token,
      ];
      for (const token of [...foreign, ...padded]) expect((await refresh(token)).status, token).toBeOneOf([401, 400]);
      expect((await refresh('')).status).toBe(400);
      expect((await world.call('POST', '/api/auth/refresh', { body: { refresh_token: [company.admin.refreshToken] } })).status).toBe(400);
      expect(await open(company)).toHaveLength(1);
      expect(await open(stranger)).toHaveLength(1);
      for (const { admin } of [company, stranger]) expect((await refresh(admin.refreshToken)).status).toBe(200);
    });

    it('are nowhere in the database', async () => {
      const company = await world.company();
      const { admin } = company;
      await refresh(admin.refreshToken);
      const bytes = Buffer.from(admin.refreshToken, 'base64url');
      const [{ row }] = await company.sql('select row_to_json(s)::text as row from session s');
      for (const secret of [admin.refreshToken, bytes.toString('hex'), bytes.subarray(32, 64).toString('hex')])
        expect(row).not.toContain(secret);
    });
  });
});
