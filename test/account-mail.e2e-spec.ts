import { Authenticator } from './simulators/authenticator.js';
import { SmtpSimulator } from './simulators/smtp.js';
import { DeliveryWorld, eventually } from './support/delivery-world.js';
import { knocks, passkeyLogin, setsUp } from './support/passkeys.js';
import { type Answer, type Company, PASSWORD } from './support/world.js';

const NEXT = 'a better horse battery 7';
const outcome = ({ status, body }: Answer) => (status < 300 ? status : body.code);

describe('Mail about accounts', () => {
  let world: DeliveryWorld;
  let smtp: SmtpSimulator;
  beforeAll(async () => {
    smtp = await SmtpSimulator.start();
    const { user, password, ca, url } = smtp;
    const settings = { host: '127.0.0.1', port: Number(new URL(url).port), user, password, from: 'accounts@watchword.test', ca };
    world = await DeliveryWorld.start({
      settings: { ACCOUNT_SMTP: JSON.stringify(settings), LINK_URL: 'https://app.watchword.test', SANDBOX: 'false' },
    });
  }, 180_000);
  afterAll(() => Promise.all([world.stop(), smtp.stop()]));

  /** Everything that came to an address, as a reader sees it. */
  const mailTo = (email: string) =>
    smtp.accepted.filter(({ to }) => to === email.toLowerCase()).map(({ text }) => text.replaceAll('=\r\n', '').replaceAll('=3D', '='));
  const mailed = (email: string, subject: RegExp, count = 1) =>
    eventually(() => {
      const found = mailTo(email).filter((text) => subject.test(/^Subject: (.*)$/m.exec(text)?.[1] ?? ''));
      return found.length >= count && found.at(-1);
    });
  const tokenIn = (mail: string) => /https:\/\/app\.watchword\.test\/([a-z-]+)#token=([\w-]+)/.exec(mail)!.slice(1) as [string, string];
  const open = (path: string, body: object, at = 0) => world.call('POST', `/api/auth/${path}`, { body, at });
  const forgets = (email: string, more: object = {}) => open('forgot-password', { email, ...more });
  const profile = async (company: Company) => (await company.admin.get('/api/users/me')).body;
  async function resetToken(email: string): Promise<string> {
    const before = mailTo(email).filter((text) => /new password/i.test(text)).length;
    await forgets(email);
    return tokenIn(await mailed(email, /new password/, before + 1))[1];
  }
  /** A company whose administrator has confirmed the e-mail. */
  async function confirmed(): Promise<Company> {
    const company = await world.company();
    const [, token] = tokenIn(await mailed(company.admin.email, /Confirm/));
    expect(outcome(await open('verify-email', { token }))).toBe(200);
    return company;
  }

  it('brings a link that confirms the address, once, by POST alone', async () => {
    const company = await world.company();
    const [path, token] = tokenIn(await mailed(company.admin.email, /Confirm/));
    expect([path, (await profile(company)).email_verified]).toEqual(['verify-email', false]);
    expect((await world.call('GET', `/api/auth/verify-email?token=${token}`)).status).toBe(404);
    for (let at = 0; at < token.length; at += 13)
      expect(
        outcome(await open('verify-email', { token: token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1) })),
      ).toBe('auth.invalid_link');
    const answers = await Promise.all([0, 1, 0, 1].map((at) => open('verify-email', { token }, at)));
    expect(answers.map(outcome).toSorted()).toEqual([200, ...Array(3).fill('auth.invalid_link')]);
    expect((await profile(company)).email_verified).toBe(true);
    expect((await company.sql('select payload from delivery')).map(({ payload }) => payload)).toEqual([null]);
    expect(world.output).not.toContain(token);
  });

  it('is written again to whoever asks, and to nobody else, with one answer for all', async () => {
    const company = await world.company();
    await mailed(company.admin.email, /Confirm/);
    const known = await open('resend-verification', { email: company.admin.email });
    const unknown = await open('resend-verification', { email: `nobody@${company.domain}` });
    expect([unknown.status, unknown.body]).toEqual([known.status, known.body]);
    const [, token] = tokenIn(await mailed(company.admin.email, /Confirm/, 2));
    expect(outcome(await open('verify-email', { token }))).toBe(200);
    await open('resend-verification', { email: company.admin.email });
    await forgets(company.admin.email);
    await mailed(company.admin.email, /new password/);
    expect(
      mailTo(company.admin.email).filter((text) => /Subject: Confirm/.test(text)),
      'confirmed already',
    ).toHaveLength(2);
    expect(mailTo(`nobody@${company.domain}`)).toEqual([]);
  });

  it('lets a person choose a new password: every session ends, and the second factor is asked for as ever', async () => {
    const company = await confirmed();
    const { admin } = company;
    await admin.enablesTotp();
    const known = await forgets(admin.email);
    const unknown = await forgets(`nobody@${company.domain}`);
    expect([unknown.status, unknown.body]).toEqual([200, known.body]);
    const [path, token] = tokenIn(await mailed(admin.email, /new password/));
    expect(path).toBe('reset-password');
    expect((await open('reset-password', { token, new_password: 'password' })).body.errors[0].field).toBe('new_password');
    expect(await open('reset-password', { token, new_password: NEXT })).toMatchObject({ status: 200, body: { detail: null } });
    expect(outcome(await open('reset-password', { token, new_password: `${NEXT}!` }))).toBe('auth.invalid_link');
    expect((await admin.get('/api/users/me')).status).toBe(401);
    expect(outcome(await admin.login())).toBe('auth.invalid_credentials');
    expect((await admin.login({ password: NEXT })).body).toMatchObject({ mfa_required: true, refresh_token: '' });
    await mailed(admin.email, /password was changed/);
  });

  it('of all who come with one link at once, serves one', async () => {
    const { admin } = await confirmed();
    const token = await resetToken(admin.email);
    const answers = await Promise.all(
      Array.from({ length: 6 }, (_, at) => open('reset-password', { token, new_password: `${NEXT} ${at}` }, at % 2)),
    );
    expect(answers.map(outcome).toSorted()).toEqual([200, ...Array(5).fill('auth.invalid_link')]);
    const winner = answers.findIndex(({ status }) => status === 200);
    expect((await admin.login({ password: `${NEXT} ${winner}` })).status).toBe(200);
  });

  it('brings links that are each good for one thing, and none for a stranger, an old or a disabled account', async () => {
    const company = await world.company();
    const { admin } = company;
    const [, verify] = tokenIn(await mailed(admin.email, /Confirm/));
    const reset = await resetToken(admin.email);
    expect(outcome(await open('reset-password', { token: verify, new_password: NEXT }))).toBe('auth.invalid_link');
    expect(outcome(await open('verify-email', { token: reset }))).toBe('auth.invalid_link');
    expect(outcome(await open('accept-invitation', { token: reset, full_name: 'Eve', password: NEXT }))).toBe('auth.invalid_link');

    const person = await company.person();
    const late = await resetToken(person.email);
    await company.sql(`update account_link set expires_at = now() - interval '1 second' where user_id = $1`, [person.id]);
    expect(outcome(await open('reset-password', { token: late, new_password: NEXT }))).toBe('auth.invalid_link');
    const shutOut = await resetToken(person.email);
    await admin.post(`/api/users/${person.id}/deactivate`);
    expect(outcome(await open('reset-password', { token: shutOut, new_password: NEXT }))).toBe('auth.invalid_link');
  });

  it('has links to the configured place, whatever the request says of itself', async () => {
    const { admin } = await confirmed();
    await world.call('POST', '/api/auth/forgot-password', {
      body: { email: admin.email },
      headers: {
        'x-forwarded-host': 'evil.example',
        'x-forwarded-proto': 'http',
        forwarded: 'host=evil.example',
        origin: 'https://evil.example',
      },
    });
    const mail = await mailed(admin.email, /new password/);
    expect(mail).toContain('https://app.watchword.test/reset-password#token=');
    expect(mail).not.toContain('evil');
    expect(outcome(await world.call('POST', '/api/auth/forgot-password', { body: { email: [admin.email, 'eve@evil.example'] } }))).toBe(
      'request.invalid',
    );
  });

  it('moves an account to another address when that one is confirmed, and tells the old one', async () => {
    const company = await confirmed();
    const { admin } = company;
    const [before, after] = [admin.email, `new-${admin.email}`];
    expect(outcome(await admin.post('/api/users/me/email', { new_email: after, password: 'wrong' }))).toBe('auth.wrong_password');
    const old = await resetToken(before);
    expect(outcome(await admin.post('/api/users/me/email', { new_email: after, password: PASSWORD }))).toBe(202);
    await mailed(before, /Another e-mail/);
    expect((await profile(company)).email).toBe(before);
    const [, token] = tokenIn(await mailed(after, /new e-mail/));
    expect(outcome(await open('verify-email', { token }))).toBe(200);
    expect(await profile(company)).toMatchObject({ email: after, email_verified: true });
    await mailed(before, /was changed/);
    expect(outcome(await open('reset-password', { token: old, new_password: NEXT })), 'sent to the old address').toBe('auth.invalid_link');
    expect((await world.call('POST', '/api/auth/login', { body: { email: before, password: PASSWORD } })).status).toBe(401);
    expect((await world.call('POST', '/api/auth/login', { body: { email: after, password: PASSWORD } })).status).toBe(200);
  });

  it('goes to one address or to none, however the request spells several', async () => {
    const [victim, eve] = [await confirmed(), await confirmed()];
    const [theirs, hers] = [victim.admin.email, eve.admin.email];
    const resets = (email: string) => mailTo(email).filter((text) => /^Subject: .*new password/m.test(text)).length;
    const asks = (body: unknown, headers: Record<string, string> = {}) =>
      world.call('POST', '/api/auth/forgot-password', { body, headers: { 'content-type': 'application/json', ...headers } });
    for (const email of [
      [theirs, hers],
      [theirs],
      { 0: theirs, 1: hers },
      { email: theirs },
      `${theirs},${hers}`,
      `${theirs};${hers}`,
      `${theirs} ${hers}`,
      `${theirs}\r\nBcc: ${hers}`,
      `${theirs}\nTo: ${hers}`,
      `<${theirs}>,<${hers}>`,
      `${theirs}%0a${hers}`,
      `"${hers}" <${theirs}>`,
    ])
      expect(outcome(await asks({ email })), JSON.stringify(email)).toBe('request.invalid');
    expect(outcome(await asks({ 'email[]': theirs }))).toBe('request.invalid');
    for (const type of ['application/x-www-form-urlencoded', 'text/plain'])
      expect((await asks(`email[]=${theirs}&email[]=${hers}`, { 'content-type': type })).status).toBe(415);
    expect(outcome(await asks(`{"email":["${theirs}"],"email":["${hers}"]}`))).toBe('request.invalid');
    // Of a name that is there twice, the last counts, for all of us; and what else is asked for is nobody's business here.
    const odd = `{"email":"${theirs}","email":"${hers}","cc":"${theirs}","redirect_uri":"https://evil.example","url":"https://evil.example"}`;
    expect(
      (
        await world.call('POST', '/api/auth/forgot-password?email=x&redirect_uri=https://evil.example', {
          body: odd,
          headers: { 'content-type': 'application/json' },
        })
      ).status,
    ).toBe(200);
    const mail = await mailed(hers, /new password/);
    expect(mail).not.toContain('evil');
    expect(mail).not.toContain(theirs);
    // What was asked for first would have come first.
    await forgets(hers);
    await mailed(hers, /new password/, 2);
    expect([resets(theirs), resets(hers)]).toEqual([0, 2]);
  });

  it('proves the address it went to and no other, however many changes are asked for at once', async () => {
    const company = await confirmed();
    const { admin } = company;
    const wanted = [`one@${company.domain}`, `two@${company.domain}`];
    const asked = await world.race(
      company.id,
      'user_account',
      admin.id,
      wanted.map((new_email, at) => () => admin.post('/api/users/me/email', { new_email, password: PASSWORD }, at)),
    );
    expect(asked.map(outcome)).toEqual([202, 202]);
    const tokens = await Promise.all(wanted.map(async (email) => tokenIn(await mailed(email, /new e-mail/))[1]));
    // Of two changes at once, the later takes the earlier's link back, or both are good: never is one good for the other's address.
    const answers: unknown[] = [];
    for (const [at, token] of tokens.entries()) {
      const before = (await profile(company)).email;
      const answer = await open('verify-email', { token });
      expect((await profile(company)).email).toBe(answer.status === 200 ? wanted[at] : before);
      answers.push(outcome(answer));
    }
    expect(answers).toContain(200);
    for (const token of tokens) expect(outcome(await open('verify-email', { token })), 'again').toBe('auth.invalid_link');
  });

  it('moves no account to an address that somebody else of the company has meanwhile', async () => {
    const company = await confirmed();
    const wanted = `wanted@${company.domain}`;
    await company.admin.post('/api/users/me/email', { new_email: wanted, password: PASSWORD });
    const [, token] = tokenIn(await mailed(wanted, /new e-mail/));
    await company.person('user', 'wanted');
    expect(outcome(await open('verify-email', { token }))).toBe('users.email_taken');
    expect((await profile(company)).email).toBe(company.admin.email);
  });

  it('invites people, who join with the role they were invited for', async () => {
    const company = await confirmed();
    const email = `Grace.Hopper@${company.domain}`;
    const user = await company.person();
    expect(outcome(await user.post('/api/users/invitations', { email, role: 'user' }))).toBe('auth.forbidden');
    expect(outcome(await company.admin.post('/api/users/invitations', { email: user.email, role: 'user' }))).toBe('users.email_taken');
    const first = await company.admin.post('/api/users/invitations', { email, role: 'user', locale: 'es' });
    expect(first.body).toMatchObject({ email, role: 'user', invited_by: company.admin.id });
    const [, old] = tokenIn(await mailed(email, /Te invitan/));
    await company.admin.post('/api/users/invitations', { email, role: 'manager' });
    const [path, token] = tokenIn(await mailed(email, /invited/));
    expect(path).toBe('accept-invitation');
    expect((await company.admin.get('/api/users/invitations')).body.data).toMatchObject([{ email, role: 'manager' }]);
    const accepts = (which: string, at = 0) => open('accept-invitation', { token: which, full_name: 'Grace Hopper', password: NEXT }, at);
    const looks = (which: string) => open('invitation', { token: which });
    expect(outcome(await accepts(old)), 'replaced').toBe('auth.invalid_link');
    expect(outcome(await looks(old)), 'replaced').toBe('auth.invalid_link');
    for (const time of ['once', 'again'])
      expect((await looks(token)).body, time).toEqual({
        email,
        role: 'manager',
        company_name: 'Acme',
        invited_by: 'Ada Admin',
        locale: null,
        expires_at: expect.any(String),
      });
    expect((await open('accept-invitation', { token, full_name: 'Grace', password: '12345678' })).body.errors[0].field).toBe('password');
    const answers = await Promise.all([accepts(token), accepts(token, 1)]);
    expect(answers.map(outcome).toSorted()).toEqual([201, 'auth.invalid_link']);
    expect(outcome(await looks(token)), 'used').toBe('auth.invalid_link');
    expect(answers.find(({ status }) => status === 201)!.body).toMatchObject({
      email,
      role: 'manager',
      email_verified: true,
      company_id: company.id,
    });
    expect((await world.call('POST', '/api/auth/login', { body: { email, password: NEXT } })).status).toBe(200);
    expect((await company.admin.get('/api/users/invitations')).body.data).toEqual([]);
  });

  it('lets nobody in whose invitation was taken back, or whose inviter may not invite any more', async () => {
    const company = await confirmed();
    const another = await company.person('admin');
    const invite = async (by: typeof another, name: string) => {
      const email = `${name}@${company.domain}`;
      const { body } = await by.post('/api/users/invitations', { email, role: 'admin' });
      return { id: body.id as string, token: tokenIn(await mailed(email, /invited/))[1] };
    };
    const accepts = (token: string) => open('accept-invitation', { token, full_name: 'Eve', password: NEXT });
    const withdrawn = await invite(company.admin, 'one');
    expect((await company.admin.delete(`/api/users/invitations/${withdrawn.id}`)).status).toBe(204);
    expect(outcome(await company.admin.delete(`/api/users/invitations/${withdrawn.id}`))).toBe('users.invitation_not_found');
    expect(outcome(await accepts(withdrawn.token))).toBe('auth.invalid_link');
    expect(outcome(await open('invitation', { token: withdrawn.token }))).toBe('auth.invalid_link');
    const demoted = await invite(another, 'two');
    await company.admin.put(`/api/users/${another.id}/role`, { role: 'user' });
    expect(outcome(await accepts(demoted.token))).toBe('auth.invalid_link');
    expect(outcome(await open('invitation', { token: demoted.token }))).toBe('auth.invalid_link');
    const stranger = await confirmed();
    expect(outcome(await stranger.admin.delete(`/api/users/invitations/${demoted.id}`))).toBe('users.invitation_not_found');
  });

  it('keeps people out whose company wants confirmed addresses, until theirs is', async () => {
    const company = await world.company();
    const { admin } = company;
    expect((await admin.patch('/api/company', { policy: { email_verification: 'required' } })).status).toBe(200);
    expect(outcome(await admin.login())).toBe('auth.email_not_verified');
    expect(outcome(await admin.login({ password: 'wrong' }))).toBe('auth.invalid_credentials');
    const [, token] = tokenIn(await mailed(admin.email, /Confirm/));
    await open('verify-email', { token });
    expect(outcome(await admin.login())).toBe(200);
  });

  it('tells of every change in how an account is opened, at confirmed addresses and no other', async () => {
    const { admin } = await confirmed();
    await admin.enablesTotp();
    await mailed(admin.email, /second factor was added/);
    expect((await admin.verify(await admin.pendingToken(), admin.backupCodes[0]!)).status).toBe(200);
    await mailed(admin.email, /backup code was used/);
    await admin.signsIn();
    expect((await admin.post('/api/auth/change-password', { current_password: PASSWORD, new_password: NEXT })).status).toBe(200);
    await mailed(admin.email, /password was changed/);
    await world.call('POST', '/api/auth/login', {
      body: { email: admin.email, password: NEXT, totp_code: await admin.code() },
      headers: { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0' },
    });
    expect(await mailed(admin.email, /new sign-in/)).toContain('Firefox on Linux');

    const unconfirmed = await world.company();
    await unconfirmed.admin.enablesTotp();
    await eventually(async () => (await unconfirmed.actions()).includes('mfa.factor_added'));
    await eventually(
      async () =>
        (await world.superuser.query(`select from directory.due where kind = 'notice' and tenant_id = $1`, [unconfirmed.id])).rowCount ===
        0,
    );
    expect(mailTo(unconfirmed.admin.email).filter((text) => /second factor/.test(text))).toEqual([]);
  });

  /** Until the workers have looked at all that was asked for. */
  const looked = () => eventually(async () => (await world.superuser.query('select from directory.asked_mail')).rowCount === 0);

  it('warns of changes however many links strangers have asked for', async () => {
    const { admin } = await confirmed();
    for (let at = 0; at < 12; at++) await forgets(admin.email);
    await looked();
    expect(mailTo(admin.email).filter((text) => /new password/i.test(text)).length, 'a cap holds the rest back').toBeLessThanOrEqual(10);
    expect((await admin.post('/api/auth/change-password', { current_password: PASSWORD, new_password: NEXT })).status).toBe(200);
    await mailed(admin.email, /password was changed/);
  });

  it('warns the address that the account had when it happened', async () => {
    const { admin } = await confirmed();
    const moved = `moved-${admin.email}`;
    await admin.post('/api/users/me/email', { new_email: moved, password: PASSWORD });
    const [, token] = tokenIn(await mailed(moved, /./));
    for (const worker of world.workers) worker.kill('SIGKILL');
    await admin.company.sql(`select app.audit_record($1, 'auth.password_changed', 'success', 'user', $2, null, $2, '{}', '{}')`, [
      world.signTenant(admin.company.id),
      admin.id,
    ]);
    expect(outcome(await open('verify-email', { token }))).toBe(200);
    world.startWorker();
    for (const address of [admin.email, moved]) await mailed(address, /password was changed/);
  });

  it('says over the server of the operator what we say, whatever a company would have it say', async () => {
    const company = await world.company('Your bank: https://evil.example/pay');
    const { admin } = company;
    const words = { subject: 'Your parcel', body: 'Pay at https://evil.example/pay' };
    const path = (template: string) => `/api/company/templates/${template}/email/en`;
    for (const template of ['account_invitation', 'account_reset_password', 'account_verify_email', 'account_change_email'])
      expect((await admin.put(path(template), words)).body).toMatchObject({
        status: 400,
        errors: [{ field: 'body', message: 'must hold {url}' }],
      });
    expect((await admin.put(path('account_invitation'), { ...words, body: `${words.body} {url}` })).status).toBe(200);
    const guest = `guest@${company.domain}`;
    expect((await admin.post('/api/users/invitations', { email: guest, role: 'user' })).status).toBe(201);
    const mail = await mailed(guest, /./);
    expect(mail).toContain('https://app.watchword.test/accept-invitation#token=');
    expect(mail).not.toMatch(/evil\.example|parcel|Pay at/);
  });

  it('invites a hundred people in an hour, and then waits', async () => {
    const company = await world.company();
    await company.sql(
      `insert into account_link (id, purpose, token_hash, email, email_canonical, role, invited_by, expires_at)
       select app.uuidv7(), 'invitation', sha256('x'), 'a' || n || '@x.test', 'a' || n || '@x.test', 'user', $1, now() from generate_series(1, 99) n`,
      [company.admin.id],
    );
    const invites = (name: string) => company.admin.post('/api/users/invitations', { email: `${name}@${company.domain}`, role: 'user' });
    expect([(await invites('one')).status, (await invites('two')).status]).toEqual([201, 429]);
  });

  it('reaches the account where the address is confirmed before those that anybody made with it', async () => {
    const { admin } = await confirmed();
    for (let at = 0; at < 11; at++) {
      const other = await world.company();
      await other.sql('update user_account set email = $1, email_canonical = $1', [admin.email]);
      // As if they had been there first.
      await world.superuser.query(`update directory.person set user_id = '00000000-0000-0000-0000-000000000000' where tenant_id = $1`, [
        other.id,
      ]);
    }
    const before = mailTo(admin.email).length;
    await forgets(admin.email);
    await looked();
    const links = (await admin.company.sql(`select from account_link where purpose = 'reset_password'`)).length;
    expect([links, mailTo(admin.email).length > before || (await mailed(admin.email, /new password/)) !== '']).toEqual([1, true]);
  });

  it('leaves no way in to whoever used an account before its owner proved the address', async () => {
    const company = await world.company();
    const { admin } = company;
    await admin.enablesTotp();
    await company.sql(`insert into identity_link (id, user_id, issuer, subject) values (app.uuidv7(), $1, 'https://evil.test', 'me')`, [
      admin.id,
    ]);
    const token = await resetToken(admin.email);
    expect(outcome(await open('reset-password', { token, new_password: NEXT }))).toBe(200);
    expect(await company.sql('select from identity_link')).toEqual([]);
    const { body } = await world.call('POST', '/api/auth/login', { body: { email: admin.email, password: NEXT } });
    expect(body.mfa_required, 'a mailbox takes no factor away').toBe(true);
  });

  it('leaves no passkey of theirs either, which opens the account alone, and tells the trail; of an address that was confirmed it does', async () => {
    const page = { origin: 'https://watchword.test' };
    const stranger = new Authenticator();
    const company = await world.company();
    const { admin } = company;
    expect((await setsUp(admin, stranger, { wrong: page })).status).toBe(200);
    expect(outcome(await knocks(world, await passkeyLogin(world, stranger, page)))).toBe(200);
    const token = await resetToken(admin.email);
    expect(outcome(await open('reset-password', { token, new_password: NEXT }))).toBe(200);
    expect(outcome(await knocks(world, await passkeyLogin(world, stranger, page)))).toBe('auth.invalid_credentials');
    const left = 'select type from mfa_factor where user_id = $1';
    expect(await company.sql(left, [admin.id]), 'nor codes that came with it').toEqual([]);
    const [event] = await company.sql(`select target_id, details from audit_event where action = 'mfa.factor_ended'`);
    expect(event.details).toEqual({ type: 'webauthn', reason: 'address_unconfirmed', user_id: admin.id });

    const [owner, own] = [(await confirmed()).admin, new Authenticator()];
    expect((await setsUp(owner, own, { wrong: page })).status).toBe(200);
    const next = await resetToken(owner.email);
    expect(outcome(await open('reset-password', { token: next, new_password: NEXT }))).toBe(200);
    expect(outcome(await knocks(world, await passkeyLogin(world, own, page)))).toBe(200);
  });

  it('makes no password for whoever comes from elsewhere, where it would open alone what may take two steps there', async () => {
    const company = await confirmed();
    const { admin } = company;
    await company.sql(`insert into identity_link (id, user_id, issuer, subject) values (app.uuidv7(), $1, 'https://login.test', 'ada')`, [
      admin.id,
    ]);
    await company.sql('update user_account set password_hash = null');
    await forgets(admin.email);
    await looked();
    expect(await company.sql(`select from account_link where purpose = 'reset_password'`)).toEqual([]);
    await admin.patch('/api/company', { policy: { mfa: { admin: 'required' } } });
    const token = await resetToken(admin.email);
    await company.sql(`update tenant set policy = '{}'`);
    expect(outcome(await open('reset-password', { token, new_password: NEXT })), 'nor by a link of before').toBe('auth.invalid_link');
  });

  it('goes out although the worker dies while it is asked for', async () => {
    const { admin } = await confirmed();
    for (const worker of world.workers) worker.kill('SIGKILL');
    await forgets(admin.email);
    world.startWorker();
    await mailed(admin.email, /new password/);
  });
});
