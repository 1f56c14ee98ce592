import { setTimeout as sleep } from 'node:timers/promises';
import { Authenticator, ORIGIN } from './simulators/authenticator.js';
import { ownApi } from './support/own-process.js';
import { claims, knocks, options, passkeyLogin, reasons, setsUp, signed, withPasskey } from './support/passkeys.js';
import { type Answer, bare, World } from './support/world.js';

const outcome = ({ status, body }: Answer) => (status < 300 ? 'accepted' : body.code);
const RESISTANT = 'urn:watchword:acr:phishing-resistant';

let world: World;
beforeAll(() => {
  world = new World();
});
afterAll(() => world.stop());

describe('A challenge', () => {
  it('is good for what it was asked for and for nothing else', async () => {
    const { person, authenticator, factorId } = await withPasskey(world);
    const token = await person.pendingToken();
    const other = await person.pendingToken();
    const [second, stepUp, first] = [
      (await world.call('POST', '/api/auth/mfa/challenge', { token, body: { factor_id: factorId } })).body.webauthn,
      (await person.post('/api/auth/mfa/challenge', { factor_id: factorId })).body.webauthn,
      (await options(world)).webauthn,
    ];
    await person.post('/api/auth/step-up', { credential: await signed(person, factorId, authenticator) });
    const registration = (await person.post('/api/auth/mfa/factors', { type: 'webauthn' })).body;
    const verify = (webauthn: object, pending = token) =>
      world.call('POST', '/api/auth/verify-mfa', { token: pending, body: { credential: authenticator.get(webauthn) } });
    const raise = (webauthn: object) => person.post('/api/auth/step-up', { credential: authenticator.get(webauthn) });
    const login = async (webauthn: object) =>
      knocks(world, { passkey_token: (await options(world)).passkey_token, credential: authenticator.get(webauthn) });
    const made = new Authenticator();
    const confirm = (webauthn: object) =>
      person.post(`/api/auth/mfa/factors/${registration.factor_id}/confirm`, {
        credential: made.create({ ...webauthn, rp: registration.webauthn.rp, user: registration.webauthn.user }),
      });

    for (const wrong of [stepUp, first, registration.webauthn]) expect(outcome(await verify(wrong))).toBe('mfa.wrong_code');
    expect(outcome(await verify(second, other)), 'nor for another sign-in').toBe('mfa.wrong_code');
    for (const wrong of [second, first, registration.webauthn]) expect(outcome(await raise(wrong))).toBe('mfa.wrong_code');
    for (const wrong of [second, stepUp, registration.webauthn, first])
      expect(outcome(await login(wrong))).toBe('auth.invalid_credentials');
    for (const wrong of [second, stepUp, first]) expect(outcome(await confirm(wrong))).toBe('mfa.wrong_code');
    await person.hasFailed('mfa', 0);
    // None of that has spent any of them.
    expect(outcome(await verify(second))).toBe('accepted');
    expect(outcome(await raise(stepUp))).toBe('accepted');
    expect(outcome(await confirm(registration.webauthn))).toBe('accepted');
  });

  it('is spent by the first answer, right or wrong', async () => {
    const { person, authenticator, factorId } = await withPasskey(world);
    const { body } = await person.post('/api/auth/mfa/challenge', { factor_id: factorId });
    expect(
      outcome(await person.post('/api/auth/step-up', { credential: authenticator.get(body.webauthn, { flags: { uv: false } }) })),
    ).toBe('mfa.wrong_code');
    expect(outcome(await person.post('/api/auth/step-up', { credential: authenticator.get(body.webauthn) })), 'after a wrong one').toBe(
      'mfa.wrong_code',
    );
    const credential = await signed(person, factorId, authenticator);
    expect(outcome(await person.post('/api/auth/step-up', { credential }))).toBe('accepted');
    expect(outcome(await person.post('/api/auth/step-up', { credential }, 1)), 'after a right one').toBe('mfa.wrong_code');
    const login = await passkeyLogin(world, authenticator);
    expect(outcome(await knocks(world, login))).toBe('accepted');
    expect(outcome(await knocks(world, login, 1))).toBe('auth.invalid_credentials');
    expect(await reasons(person)).toEqual(['wrong_code', 'challenge_over', 'challenge_over']);
  });

  it('is over when its time is', { timeout: 120_000 }, async () => {
    const { person, authenticator, factorId } = await withPasskey(world);
    const api = await ownApi({ PENDING_SECONDS: '1' });
    const hasty = new World({ ...world.stack, urls: [api.url] });
    try {
      const login = await passkeyLogin(hasty, authenticator);
      const { body } = await hasty.call('POST', '/api/auth/mfa/challenge', { token: person.token, body: { factor_id: factorId } });
      await sleep(new Date(body.expires_at).getTime() + 50 - Date.now());
      expect(outcome(await knocks(world, login))).toBe('auth.invalid_credentials');
      expect(outcome(await person.post('/api/auth/step-up', { credential: authenticator.get(body.webauthn) }))).toBe('mfa.wrong_code');
      expect(await reasons(person)).toEqual(['challenge_over']);
    } finally {
      await hasty.stop();
      await api.stop();
    }
  });

  it('of our making alone: one that was changed, or that somebody made up, is none', async () => {
    const { person, authenticator, factorId } = await withPasskey(world);
    const { body } = await person.post('/api/auth/mfa/challenge', { factor_id: factorId });
    const bytes = Buffer.from(body.webauthn.challenge, 'base64url');
    for (const at of [0, 18, 25]) {
      const changed = Buffer.from(bytes);
      changed[at]! ^= 1;
      const credential = authenticator.get({ challenge: changed.toString('base64url') });
      expect(outcome(await person.post('/api/auth/step-up', { credential }))).toBe('mfa.wrong_code');
    }
    const { passkey_token, webauthn } = await options(world);
    const credential = authenticator.get(webauthn);
    const token = Buffer.from(passkey_token, 'base64url');
    token[30]! ^= 1;
    expect(outcome(await knocks(world, { passkey_token: token.toString('base64url'), credential }))).toBe('auth.invalid_credentials');
    expect(outcome(await knocks(world, { passkey_token: webauthn.challenge, credential })), 'the challenge is no token').toBe(
      'auth.invalid_credentials',
    );
    expect(outcome(await knocks(world, { passkey_token, credential }))).toBe('accepted');
  });

  it('goes to one of many who answer it at once: as a second factor, to raise a session, and to sign in', async () => {
    const { company, person, authenticator, factorId } = await withPasskey(world);
    const hold = { text: 'select from user_account where id = $1 for update', values: [person.id] };
    const four = (attempt: (at: number) => Promise<Answer>) => [0, 1, 0, 1].map((at) => () => attempt(at));
    const inARow = (answers: Answer[]) => answers.map(outcome).toSorted();
    const credential = await signed(person, factorId, authenticator);
    const raised = await world.gate(
      company.id,
      { text: 'select from mfa_factor where id = $1 for update', values: [factorId] },
      four((at) => person.post('/api/auth/step-up', { credential }, at)),
    );
    expect(inARow(raised)).toEqual(['accepted', 'mfa.wrong_code', 'mfa.wrong_code', 'mfa.wrong_code']);
    const login = await passkeyLogin(world, authenticator);
    const opened = await world.gate(
      company.id,
      { ...hold, text: 'select from mfa_factor where user_id = $1 and credential_mac is not null for update' },
      four((at) => knocks(world, login, at)),
    );
    expect(inARow(opened)).toEqual(['accepted', 'auth.invalid_credentials', 'auth.invalid_credentials', 'auth.invalid_credentials']);
    const token = await person.pendingToken();
    const answer = await signed(person, factorId, authenticator, { token });
    const verified = await world.gate(
      company.id,
      { text: 'select from mfa_factor where id = $1 for update', values: [factorId] },
      four((at) => world.call('POST', '/api/auth/verify-mfa', { token, body: { credential: answer }, at })),
    );
    expect(verified.filter(({ status }) => status === 200)).toHaveLength(1);
  });
});

