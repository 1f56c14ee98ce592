import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { Authenticator } from './simulators/authenticator.js';
import { CognitoPool, type PoolUser } from './simulators/cognito.js';
import { OpenIdWorld } from './support/open-id-world.js';
import { knocks, passkeyLogin, setsUp } from './support/passkeys.js';
import { type Answer, bare, type Company, PASSWORD } from './support/world.js';

const THERE = 'Their-Password-At-Amazon-7';
const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString());

describe('Signing in with a password that is in a Cognito user pool', () => {
  let world: OpenIdWorld;
  let pool: CognitoPool;
  beforeAll(async () => {
    pool = await CognitoPool.start();
    world = await OpenIdWorld.open({ PROVIDER_ENDPOINTS: JSON.stringify({ cognito: pool.url }), RATE_LIMIT_SCALE: '1000' });
  });
  afterAll(async () => {
    await Promise.all([world.stop(), pool.stop()]);
  });
  beforeEach(() => {
    Object.assign(pool, { tokens: {}, trouble: undefined, held: undefined, reusesSessions: false });
    pool.asked.length = 0;
  });
  afterEach(() => {
    if (pool.violations.length > 0) throw new Error(pool.violations.join('; '));
  });

  const settings = (more: object = {}) => ({
    auth_provider: 'both',
    user_pool_id: pool.userPoolId,
    client_id: pool.clientId,
    client_secret: pool.secret,
    just_in_time: true,
    ...more,
  });
  const companyOf = async (more: object = {}): Promise<Company> => {
    const company = await world.company();
    const { status, body } = await company.admin.put('/api/company/cognito', settings(more));
    if (status !== 200) throw new Error(`put answered ${status}: ${JSON.stringify(body)}`);
    pool.asked.length = 0;
    return company;
  };
  const knows = (company: Company, more: Partial<PoolUser> = {}, name = 'ada'): string => {
    const email = `${name}@${company.domain}`;
    pool.users[email] = { password: THERE, sub: `sub-${randomBytes(8).toString('hex')}`, email, ...more };
    return email;
  };
  const login = (company: Company, email: string, password = THERE, more: object = {}): Promise<Answer> =>
    world.call('POST', '/api/auth/login', { body: { email, password, company_domain: company.domain, ...more } });
  const answer = (token: string, body: object) => world.call('POST', '/api/auth/verify-mfa', { token, body });
  const me = (token: string) => world.call('GET', '/api/users/me', { token });
  /** By the ways of the database, so that nothing of it depends on the pool. */
  const linked = (company: Company, userId: string, email: string) =>
    company.sql(`insert into identity_link (id, user_id, issuer, subject) values (app.uuidv7(), $1, $2, $3)`, [
      userId,
      pool.issuer,
      pool.users[email]!.sub,
    ]);

  it('signs in whom the pool knows, as a person of the company who is the same the next time', async () => {
    const company = await companyOf();
    const email = knows(company);
    const { status, body } = await login(company, email);
    expect(status).toBe(200);
    expect(claimsOf(body.access_token)).toMatchObject({ amr: ['fed', 'pwd'], acr: 'urn:watchword:acr:1', company_id: company.id });
    const { body: profile } = await me(body.access_token);
    expect(profile).toMatchObject({ email, email_verified: true, full_name: 'Ada', role: 'user' });
    expect((await me((await login(company, email)).body.access_token)).body.id).toBe(profile.id);
    expect(await company.actions()).toEqual(expect.arrayContaining(['users.created', 'auth.identity_linked', 'auth.signed_in']));
    expect(pool.asked[0]!.body).toEqual({
      ClientId: pool.clientId,
      AuthFlow: 'USER_PASSWORD_AUTH',
      AuthParameters: { USERNAME: email, PASSWORD: THERE, SECRET_HASH: pool.hashOf(email) },
    });
  });

  it("knows them by the pool's own name for them, whatever becomes of their e-mail", async () => {
    const company = await companyOf();
    const email = knows(company);
    const before = await me((await login(company, email)).body.access_token);
    pool.users[email]!.email = `countess@${company.domain}`;
    const after = await me((await login(company, email)).body.access_token);
    expect(after.body).toMatchObject({ id: before.body.id, email });
  });

  it('does not ask the pool for somebody whose password is here, where both are good', async () => {
    const company = await companyOf();
    const person = await company.person();
    expect((await person.login()).status).toBe(200);
    expect(pool.asked).toEqual([]);
  });

  it('takes no password that is kept here, where the pool alone is good', async () => {
    const company = await companyOf();
    const person = await company.person();
    const admin = knows(company, {}, 'boss');
    await linked(company, company.admin.id, admin);
    expect((await company.admin.put('/api/company/cognito', settings({ auth_provider: 'cognito' }))).body.auth_provider).toBe('cognito');
    expect((await person.login()).body.code).toBe('auth.invalid_credentials');
    expect((await world.call('POST', '/api/auth/login', { body: { email: person.email, password: PASSWORD } })).body.code).toBe(
      'auth.invalid_credentials',
    );
    const { body } = await login(company, admin);
    expect((await me(body.access_token)).body.role).toBe('admin');
  });

  it('takes no passkey instead of the pool, where the pool alone is good: whom it shuts out stays out', async () => {
    const company = await companyOf();
    const authenticator = new Authenticator();
    expect((await setsUp(await company.person(), authenticator)).status).toBe(200);
    expect((await knocks(world, await passkeyLogin(world, authenticator))).status, 'beside the pool').toBe(200);
    await linked(company, company.admin.id, knows(company, {}, 'boss'));
    expect((await company.admin.put('/api/company/cognito', settings({ auth_provider: 'cognito' }))).status).toBe(200);
    const unknown = Object.assign(new Authenticator(), { rpId: authenticator.rpId });
    const refused = bare(await knocks(world, await passkeyLogin(world, authenticator)));
    expect(refused).toMatchObject({ status: 401, code: 'auth.invalid_credentials' });
    expect(refused).toEqual(bare(await knocks(world, await passkeyLogin(world, unknown))));
    const [event] = await company.sql(`select details from audit_event where action = 'auth.sign_in_refused' order by id desc limit 1`);
    expect(event.details).toEqual({ reason: 'pool_only', way: 'passkey' });
  });

  it('is the only way in for nobody who has not come that way', async () => {
    const company = await companyOf();
    expect((await company.admin.put('/api/company/cognito', settings({ auth_provider: 'cognito' }))).body.code).toBe(
      'identity.sign_in_there_first',
    );
    expect((await company.admin.get('/api/company')).body.policy.auth_provider).toBe('both');
    expect((await company.admin.login()).status).toBe(200);
  });

  it('asks the pool of a company that is named, and of no other: time must not tell whose an e-mail is', async () => {
    const company = await companyOf();
    const email = knows(company);
    expect((await login(company, email)).status).toBe(200);
    pool.asked.length = 0;
    const [unnamed, unknown] = await Promise.all(
      [email, `nobody@${company.domain}`].map((who) => world.call('POST', '/api/auth/login', { body: { email: who, password: THERE } })),
    );
    expect(bare(unnamed!)).toEqual(bare(unknown!));
    expect(unnamed!.status).toBe(401);
    expect(pool.asked).toEqual([]);
  });

  it('answers alike for the unknown, the wrong, the unconfirmed and the disabled, there and here', async () => {
    const company = await companyOf();
    const cases: Partial<PoolUser>[] = [
      { password: 'Another-One-7' },
      { disabled: true },
      { refusal: 'UserNotConfirmedException' },
      { refusal: 'PasswordResetRequiredException' },
      { refusal: 'UserLambdaValidationException' },
    ];
    const answers = [await login(company, `nobody@${company.domain}`)];
    for (const [at, more] of cases.entries()) answers.push(await login(company, knows(company, more, `case-${at}`)));
    const disabled = knows(company, {}, 'disabled');
    const { body } = await login(company, disabled);
    await company.sql('update user_account set is_active = false where id = $1', [(await me(body.access_token)).body.id]);
    answers.push(await login(company, disabled));
    for (const one of answers) expect(bare(one)).toEqual(bare(answers[0]!));
    expect(answers[0]).toMatchObject({ status: 401, body: { code: 'auth.invalid_credentials' } });
  });

  it('counts a wrong password once, whoever looked at it, and forgets them with the right one', async () => {
    const company = await companyOf();
    const person = await company.person('user', 'grace');
    const email = knows(company, {}, 'grace');
    await company.isUnknownHere();
    for (let at = 0; at < 9; at++) expect((await login(company, email, 'wrong')).status).toBe(401);
    await company.sql(`delete from session where user_id = $1`, [person.id]);
    await linked(company, person.id, email);
    expect((await login(company, email)).status).toBe(200);
    await company.isUnknownHere();
    for (let at = 0; at < 10; at++) expect((await login(company, email, 'wrong')).status).toBe(401);
    const asked = pool.asked.length;
    expect(await login(company, email)).toMatchObject({ status: 429, body: { code: 'auth.too_many_attempts' } });
    expect(pool.asked).toHaveLength(asked);
  });

  it('counts guesses at a password that is here, though the pool takes each of them for somebody else', async () => {
    const company = await companyOf();
    const victim = await company.person('user', 'victim');
    await company.isUnknownHere();
    // Their user name there is the victim's address here.
    pool.users[victim.email] = { password: 'guess', sub: 'sub-of-an-attacker', email: `mallory@${company.domain}` };
    for (let at = 0; at < 10; at++) expect((await login(company, victim.email, 'guess')).status).toBe(200);
    expect((await login(company, victim.email, PASSWORD)).status).toBe(429);
  });

  it.each(['error', 'throttle', 'reset'] as const)(
    'says so when the pool has trouble (%s), and counts nothing that nobody looked at',
    async (trouble) => {
      const company = await companyOf();
      const email = knows(company);
      pool.trouble = trouble;
      for (let at = 0; at < 12; at++) {
        const { status, headers, body } = await login(company, email);
        expect([status, body.code]).toEqual([503, 'identity.provider_unavailable']);
        expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
      }
      pool.trouble = undefined;
      expect((await login(company, email)).status).toBe(200);
    },
  );

  it('still counts guesses at a password that is here while the pool has trouble', async () => {
    const company = await companyOf();
    const person = await company.person();
    await company.isUnknownHere();
    pool.trouble = 'reset';
    for (let at = 0; at < 10; at++) expect((await login(company, person.email, 'wrong')).status).toBe(503);
    expect((await login(company, person.email, 'wrong')).status).toBe(429);
  });

  const codes = [
    ['SOFTWARE_TOKEN_MFA', 'totp', null, 'otp'],
    ['SMS_MFA', 'sms', '+*******5678', 'sms'],
    ['EMAIL_OTP', 'email', 'a***@e***', 'otp'],
  ] as const;
  it.each(codes)('relays %s, which then counts as a second factor', async (name, type, masked, amr) => {
    const company = await companyOf();
    const email = knows(company, { challenges: [name], code: '246810' });
    const { status, body } = await login(company, email);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      mfa_required: true,
      refresh_token: '',
      factors: [{ type, recipient_masked: masked }],
      next_step: { type: 'code' },
    });
    expect((await me(body.mfa_token)).body.code).toBe('auth.mfa_required');
    expect((await answer(body.mfa_token, { code: '000000' })).body.code).toBe('mfa.wrong_code');
    const { body: opened } = await answer(body.mfa_token, { code: '246810' });
    expect(claimsOf(opened.access_token)).toMatchObject({ amr: ['fed', 'pwd', amr, 'mfa'], acr: 'urn:watchword:acr:two-steps-outside' });
    expect((await answer(body.mfa_token, { code: '246810' })).body.code).toBe('mfa.sign_in_over');
    const last = pool.asked.at(-1)!.body;
    expect(last.ChallengeResponses).toMatchObject({ USERNAME: pool.users[email]!.sub, SECRET_HASH: pool.hashOf(pool.users[email]!.sub) });
  });

  it('answers with the code of an authenticator at once where it comes with the password', async () => {
    const company = await companyOf();
    const email = knows(company, { challenges: ['SOFTWARE_TOKEN_MFA'], code: '246810' });
    expect((await login(company, email, THERE, { totp_code: '111111' })).body.code).toBe('mfa.wrong_code');
    expect((await login(company, email, THERE, { totp_code: '246810' })).body.mfa_required).toBe(false);
  });

  it('relays a new password and the setting up of an authenticator, one after the other', async () => {
    const company = await companyOf();
    const email = knows(company, { challenges: ['NEW_PASSWORD_REQUIRED', 'MFA_SETUP'], code: '246810' });
    const { body: first } = await login(company, email);
    expect(first).toMatchObject({
      mfa_required: true,
      factors: [],
      next_step: { type: 'new_password', required_attributes: ['given_name'] },
    });
    expect((await answer(first.mfa_token, { code: '246810' })).body).toMatchObject({ status: 400, errors: [{ field: 'new_password' }] });
    const weak = await answer(first.mfa_token, { new_password: 'all lower case', attributes: { given_name: 'Ada' } });
    expect(weak.body).toMatchObject({ code: 'auth.weak_password', errors: [{ field: 'new_password' }] });
    const { body: second } = await answer(first.mfa_token, { new_password: 'A-New-One-For-2026', attributes: { given_name: 'Ada' } });
    expect(second.next_step).toMatchObject({
      type: 'authenticator_setup',
      authenticator: { secret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP', qr_code: expect.stringMatching(/^data:image\/png;base64,/) },
    });
    expect(second.next_step.authenticator.otpauth_uri).toContain('secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP');
    expect((await answer(second.mfa_token, { code: '000000' })).body.code).toBe('mfa.wrong_code');
    const { body } = await answer(second.mfa_token, { code: '246810' });
    expect(claimsOf(body.access_token).amr).toEqual(['fed', 'pwd', 'otp', 'mfa']);
    pool.users[email]!.challenges = [];
    expect((await login(company, email)).status).toBe(401);
    expect((await login(company, email, 'A-New-One-For-2026')).status).toBe(200);
  });

  it('does not take an authenticator that was set up there just now for the factor that somebody has here', async () => {
    const company = await companyOf();
    const person = await company.person('user', 'ada');
    await person.enablesTotp();
    const email = knows(company, { challenges: ['MFA_SETUP'], code: '246810' });
    await linked(company, person.id, email);
    const { body: first } = await login(company, email);
    const { body: second } = await answer(first.mfa_token, { code: '246810' });
    expect(second).toMatchObject({ mfa_required: true, factors: [{ type: 'totp' }, { type: 'backup_codes' }] });
    const { body: opened } = await answer(second.mfa_token, { code: await person.code() });
    expect(claimsOf(opened.access_token)).toMatchObject({ amr: ['fed', 'pwd', 'otp', 'otp', 'mfa'], acr: 'urn:watchword:acr:2' });
  });

  it('writes no attribute into the pool that it did not ask for', async () => {
    const company = await companyOf();
    const email = knows(company, { challenges: ['NEW_PASSWORD_REQUIRED'] });
    const { body } = await login(company, email);
    const attributes = { given_name: 'Ada', 'custom:role': 'admin', email: 'boss@evil.test' };
    expect((await answer(body.mfa_token, { new_password: 'A-New-One-For-2026', attributes })).status).toBe(200);
    const sent = Object.keys(pool.asked.at(-1)!.body.ChallengeResponses).filter((name) => name.startsWith('userAttributes.'));
    expect(sent).toEqual(['userAttributes.given_name']);
  });

  it('lets somebody with several factors there choose', async () => {
    const company = await companyOf();
    const email = knows(company, { challenges: ['SELECT_MFA_TYPE'], code: '246810' });
    const { body: first } = await login(company, email);
    expect(first.next_step.type).toBe('choice');
    expect(first.factors.map(({ type }: { type: string }) => type)).toEqual(['sms', 'totp']);
    expect((await answer(first.mfa_token, { factor_id: company.id })).body).toMatchObject({
      status: 400,
      errors: [{ field: 'factor_id' }],
    });
    const { body: second } = await answer(first.mfa_token, { factor_id: first.factors[0].id });
    expect(second).toMatchObject({ next_step: { type: 'code' }, factors: [{ type: 'sms', recipient_masked: '+*******5678' }] });
    expect((await answer(second.mfa_token, { code: '246810' })).body.mfa_required).toBe(false);
  });

  it('refuses what it cannot relay, and tells the administrator what that was', async () => {
    const company = await companyOf();
    expect((await login(company, knows(company, { challenges: ['CUSTOM_CHALLENGE'] }))).body.code).toBe('auth.invalid_credentials');
    const [event] = await company.sql(
      `select details from audit_event where action = 'auth.sign_in_refused' and details ->> 'provider' = 'cognito'`,
    );
    expect(event.details.reason).toBe('unsupported_CUSTOM_CHALLENGE');
  });

  it('keeps the newest session of the pool, sealed, and gives it to nobody', async () => {
    const company = await companyOf();
    const email = knows(company, { challenges: ['NEW_PASSWORD_REQUIRED', 'SMS_MFA'], code: '246810' });
    const { body: first } = await login(company, email);
    const { body: second } = await answer(first.mfa_token, { new_password: 'A-New-One-For-2026', attributes: { given_name: 'Ada' } });
    const { body: opened } = await answer(first.mfa_token, { code: '246810' });
    const used = pool.asked.filter(({ operation }) => operation === 'RespondToAuthChallenge').map(({ body }) => body.Session);
    expect(new Set(used).size).toBe(2);
    const stored = JSON.stringify(await company.sql('select * from identity_flow'));
    const told = JSON.stringify([first, second, opened]) + world.api.output();
    for (const text of [...used, THERE, 'A-New-One-For-2026']) expect(stored + told).not.toContain(text);
    expect(stored).not.toContain(email);
    expect(JSON.stringify(await company.sql('select * from audit_event'))).not.toMatch(/session-|A-New-One|Their-Password/);
  });

  it('takes five answers to a step and no more, and counts them with the wrong passwords', async () => {
    const company = await companyOf();
    const email = knows(company, { challenges: ['SMS_MFA'], code: '246810' });
    const { body } = await login(company, email);
    for (let at = 0; at < 5; at++) expect((await answer(body.mfa_token, { code: '000000' })).body.code).toBe('mfa.wrong_code');
    expect((await answer(body.mfa_token, { code: '246810' })).body.code).toBe('mfa.sign_in_over');
    const { body: again } = await login(company, email);
    for (let at = 0; at < 3; at++) expect((await answer(again.mfa_token, { code: '000000' })).body.code).toBe('mfa.wrong_code');
    expect(await answer(again.mfa_token, { code: '246810' })).toMatchObject({ status: 429, body: { code: 'mfa.too_many_attempts' } });
    expect((await login(company, email)).status).toBe(429);
    const reasons = (
      await company.sql(`select details ->> 'reason' as reason from audit_event where action = 'mfa.code_refused' order by id`)
    ).map(({ reason }) => reason);
    expect(reasons).toEqual([...Array(8).fill('CodeMismatchException'), 'too_many_attempts']);
  });

  it('opens one session, however many right answers arrive at once', async () => {
    const company = await companyOf();
    const email = knows(company, { challenges: ['SMS_MFA'], code: '246810' });
    const { body } = await login(company, email);
    // A pool that takes a session twice: the guard that is looked at is ours.
    pool.reusesSessions = true;
    let go!: () => void;
    pool.held = new Promise<void>((resolve) => (go = resolve));
    const answers = Array.from({ length: 4 }, () => answer(body.mfa_token, { code: '246810' }));
    await expect.poll(() => pool.asked.filter(({ operation }) => operation === 'RespondToAuthChallenge')).toHaveLength(4);
    go();
    expect((await Promise.all(answers)).map(({ status }) => status).toSorted()).toEqual([200, 401, 401, 401]);
    expect(await company.sql(`select from session s join user_account u on u.id = s.user_id where u.email = $1`, [email])).toHaveLength(1);
  });

  it('takes no token of one kind for another', async () => {
    const company = await companyOf();
    const person = await company.person();
    await person.enablesTotp();
    const email = knows(company, { challenges: ['SMS_MFA'], code: '246810' });
    const { body: theirs } = await login(company, email);
    const { body: ours } = await person.login();
    expect(
      (await world.call('POST', '/api/auth/mfa/challenge', { token: theirs.mfa_token, body: { factor_id: person.factorId } })).status,
    ).toBe(403);
    expect((await world.call('GET', '/api/auth/mfa/factors', { token: theirs.mfa_token })).status).toBe(403);
    expect((await answer(ours.mfa_token, { code: '246810' })).status).toBe(401);
    expect((await answer(ours.mfa_token, { new_password: 'A-New-One-For-2026' })).body).toMatchObject({
      status: 400,
      errors: [{ field: 'code' }],
    });
  });

  const forger = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const lies: [string, CognitoPool['tokens'] | (() => CognitoPool['tokens'])][] = [
    ['signed by another', { signedBy: forger }],
    ['signed by nobody', { signedBy: 'none' }],
    ['signed with the public key as a secret', { header: { alg: 'HS256' } }],
    ['for another client', { id: { aud: 'another' } }],
    ['whose access token is for another client', { access: { client_id: 'another' } }],
    ['of another pool', () => ({ id: { iss: `${pool.url}/eu-west-1_other` } })],
    ['that are over', { id: { exp: Math.floor(Date.now() / 1000) - 60 } }],
    ['that are an access token twice', { id: { token_use: 'access' } }],
    ['about two people', { access: { sub: 'another' } }],
    ['about nobody', { id: { sub: '' }, access: { sub: '' } }],
  ];
  it.each(lies)('takes no tokens %s', async (_, script) => {
    const company = await companyOf();
    const email = knows(company);
    pool.tokens = typeof script === 'function' ? script() : script;
    expect((await login(company, email)).body.code).toBe('auth.invalid_credentials');
    expect(await company.sql('select from user_account')).toHaveLength(1);
    pool.tokens = {};
    expect((await login(company, email)).status).toBe(200);
  });

  it('asks for the second factor that is set up here, unless the pool asked for one that counts', async () => {
    const company = await companyOf();
    const person = await company.person('user', 'ada');
    await person.enablesTotp();
    const email = knows(company);
    await linked(company, person.id, email);
    const { body } = await login(company, email);
    expect(body).toMatchObject({ mfa_required: true, factors: [{ type: 'totp' }, { type: 'backup_codes' }] });
    expect(body.next_step).toBeUndefined();
    const { body: opened } = await answer(body.mfa_token, { code: await person.code() });
    expect(claimsOf(opened.access_token)).toMatchObject({ amr: ['fed', 'pwd', 'otp', 'mfa'], acr: 'urn:watchword:acr:2' });

    Object.assign(pool.users[email]!, { challenges: ['SMS_MFA'], code: '246810' });
    const { body: there } = await login(company, email);
    expect((await answer(there.mfa_token, { code: '246810' })).body.mfa_required).toBe(false);
    await company.admin.put('/api/company/cognito', settings({ second_factor_counts: false }));
    const { body: both } = await login(company, email);
    expect((await answer(both.mfa_token, { code: '246810' })).body).toMatchObject({
      mfa_required: true,
      factors: [{ type: 'totp' }, { type: 'backup_codes' }],
    });
  });

  it('lets in nobody by their e-mail alone: an account that has it is theirs only where the company says so and nobody used it before', async () => {
    const company = await companyOf();
    const person = await company.person('user', 'ada');
    const email = knows(company);
    expect((await login(company, email)).body.code).toBe('identity.link_required');
    await company.admin.put('/api/company/cognito', settings({ link_verified_emails: true }));
    expect((await login(company, email)).body.code).toBe('identity.link_required');
    const unused = knows(company, {}, 'unused');
    await company.sql(
      `insert into user_account (id, email, email_canonical, full_name, role) values (app.uuidv7(), $1, $1, 'Never Came', 'manager')`,
      [unused],
    );
    const { body } = await login(company, unused);
    expect((await me(body.access_token)).body).toMatchObject({ full_name: 'Never Came', role: 'manager', email_verified: true });
    expect((await me(person.token)).status).toBe(200);
  });

  it('makes nobody a person who has no verified e-mail, or where the company does not want that', async () => {
    const company = await companyOf();
    expect((await login(company, knows(company, { emailVerified: false }, 'unverified'))).body.code).toBe('identity.not_admitted');
    await company.admin.put('/api/company/cognito', settings({ allowed_email_domains: ['elsewhere.test'] }));
    expect((await login(company, knows(company, {}, 'stranger'))).body.code).toBe('identity.not_admitted');
    await company.admin.put('/api/company/cognito', settings({ just_in_time: false }));
    expect((await login(company, knows(company, {}, 'late'))).body.code).toBe('identity.not_admitted');
    expect(await company.sql('select from user_account')).toHaveLength(1);
  });

  it('keeps a password here from the first sign-in on, where the company moves away from the pool', async () => {
    const company = await companyOf({ migrate_passwords: true });
    const email = knows(company);
    expect((await login(company, email)).status).toBe(200);
    const [{ password_hash }] = (await company.sql('select password_hash from user_account where email = $1', [email])) as [
      { password_hash: string },
    ];
    expect(password_hash).toMatch(/^\$argon2id\$/);
    expect(await company.actions()).toContain('auth.password_migrated');
    pool.trouble = 'reset';
    const { status, body } = await login(company, email);
    expect([status, claimsOf(body.access_token).amr]).toEqual([200, ['pwd']]);
  });

  it('keeps no password here that would then open alone what took two steps there', async () => {
    const company = await companyOf({ migrate_passwords: true });
    const email = knows(company, { challenges: ['SMS_MFA'], code: '246810' });
    const { body } = await login(company, email);
    const { body: opened } = await answer(body.mfa_token, { code: '246810' });
    const hash = async () => (await company.sql('select password_hash from user_account where email = $1', [email]))[0]!.password_hash;
    expect([opened.mfa_required, await hash()]).toEqual([false, null]);
    await company.admin.patch('/api/company', { policy: { mfa: { user: 'required' } } });
    const { body: again } = await login(company, email);
    await answer(again.mfa_token, { code: '246810' });
    expect(await hash()).toMatch(/^\$argon2id\$/);
  });

  it('is set up by administrators with a pool that answers, and its secret is never read back', async () => {
    const company = await world.company();
    const put = (more: object) => company.admin.put('/api/company/cognito', settings(more));
    expect((await company.admin.get('/api/company/cognito')).body.code).toBe('identity.provider_not_found');
    expect((await put({ user_pool_id: 'eu-west-1_nowhere' })).body).toMatchObject({
      code: 'identity.provider_refused',
      detail: expect.stringMatching(/no such user pool/),
    });
    expect((await put({ client_id: 'nobody' })).body.detail).toMatch(/no such app client/);
    expect((await put({ client_secret: 'wrong' })).body.detail).toMatch(/secret/);
    expect((await put({ client_secret: null })).body.detail).toMatch(/secret/);
    expect((await put({ user_pool_id: 'evil.test/_x' })).status).toBe(400);
    const set = await put({});
    expect(set.body).toMatchObject({ auth_provider: 'both', has_secret: true, issuer: pool.issuer, user_pool_id: pool.userPoolId });
    const { client_secret: _, ...without } = settings();
    expect((await company.admin.put('/api/company/cognito', without)).body.has_secret).toBe(true);
    const elsewhere = await company.admin.put('/api/company/cognito', { ...without, client_id: pool.publicClientId });
    expect([elsewhere.status, elsewhere.body.has_secret], 'a secret goes to no other client').toEqual([200, false]);
    expect(pool.asked.at(-1)!.body.AuthParameters.SECRET_HASH).toBeUndefined();
    for (const { body } of [set, await company.admin.get('/api/company/cognito')]) expect(JSON.stringify(body)).not.toContain(pool.secret);
    expect(JSON.stringify(await company.sql('select * from identity_provider'))).not.toContain(pool.secret);
    expect((await company.admin.get('/api/company/identity-providers')).body.data).toEqual([]);
    expect((await company.admin.patch('/api/company', { policy: { auth_provider: 'native' } })).status).toBe(400);
    const manager = await company.person('manager');
    for (const method of ['get', 'put', 'delete'] as const) expect((await manager[method]('/api/company/cognito')).status).toBe(403);
    expect((await company.admin.delete('/api/company/cognito')).status).toBe(200);
    expect((await company.admin.get('/api/company')).body.policy.auth_provider).toBe('native');
  });

  it('is asked no more once the company has said so, in the middle of a sign-in, too', async () => {
    const company = await companyOf();
    const email = knows(company, { challenges: ['SMS_MFA'], code: '246810' });
    const { body } = await login(company, email);
    await company.admin.delete('/api/company/cognito');
    expect((await answer(body.mfa_token, { code: '246810' })).body.code).toBe('mfa.sign_in_over');
    pool.asked.length = 0;
    expect((await login(company, email)).status).toBe(401);
    expect(pool.asked).toEqual([]);
  });
});
