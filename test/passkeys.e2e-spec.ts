import { Authenticator } from './simulators/authenticator.js';
import { knocks, passkeyLogin, claims, reasons, setsUp, signed, withPasskey } from './support/passkeys.js';
import { type Answer, PASSWORD, type Person, World } from './support/world.js';

const outcome = ({ status, body }: Answer) => (status < 300 ? 'accepted' : body.code);
const RESISTANT = 'urn:watchword:acr:phishing-resistant';
const TWO_FACTORS = 'urn:watchword:acr:2';

let world: World;
beforeAll(() => {
  world = new World();
});
afterAll(() => world.stop());

describe('A passkey', () => {
  it('is set up, listed, named, and brings backup codes when it is the first factor', async () => {
    const company = await world.company('Acme Rockets');
    const person = await company.person();
    const started = await person.post('/api/auth/mfa/factors', { type: 'webauthn', label: 'Laptop' });
    expect(started.status).toBe(201);
    const { factor_id: id, webauthn, expires_at } = started.body;
    expect(new Date(expires_at).getTime()).toBeGreaterThan(Date.now());
    expect(webauthn).toMatchObject({
      rp: { id: 'watchword.test', name: 'Acme Rockets' },
      user: { name: person.email },
      excludeCredentials: [],
    });
    expect(Buffer.from(webauthn.user.id, 'base64url')).toHaveLength(32);
    expect(Buffer.from(webauthn.user.id, 'base64url').includes(person.id)).toBe(false);
    const authenticator = new Authenticator();
    const confirmed = await person.post(`/api/auth/mfa/factors/${id}/confirm`, { credential: authenticator.create(webauthn) });
    expect([confirmed.status, confirmed.body.backup_codes.length]).toEqual([200, 10]);
    expect((await person.get('/api/users/me')).body.mfa_enabled).toBe(true);

    const ofType = async () => (await person.get('/api/auth/mfa/factors')).body.data.filter(({ type }: any) => type === 'webauthn');
    expect(await ofType()).toMatchObject([{ id, label: 'Laptop', confirmed: true, disabled: false, synced: true }]);
    const renamed = await person.patch(`/api/auth/mfa/factors/${id}`, { label: 'Old laptop' });
    expect([renamed.status, renamed.body.label, renamed.body.synced]).toEqual([200, 'Old laptop', true]);
    expect((await company.admin.patch(`/api/auth/mfa/factors/${id}`, { label: 'Mine' })).body.code).toBe('mfa.not_found');
    expect(await company.actions()).toEqual(expect.arrayContaining(['mfa.enrolment_started', 'mfa.factor_added', 'mfa.factor_renamed']));
  });

  it('stands beside others, each with a name of its own, none of them replaced; and not twice on one device', async () => {
    const { company, person, authenticator } = await withPasskey(world);
    const key = new Authenticator('EdDSA', { synced: false, transports: ['usb'], counts: true });
    await person.post('/api/auth/step-up', { credential: await signed(person, (await ids(person))[0]!, authenticator) });
    const started = await person.post('/api/auth/mfa/factors', { type: 'webauthn' });
    expect(started.body.webauthn.excludeCredentials).toMatchObject([{ id: authenticator.id.toString('base64url') }]);
    expect((await setsUp(person, key)).status).toBe(200);
    expect((await setsUp(person, authenticator)).body.code, 'the same again').toBe('mfa.credential_in_use');
    const stranger = await (await world.company()).person();
    expect((await setsUp(stranger, Object.create(authenticator))).body.code, 'nor in another company').toBe('mfa.credential_in_use');
    const { data } = (await person.get('/api/auth/mfa/factors')).body;
    expect(data.filter(({ confirmed }: any) => confirmed).map(({ label, synced }: any) => [label, synced])).toEqual(
      expect.arrayContaining([['Passkey', true], ['Security key', false]]), // prettier-ignore
    );
    for (const one of [authenticator, key]) expect(outcome(await knocks(world, await passkeyLogin(world, one)))).toBe('accepted');
    expect(
      await company.sql(
        'select count(*)::integer as n from mfa_factor where user_id = $1 and confirmed_at is not null and credential_mac is not null',
        [person.id],
      ),
    ).toEqual([{ n: 2 }]);
  });

  it('is one of twenty at most', async () => {
    const { company, person, authenticator, factorId } = await withPasskey(world);
    await person.post('/api/auth/step-up', { credential: await signed(person, factorId, authenticator) });
    for (let n = 2; n <= 20; n++) expect((await setsUp(person, new Authenticator())).status, String(n)).toBe(200);
    expect((await setsUp(person, new Authenticator())).body.code).toBe('mfa.too_many');
    const standing = 'select from mfa_factor where user_id = $1 and credential_mac is not null';
    expect(await company.sql(standing, [person.id])).toHaveLength(20);
  });

  it('is wrong for every reason in one word, the answer counts, and the next challenge is good', async () => {
    const { person, authenticator, factorId } = await withPasskey(world);
    const wrongs = [
      { origin: 'http://evil.test' },
      { rpId: 'evil.test' },
      { flags: { uv: false } },
      { type: 'webauthn.create' },
      { crossOrigin: true },
      { crossOrigin: 'true' },
      { crossOrigin: null },
      { key: new Authenticator().privateKey },
      { userHandle: 'AAAA' },
    ];
    for (const [at, wrong] of wrongs.entries()) {
      const token = await person.pendingToken();
      const credential = await signed(person, factorId, authenticator, { token, wrong });
      expect(
        outcome(await world.call('POST', '/api/auth/verify-mfa', { token, body: { credential } })),
        JSON.stringify(Object.keys(wrong)),
      ).toBe('mfa.wrong_code');
      expect((await person.failures('mfa')).failures).toBe(at + 1);
    }
    const token = await person.pendingToken();
    const credential = await signed(person, factorId, authenticator, { token });
    const { status, body } = await world.call('POST', '/api/auth/verify-mfa', { token, body: { credential } });
    expect(status).toBe(200);
    expect(claims(body.access_token)).toMatchObject({ amr: ['pwd', 'swk', 'user', 'mfa'], acr: RESISTANT });
    expect((await person.failures('mfa')).failures).toBe(0);
    expect(await reasons(person)).toEqual(wrongs.map(() => 'wrong_code'));
  });

  it("of somebody else's, or of another company's, is no answer", async () => {
    const { company, person, factorId, authenticator } = await withPasskey(world);
    const [beside, elsewhere] = [new Authenticator(), new Authenticator()];
    const neighbour = await company.person();
    await setsUp(neighbour, beside);
    await setsUp(await (await world.company()).person(), elsewhere);
    for (const other of [beside, elsewhere]) {
      const token = await person.pendingToken();
      const handle = { userHandle: authenticator.userHandle };
      const credential = await signed(person, factorId, other, { token, wrong: handle });
      expect(outcome(await world.call('POST', '/api/auth/verify-mfa', { token, body: { credential } }))).toBe('mfa.wrong_code');
    }
    expect((await neighbour.post('/api/auth/mfa/challenge', { factor_id: factorId })).body.code).toBe('mfa.not_found');
  });

  it('stands in for a code at every door that takes a fresh one, and for one of the two only', async () => {
    const { person, authenticator, factorId } = await withPasskey(world);
    const credential = () => signed(person, factorId, authenticator);
    expect((await person.post('/api/auth/step-up', { credential: await credential(), code: '123456' })).status).toBe(400);
    const raised = await person.post('/api/auth/step-up', { credential: await credential() });
    expect(raised.body).toMatchObject({ acr: RESISTANT, amr: ['pwd', 'swk', 'user', 'mfa'] });
    const renewed = await person.post('/api/auth/mfa/backup-codes', { credential: await credential() });
    expect(renewed.body.backup_codes).toHaveLength(10);
    const code = renewed.body.backup_codes[0];
    expect((await person.post('/api/auth/mfa/backup-codes', { credential: await credential(), code })).status).toBe(400);
    expect((await person.post('/api/auth/mfa/backup-codes', {})).status).toBe(400);
    const second = new Authenticator();
    const { factorId: added } = await setsUp(person, second);
    expect(outcome(await person.delete(`/api/auth/mfa/factors/${added}`, { credential: await credential() }))).toBe('accepted');
    expect(outcome(await knocks(world, await passkeyLogin(world, second))), 'and is gone for good').toBe('auth.invalid_credentials');
    expect(outcome(await person.post('/api/auth/mfa/disable', { password: PASSWORD, credential: await credential() }))).toBe('accepted');
    expect((await person.get('/api/users/me')).body.mfa_enabled).toBe(false);
    expect(outcome(await knocks(world, await passkeyLogin(world, authenticator)))).toBe('auth.invalid_credentials');
    expect((await setsUp(person, authenticator)).status, 'a passkey that was removed may be set up again').toBe(200);
  });

  it('lends what it proved to no weaker answer that comes later: the time and the level of a session are of one proof', async () => {
    const { company, person, authenticator, factorId } = await withPasskey(world);
    const credential = () => signed(person, factorId, authenticator);
    const [code] = (await person.post('/api/auth/mfa/backup-codes', { credential: await credential() })).body.backup_codes;
    const stored = async () => (await company.sql('select acr from session where user_id = $1', [person.id])).map(({ acr }) => acr);
    expect((await person.post('/api/auth/step-up', { credential: await credential() })).body.acr).toBe(RESISTANT);
    const weaker = await person.post('/api/auth/step-up', { code });
    expect([weaker.status, claims(weaker.body.access_token).acr, weaker.body.acr]).toEqual([200, TWO_FACTORS, TWO_FACTORS]);
    expect(weaker.body.amr, 'what the session has seen, it has').toEqual(expect.arrayContaining(['swk', 'mfa']));
    expect(await stored(), 'nor does a refresh bring it back').toEqual([TWO_FACTORS]);
    expect((await person.post('/api/auth/step-up', { credential: await credential() })).body.acr).toBe(RESISTANT);
    expect(await stored()).toEqual([RESISTANT]);
  });

  it('as the first factor raises the session it is set up in, which no weaker one that is set up later brings down', async () => {
    const { company, person } = await withPasskey(world);
    const stored = () => company.sql('select amr, acr from session where user_id = $1', [person.id]);
    const raised = [{ amr: ['pwd', 'swk', 'user', 'mfa'], acr: RESISTANT }];
    expect(await stored()).toEqual(raised);
    await person.enablesTotp();
    expect(await stored()).toEqual(raised);
  });

  it('that counts back has been copied: it is refused, rested, and its owner told', async () => {
    const key = new Authenticator('ES256', { synced: false, counts: true });
    const { company, person, factorId } = await withPasskey(world, key);
    const copy = Object.assign(Object.create(key) as Authenticator, { counter: key.counter });
    for (const _ of [1, 2]) expect(outcome(await knocks(world, await passkeyLogin(world, key)))).toBe('accepted');
    const forged = await passkeyLogin(world, copy, { counter: 9, key: new Authenticator().privateKey });
    expect(outcome(await knocks(world, forged)), 'a number that nobody signed').toBe('auth.invalid_credentials');
    expect(outcome(await knocks(world, await passkeyLogin(world, key))), 'rests nothing').toBe('accepted');
    expect(outcome(await knocks(world, await passkeyLogin(world, copy)))).toBe('auth.invalid_credentials');
    expect(outcome(await knocks(world, await passkeyLogin(world, key))), 'nobody knows which of them is the copy').toBe(
      'auth.invalid_credentials',
    );
    const { data } = (await person.get('/api/auth/mfa/factors')).body;
    expect(data.find(({ id }: any) => id === factorId).disabled).toBe(true);
    const ended = await company.sql(`select details from audit_event where action = 'mfa.factor_ended'`);
    expect(ended).toEqual([{ details: { type: 'webauthn', reason: 'counter_went_back', user_id: person.id } }]);
  });

  it('answers one of all that are set up, whichever was named', async () => {
    const { person, authenticator, factorId } = await withPasskey(world);
    const second = new Authenticator('RS256');
    await person.post('/api/auth/step-up', { credential: await signed(person, factorId, authenticator) });
    await setsUp(person, second);
    const token = await person.pendingToken();
    const { body, status } = await world.call('POST', '/api/auth/mfa/challenge', { token, body: { factor_id: factorId } });
    expect([status, body.factor_id, body.webauthn.allowCredentials.length]).toEqual([202, factorId, 2]);
    expect(body.webauthn.userVerification).toBe('required');
    expect(outcome(await world.call('POST', '/api/auth/verify-mfa', { token, body: { credential: second.get(body.webauthn) } }))).toBe(
      'accepted',
    );
  });

  it('goes with an administrator’s reset, and stands in the export of what is kept', async () => {
    const { company, person, authenticator, factorId } = await withPasskey(world);
    const exported = await company.admin.get(`/api/users/${person.id}/export`);
    expect(exported.body.factors.find(({ id }: any) => id === factorId)).toMatchObject({
      type: 'webauthn',
      label: 'Passkey',
      synced: true,
    });
    expect(JSON.stringify(exported.body)).not.toContain(authenticator.id.toString('base64url'));
    expect(outcome(await company.admin.post(`/api/users/${person.id}/mfa/reset`))).toBe('accepted');
    expect(outcome(await knocks(world, await passkeyLogin(world, authenticator)))).toBe('auth.invalid_credentials');
    const { rows } = await world.owner.query('select from directory.passkey where user_id = $1', [person.id]);
    expect(rows).toEqual([]);
  });

  it('is none where the company does not allow it', async () => {
    const company = await world.company();
    await company.admin.patch('/api/company', { policy: { allowed_factors: ['totp'] } });
    expect((await setsUp(await company.person(), new Authenticator())).body.code).toBe('mfa.not_allowed');
  });
});

const ids = async (person: Person): Promise<string[]> =>
  (await person.get('/api/auth/mfa/factors')).body.data.filter(({ type }: any) => type === 'webauthn').map(({ id }: any) => id);
