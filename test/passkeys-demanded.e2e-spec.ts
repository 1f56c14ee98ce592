import { Authenticator } from './simulators/authenticator.js';
import { claims, knocks, passkeyLogin, setsUp, signed } from './support/passkeys.js';
import { type Answer, PASSWORD, type Person, World } from './support/world.js';

const outcome = ({ status, body }: Answer) => (status < 300 ? 'accepted' : body.code);
const RESISTANT = 'urn:watchword:acr:phishing-resistant';

let world: World;
beforeAll(() => {
  world = new World();
});
afterAll(() => world.stop());

describe('A company that demands factors that cannot be phished', () => {
  const demands = async ({ company }: Person, value = 'phishing_resistant') =>
    expect(outcome(await company.admin.patch('/api/company', { policy: { mfa: { user: value } } }))).toBe('accepted');
  const verify = (token: string, body: object) => world.call('POST', '/api/auth/verify-mfa', { token, body });
  const types = ({ body }: Answer) => body.factors.map(({ type }: { type: string }) => type);
  /** Somebody with an authenticator app and a passkey, signed in with the app. */
  const withBoth = async (authenticator = new Authenticator()) => {
    const person = await (await world.company()).person();
    await person.enablesTotp();
    await person.signsIn();
    const { factorId } = await setsUp(person, authenticator);
    return { person, authenticator, factorId };
  };

  it('takes the passkey of whoever has one, and no code of any other factor', async () => {
    const { person, authenticator, factorId } = await withBoth();
    expect(types(await person.login())).toEqual(['totp', 'backup_codes', 'webauthn']);
    await demands(person);
    const due = await person.login();
    expect([types(due), due.body.enrollment_required]).toEqual([['webauthn'], undefined]);
    const token = due.body.mfa_token;
    expect(outcome(await verify(token, { code: await person.code() }))).toBe('mfa.passkey_required');
    expect(outcome(await verify(token, { code: person.backupCodes[0] }))).toBe('mfa.passkey_required');
    expect(outcome(await person.login({ totp_code: await person.code() }))).toBe('mfa.passkey_required');
    const { status, body } = await verify(token, { credential: await signed(person, factorId, authenticator, { token }) });
    expect([status, claims(body.access_token).acr]).toEqual([200, RESISTANT]);
    expect((await world.call('GET', '/api/auth/sessions', { token: body.access_token })).status).toBe(200);
    const alone = await knocks(world, await passkeyLogin(world, authenticator));
    expect((await world.call('GET', '/api/auth/sessions', { token: alone.body.access_token })).status).toBe(200);
    const reasons = await person.company.sql(
      `select distinct details ->> 'reason' as reason from audit_event where action = 'mfa.code_refused'`,
    );
    expect(reasons).toEqual([{ reason: 'passkey_required' }]);
    await demands(person, 'required');
    await person.hasFailed('mfa', 0);
    expect((await person.signsIn()).status, 'a company that no longer demands it').toBe(200);
  });

  it('sends whoever has no factor to set one up, and then wants it', async () => {
    const person = await (await world.company()).person();
    await demands(person);
    const due = await person.login();
    expect(due.body).toMatchObject({ enrollment_required: true, refresh_token: '', factors: [] });
    const [token, authenticator] = [due.body.mfa_token, new Authenticator()];
    expect((await setsUp(person, authenticator, { token })).body.backup_codes).toHaveLength(10);
    expect(outcome(await world.call('GET', '/api/auth/mfa/factors', { token })), 'that token has done its work').toBe(
      'auth.sign_in_required',
    );
    expect(types(await person.login())).toEqual(['webauthn']);
    expect(outcome(await knocks(world, await passkeyLogin(world, authenticator)))).toBe('accepted');
  });

  it('asks for the other factor first, of whoever has no passkey, and then for a passkey: never for less', async () => {
    const person = await (await world.company()).person();
    await person.enablesTotp();
    await demands(person);
    const due = await person.login();
    expect([types(due), due.body.enrollment_required]).toEqual([['totp', 'backup_codes'], undefined]);
    const first = due.body.mfa_token;
    const start = (token: string) => world.call('POST', '/api/auth/mfa/factors', { token, body: { type: 'webauthn' } });
    expect(outcome(await start(first)), 'the password alone opens nothing').toBe('auth.mfa_required');
    expect(outcome(await verify(first, { code: person.wrongCode() }))).toBe('mfa.wrong_code');
    const sessions = () => person.company.sql('select id from session where user_id = $1', [person.id]);
    const before = await sessions();
    const answer = await verify(first, { code: await person.code() });
    expect(answer.body).toMatchObject({ mfa_required: true, enrollment_required: true, refresh_token: '', factors: [] });
    expect(await sessions(), 'no session is open').toEqual(before);
    expect(outcome(await verify(first, { code: await person.code() })), 'that sign-in is over').toBe('mfa.sign_in_over');

    const token = answer.body.mfa_token;
    for (const path of ['/api/auth/sessions', '/api/users/me'])
      expect(outcome(await world.call('GET', path, { token }))).toBe('auth.mfa_required');
    expect(outcome(await verify(token, { code: await person.code() }))).toBe('auth.enrolment_required');
    const authenticator = new Authenticator();
    const done = await setsUp(person, authenticator, { token });
    expect([done.status, done.body.backup_codes]).toEqual([200, undefined]);
    expect(outcome(await start(token)), 'one passkey, and it is over').toBe('auth.sign_in_required');
    const next = await person.login();
    expect(types(next)).toEqual(['webauthn']);
    const credential = await signed(person, done.factorId, authenticator, { token: next.body.mfa_token });
    expect(claims((await verify(next.body.mfa_token, { credential })).body.access_token)).toMatchObject({
      amr: ['pwd', 'swk', 'user', 'mfa'],
    });
    expect(await person.company.actions()).toContain('auth.passkey_due');
  });

  it('takes a code that many bring at once for one passkey to set up, and not for two', async () => {
    const person = await (await world.company()).person();
    await person.enablesTotp();
    await demands(person);
    const [token, code] = [await person.pendingToken(), await person.code()];
    const attempts = [0, 1, 0, 1].map((at) => () => world.call('POST', '/api/auth/verify-mfa', { token, body: { code }, at }));
    const answers = await world.race(person.company.id, 'mfa_factor', person.factorId, attempts);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(await person.company.sql('select id from sign_in where passkey_due')).toHaveLength(1);
  });

  it('remembers no device in place of it', async () => {
    const { person } = await withBoth();
    await person.company.admin.patch('/api/company', { policy: { remember_device_days: 30 } });
    const { body } = await verify(await person.pendingToken(), { code: await person.code(), remember_device: true });
    expect((await person.login({ device_token: body.device_token })).body.mfa_required).toBe(false);
    await demands(person);
    expect((await person.login({ device_token: body.device_token })).body.mfa_required).toBe(true);
  });

  it('holds sessions to it that were opened before: who has a passkey raises them with it', async () => {
    const { person, authenticator, factorId } = await withBoth();
    expect(outcome(await person.get('/api/auth/sessions'))).toBe('accepted');
    await demands(person);
    for (const at of [0, 1]) expect(outcome(await person.get('/api/auth/sessions', at))).toBe('auth.mfa_required');
    expect(outcome(await setsUp(person, new Authenticator())), 'nor does it set up another').toBe('auth.mfa_required');
    expect(outcome(await person.get('/api/users/me'))).toBe('accepted');
    expect(outcome(await person.post('/api/auth/step-up', { code: await person.code() }))).toBe('mfa.passkey_required');
    const refused = await person.get('/api/auth/sessions');
    expect([refused.body.code, refused.headers.get('www-authenticate')]).toEqual(['auth.mfa_required', expect.stringContaining(RESISTANT)]);
    const raised = await person.post('/api/auth/step-up', { credential: await signed(person, factorId, authenticator) });
    expect(raised.body.acr).toBe(RESISTANT);
    expect(outcome(await person.get('/api/auth/sessions'))).toBe('accepted');
    const refreshed = await world.call('POST', '/api/auth/refresh', { body: { refresh_token: person.refreshToken } });
    expect(claims(refreshed.body.access_token).acr).toBe(RESISTANT);
  });

  it('lets a session of another factor set the first passkey up, and one of the password alone not', async () => {
    const person = await (await world.company()).person();
    const onlyPassword = person.token;
    await person.signsIn();
    await person.enablesTotp();
    await person.signsIn();
    await demands(person);
    expect(outcome(await person.get('/api/auth/sessions'))).toBe('auth.mfa_enrollment_required');
    expect(outcome(await setsUp(person, new Authenticator(), { token: onlyPassword }))).toBe('auth.mfa_required');
    const authenticator = new Authenticator();
    const { status, factorId } = await setsUp(person, authenticator);
    expect(status).toBe(200);
    expect(outcome(await person.get('/api/auth/sessions'))).toBe('auth.mfa_required');
    await person.post('/api/auth/step-up', { credential: await signed(person, factorId, authenticator) });
    expect(outcome(await person.get('/api/auth/sessions'))).toBe('accepted');
  });

  it('takes no code in place of it in a session that is open: whoever sits at one adds no passkey and removes none', async () => {
    const { person, authenticator, factorId } = await withBoth();
    await person.post('/api/auth/step-up', { credential: await signed(person, factorId, authenticator) });
    const { factorId: spare } = await setsUp(person, new Authenticator());
    await demands(person);
    const codes = async () => [{ code: await person.code() }, { code: person.backupCodes[1] }];
    await person.company.sql(`update session set auth_time = now() - interval '1 day' where user_id = $1`, [person.id]);
    for (const code of await codes()) {
      expect(outcome(await person.post('/api/auth/step-up', code))).toBe('mfa.passkey_required');
      expect(outcome(await setsUp(person, new Authenticator()))).toBe('mfa.fresh_sign_in_required');
      for (const id of [spare, person.factorId])
        expect(outcome(await person.delete(`/api/auth/mfa/factors/${id}`, code))).toBe('mfa.passkey_required');
      expect(outcome(await person.post('/api/auth/mfa/backup-codes', code))).toBe('mfa.passkey_required');
    }
    await person.hasFailed('mfa', 0);
    expect(outcome(await person.post('/api/auth/step-up', { credential: await signed(person, factorId, authenticator) }))).toBe('accepted');
    expect(outcome(await setsUp(person, new Authenticator()))).toBe('accepted');
    const credential = await signed(person, factorId, authenticator);
    expect(outcome(await person.delete(`/api/auth/mfa/factors/${spare}`, { credential }))).toBe('accepted');
  });

  it('keeps the last passkey, whatever else stands', async () => {
    const { person, authenticator, factorId } = await withBoth();
    await person.post('/api/auth/step-up', { credential: await signed(person, factorId, authenticator) });
    await demands(person);
    const credential = () => signed(person, factorId, authenticator);
    expect(outcome(await person.delete(`/api/auth/mfa/factors/${factorId}`, { credential: await credential() }))).toBe(
      'mfa.required_by_policy',
    );
    expect(outcome(await person.post('/api/auth/mfa/disable', { password: PASSWORD, credential: await credential() }))).toBe(
      'mfa.required_by_policy',
    );
    expect(outcome(await person.delete(`/api/auth/mfa/factors/${person.factorId}`, { credential: await credential() }))).toBe('accepted');
  });

  it('lets no passkey that rests be gone round: an administrator resets, and all begins anew', async () => {
    const { person, authenticator, factorId } = await withBoth();
    await demands(person);
    await person.company.sql('update mfa_factor set disabled_at = now() where id = $1', [factorId]);
    const due = await person.login();
    expect(types(due)).toEqual([]);
    expect(outcome(await verify(due.body.mfa_token, { code: await person.code() }))).toBe('mfa.passkey_required');
    expect(outcome(await knocks(world, await passkeyLogin(world, authenticator)))).toBe('auth.invalid_credentials');
    expect(outcome(await person.company.admin.post(`/api/users/${person.id}/mfa/reset`))).toBe('accepted');
    expect((await person.login()).body).toMatchObject({ enrollment_required: true, factors: [] });
  });

  it('cannot forbid what it demands', async () => {
    const { admin } = await world.company();
    const both = await admin.patch('/api/company', { policy: { mfa: { user: 'phishing_resistant' }, allowed_factors: ['totp'] } });
    expect([both.status, both.body.errors[0].field]).toEqual([400, 'policy.allowed_factors']);
    const fine = { mfa: { user: 'phishing_resistant' }, allowed_factors: ['totp', 'webauthn'] };
    expect((await admin.patch('/api/company', { policy: fine })).body.policy).toMatchObject(fine);
    expect((await admin.patch('/api/company', { policy: { allowed_factors: ['totp'] } })).status, 'nor later').toBe(400);
  });
});