describe('Signing in with a passkey alone', () => {
  it('opens a session above all others, in the cookie of a browser that wants it there, and says so in the trail', async () => {
    const { company, person, authenticator } = await withPasskey(world);
    const { passkey_token, webauthn } = await options(world);
    expect(webauthn).toMatchObject({ rpId: 'watchword.test', userVerification: 'required' });
    expect(webauthn.allowCredentials).toBeUndefined();
    const answer = await knocks(world, { passkey_token, credential: authenticator.get(webauthn), device_name: 'Telescope' });
    expect(answer.status).toBe(200);
    expect(claims(answer.body.access_token)).toMatchObject({
      sub: person.id,
      company_id: company.id,
      amr: ['swk', 'user', 'mfa'],
      acr: RESISTANT,
    });
    const { body } = await world.call('GET', '/api/auth/sessions', { token: answer.body.access_token });
    expect(body.find(({ is_current }: any) => is_current)).toMatchObject({ device_name: 'Telescope', amr: ['swk', 'user', 'mfa'] });
    const [event] = await company.sql(`select details from audit_event where action = 'auth.signed_in' order by id desc limit 1`);
    expect(event.details).toEqual({ amr: ['swk', 'user', 'mfa'], factor: 'webauthn' });

    const cookies = await knocks(world, await passkeyLogin(world, authenticator), 0, { 'x-session-mode': 'cookie', origin: ORIGIN });
    expect([cookies.body.refresh_token, cookies.headers.getSetCookie().length]).toEqual(['', 2]);
    const bound = new Authenticator('ES256', { synced: false });
    const other = await company.person();
    await setsUp(other, bound);
    const hardware = await knocks(world, await passkeyLogin(world, bound));
    expect(claims(hardware.body.access_token).amr).toEqual(['hwk', 'user', 'mfa']);
  });

  it('is refused in one word: unknown, wrongly signed, in no or another name, of a disabled person', async () => {
    const { company, person, authenticator } = await withPasskey(world);
    const unknown = new Authenticator();
    unknown.rpId = authenticator.rpId;
    const refusal = bare(await knocks(world, await passkeyLogin(world, unknown, { userHandle: authenticator.userHandle })));
    expect(refusal).toMatchObject({ status: 401, code: 'auth.invalid_credentials' });
    const wrongs = [
      { key: unknown.privateKey },
      { userHandle: null },
      { userHandle: 'AAAA' },
      { flags: { uv: false } },
      { origin: 'http://evil.test' },
    ];
    for (const wrong of wrongs) expect(bare(await knocks(world, await passkeyLogin(world, authenticator, wrong)))).toEqual(refusal);
    expect((await person.failures('mfa')).failures).toBe(wrongs.length);
    await company.sql('update user_account set is_active = false where id = $1', [person.id]);
    expect(bare(await knocks(world, await passkeyLogin(world, authenticator)))).toEqual(refusal);
    const refused = await company.sql(`select details ->> 'reason' as reason from audit_event where action = 'auth.sign_in_refused'`);
    expect(refused.map(({ reason }) => reason)).toEqual(Array.from({ length: 6 }, () => 'wrong_passkey'));
    expect((await company.sql('select from session where user_id = $1', [person.id])).length, 'no session but the one of the set-up').toBe(
      1,
    );
  });

  it('waits as everybody does after ten wrong answers', async () => {
    const { person, authenticator } = await withPasskey(world);
    await person.hasFailed('mfa', 10, 60);
    const answer = await knocks(world, await passkeyLogin(world, authenticator));
    expect([answer.status, answer.body.code]).toEqual([429, 'auth.too_many_attempts']);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    await person.hasFailed('mfa', 10);
    expect(outcome(await knocks(world, await passkeyLogin(world, authenticator)))).toBe('accepted');
  });

  it('wants a confirmed e-mail where the company does', async () => {
    const { company, person, authenticator } = await withPasskey(world);
    await company.admin.patch('/api/company', { policy: { email_verification: 'required' } });
    expect(outcome(await knocks(world, await passkeyLogin(world, authenticator)))).toBe('auth.email_not_verified');
    await company.sql('update user_account set email_verified_at = now() where id = $1', [person.id]);
    expect(outcome(await knocks(world, await passkeyLogin(world, authenticator)))).toBe('accepted');
  });

  it('ends the oldest session where the company lets a person have so many', async () => {
    const { company, person, authenticator } = await withPasskey(world);
    await company.admin.patch('/api/company', { policy: { max_sessions: 1, session_hours: 2 } });
    const { body } = await knocks(world, await passkeyLogin(world, authenticator));
    expect((await person.get('/api/auth/sessions')).status).toBe(401);
    const [session] = (await world.call('GET', '/api/auth/sessions', { token: body.access_token })).body;
    expect(new Date(session.expires_at).getTime()).toBeLessThan(Date.now() + 2 * 3_600_000 + 5_000);
  });

  it('is written down by nobody until a passkey that is known is shown', async () => {
    const count = async () => (await world.owner.query('select count(*)::integer as n from directory.spent_challenge')).rows[0].n;
    const before = await count();
    for (let n = 0; n < 5; n++) await options(world);
    await knocks(world, await passkeyLogin(world, Object.assign(new Authenticator(), { rpId: 'watchword.test' })));
    expect(await count()).toBe(before);
  });
});
