import { ALL_SCOPES, altered, codeTo, DeliveryWorld, eventually, mailTo, newNumber, type Sender } from './support/delivery-world.js';
import { SmtpSimulator } from './simulators/smtp.js';
import { TelegramBotSimulator } from './simulators/telegram.js';
import type { Answer, Person } from './support/world.js';

let world: DeliveryWorld;
let mail: SmtpSimulator;
let bot: TelegramBotSimulator;
let sender: Sender;
beforeAll(async () => {
  mail = await SmtpSimulator.start({ security: 'none' });
  bot = await TelegramBotSimulator.start();
  world = await DeliveryWorld.start({
    endpoints: { 'telegram-bot': bot.url },
    settings: { DATABASE_POOL: '30', SEND_LIMIT_NUMBER: '30/3600' },
  });
  sender = await world.sender();
  await sender.has('smtp', mailTo(mail));
  await sender.has('telegram-bot', { bot_token: bot.token, bot_username: bot.username });
}, 180_000);
afterAll(async () => {
  await world.stop();
  await Promise.all([mail.stop(), bot.stop()]);
});

const posts = (path: string, body: unknown, by: Sender | string = sender, at = 0) =>
  world.call('POST', path, { body, at, headers: { authorization: typeof by === 'string' ? by : by.key } });
const said = ({ status, body }: Answer) => [status, body];
const other = (code: string) => String((Number(code) + 1) % 1_000_000).padStart(6, '0');
/** As if the time of every code of the company were over. */
const runOut = (by = sender) => by.company.sql(`update verification set expires_at = now() - interval '1 second' where status = 'pending'`);

describe('POST /2fa/init and /2fa/verify', () => {
  const SENT = [200, { message: 'OTP sent for verification' }];
  const RIGHT = [200, { message: '2FA verification successful' }];
  const WRONG = [400, { detail: 'Provided OTP code is not valid' }];
  const NONE = [400, { detail: 'Missing or expired Vonage request ID!' }];
  const init = (to: string, by: Sender | string = sender, at = 0) => posts('/2fa/init', { phone_number: to }, by, at);
  const verify = (to: string, code: string, by: Sender | string = sender, at = 0) =>
    posts('/2fa/verify', { phone_number: to, otp_code: code }, by, at);
  const texts = (to: string) => world.vonage.accepted.filter((one) => one.to === to.slice(1));
  async function started(to = newNumber(), at = 0) {
    const before = texts(to).length;
    expect(said(await init(to, sender, at))).toEqual(SENT);
    await eventually(() => texts(to).length > before);
    return { to, code: await codeTo(world.vonage.accepted, to) };
  }

  it("serve the original's requests word for word, and a code once", async () => {
    const PHONE_NUMBER = newNumber();
    expect(said(await posts('/2fa/init', `{"phone_number":"${PHONE_NUMBER}" }`))).toEqual(SENT);
    const OTP_CODE = await codeTo(world.vonage.accepted, PHONE_NUMBER);
    const body = `{"phone_number": "${PHONE_NUMBER}", "otp_code": "${OTP_CODE}"}`;
    expect(said(await posts('/2fa/verify', body, sender, 1))).toEqual(RIGHT);
    expect(said(await posts('/2fa/verify', body))).toEqual(NONE);
  });

  it('know a number with and without its +', async () => {
    const { to, code } = await started();
    expect(said(await verify(to.slice(1), code))).toEqual(RIGHT);
  });

  it('look at five codes, and then at none, though a new one may be had', async () => {
    const { to, code } = await started();
    for (let guess = 0; guess < 5; guess++) expect(said(await verify(to, other(code), sender, guess))).toEqual(WRONG);
    expect(said(await verify(to, code))).toEqual(NONE);
    const next = await started(to);
    expect(said(await verify(to, next.code))).toEqual(RIGHT);
  });

  it('let nobody guess on and on with new codes: the number waits from the tenth failure', async () => {
    const to = newNumber();
    for (let round = 0; round < 2; round++) {
      const { code } = await started(to);
      for (let guess = 0; guess < 5; guess++) expect(said(await verify(to, other(code)))).toEqual(WRONG);
    }
    const { code } = await started(to);
    const answer = await verify(to, code);
    expect(said(answer)).toEqual([429, { detail: 'Too many wrong codes. Try again later.' }]);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  it('end a code with the next one, and with its time', async () => {
    const first = await started();
    const second = await started(first.to, 1);
    if (first.code !== second.code) expect(said(await verify(first.to, first.code))).toEqual(WRONG);
    expect(said(await verify(first.to, second.code))).toEqual(RIGHT);
    const third = await started();
    await runOut();
    expect(said(await verify(third.to, third.code))).toEqual(NONE);
  });

  it('leave one code that is good, however many are asked for at once, and it is right once', async () => {
    const company = await world.sender();
    const to = newNumber();
    const answers = await Promise.all(Array.from({ length: 10 }, (_, at) => init(to, company, at)));
    expect(answers.map(said)).toEqual(answers.map(() => SENT));
    const open = () => company.company.sql<{ id: string }>(`select id from verification where status = 'pending'`);
    expect(await open()).toHaveLength(1);
    const [{ id: ofRace }] = (await open()) as [{ id: string }];
    expect(said(await init(to, company))).toEqual(SENT);
    const [{ id }] = (await open()) as [{ id: string }];
    expect(id).not.toBe(ofRace);
    // Ten texts may come in any order: the one that counts is told by its verification.
    await eventually(async () => (await company.kinds(id)).includes('attempt_ended'));
    const code = await codeTo(world.vonage.accepted, to);
    const checks = await world.race(
      company.company.id,
      'verification',
      id,
      Array.from({ length: 20 }, (_, at) => () => verify(to, code, company, at)),
    );
    expect(checks.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(new Set(checks.filter(({ status }) => status !== 200).map(({ status }) => status))).toEqual(new Set([400]));
  });

  it("know nothing of another company's codes, nor of those that were asked for in another way", async () => {
    const stranger = await world.sender();
    const { to, code } = await started();
    expect(said(await verify(to, code, stranger))).toEqual(NONE);
    expect(said(await init(to, stranger))).toEqual(SENT);
    const { body } = await sender.sends({ to, channel: 'sms', code: '777777', reference: 'two-factor-by-phone' });
    expect(said(await verify(to, '777777'))).toEqual(WRONG);
    expect((await sender.checks(body.id, '777777')).body.valid).toBe(true);
    expect(said(await verify(to, code)), 'nor did any of them end it').toEqual(RIGHT);
  });

  it.each([['+0612345678'], ['abc'], ['12'.repeat(9)], ['+34 611 000 000'], ['34611\n000000'], [''], ['+341']])(
    'list %j as a fault of the request',
    async (phone_number) => {
      const answer = await posts('/2fa/init', { phone_number });
      expect(said(answer)).toEqual([
        422,
        { detail: [{ type: 'value_error', loc: ['body', 'phone_number'], msg: expect.stringMatching(/./) }] },
      ]);
    },
  );

  it.each(['{', '7', '[]', '{"phone_number":{"$ne":""}}', '{"phone_number":null}', '{}'])(
    'refuse %j in the shape of the original',
    async (body) => {
      for (const path of ['/2fa/init', '/2fa/verify']) {
        const { status, body: answer } = await posts(path, body);
        expect([status, Object.keys(answer), Array.isArray(answer.detail)]).toEqual([422, ['detail'], true]);
      }
    },
  );

  it('say that no code can be made, where none may be sent', async () => {
    expect(said(await init('+33612345678'))).toEqual([400, { detail: "Can't create OTP code!" }]);
    expect(said(await verify('+33612345678', '123456'))).toEqual(NONE);
    const company = await world.company();
    const { key } = await company.apiKey(ALL_SCOPES);
    await company.admin.patch('/api/company', { policy: { default_region: 'ES' } });
    expect(said(await init(newNumber(), key))).toEqual([400, { detail: "Can't create OTP code!" }]);
  });
});

describe('POST /request-otp and /verify', () => {
  const SENT = [200, { status: 'OTP sent', successful_channels: [], failed_channels: null }];
  const RIGHT = [200, { valid: true, message: 'Authentication successful' }];
  const WRONG = [200, { valid: false, message: 'Invalid token' }];
  const asks = (username: unknown, by: Sender | string = sender, at = 0) => posts('/request-otp', { username }, by, at);
  const verify = (username: unknown, token: unknown, by: Sender | string = sender, at = 0) => posts('/verify', { username, token }, by, at);
  /** The codes that came; what else is written to people about their accounts has none. */
  const mailsTo = (email: string) =>
    mail.accepted.filter(({ to }) => to === email).flatMap(({ text }) => /^Your .* code is (\d{6})/m.exec(text)?.[1] ?? []);

  /** Somebody whom codes reach by e-mail. */
  async function reachable(name?: string, by = sender): Promise<Person> {
    const person = await by.company.person('user', name);
    const { body } = await person.post('/api/auth/mfa/factors', { type: 'email' });
    const code = await eventually(() => mailsTo(person.email)[0]);
    expect((await person.post(`/api/auth/mfa/factors/${body.factor_id}/confirm`, { code })).status).toBe(200);
    return person;
  }
  async function asked(person: Person, username = person.email) {
    const before = mailsTo(person.email).length;
    expect(said(await asks(username))).toEqual(SENT);
    return eventually(() => mailsTo(person.email)[before]);
  }

  it("serve the original's requests word for word, and a code once", async () => {
    const dair = await reachable('dair');
    expect(said(await posts('/request-otp', '{"username": "dair"}'))).toEqual(SENT);
    const code = await eventually(() => mailsTo(dair.email)[1]);
    expect(said(await posts('/verify', `{"username": "dair", "token": "${code}"}`, sender, 1))).toEqual(RIGHT);
    expect(said(await posts('/verify', `{"username": "dair", "token": "${code}"}`))).toEqual(WRONG);
  });

  it('know a person by the whole address, too, however it is written, and by no name that two people have', async () => {
    const person = await reachable();
    const code = await asked(person, ` ${person.email.toUpperCase()} `);
    expect(said(await verify(person.email.split('@')[0], code))).toEqual(RIGHT);
    const namesake = await reachable();
    await sender.company.sql('update user_account set email_canonical = $2, email = $2 where id = $1', [
      namesake.id,
      `${person.email.split('@')[0]}@elsewhere.test`,
    ]);
    const sent = () =>
      sender.company.sql('select id from verification where slot is not null and user_id = any ($1)', [[person.id, namesake.id]]);
    expect(said(await asks(person.email.split('@')[0]))).toEqual(SENT);
    expect(await sent(), 'nobody is sent anything').toHaveLength(1);
    await asked(person);
    expect(await sent()).toHaveLength(2);
  });

  it('answer alike, in the same time, whoever is named', async () => {
    const [person, factorless, gone] = [await reachable(), await sender.company.person(), await reachable()];
    expect((await sender.company.admin.post(`/api/users/${gone.id}/deactivate`)).status).toBe(200);
    const stranger = await world.sender();
    const elsewhere = await stranger.company.person();
    const took = async (username: unknown) => {
      const began = performance.now();
      expect(said(await asks(username))).toEqual(SENT);
      expect(said(await verify(username, '000000'))).toEqual(WRONG);
      return performance.now() - began;
    };
    for (const username of [
      person.email,
      'nobody',
      `nobody@${sender.company.domain}`,
      factorless.email,
      gone.email,
      elsewhere.email,
      '%',
      "'",
    ])
      expect(await took(username), username).toBeGreaterThan(480);
    expect(mailsTo(gone.email)).toHaveLength(1);
    expect(await sender.company.sql('select from verification where user_id = any ($1)', [[factorless.id, gone.id]])).toHaveLength(1);
  });

  it('tell who is unknown where the company wants that, as the original did', async () => {
    const company = await world.sender();
    await company.has('smtp', mailTo(mail));
    const person = await reachable(undefined, company);
    const factorless = await company.company.person();
    expect((await company.company.admin.patch('/api/company', { policy: { tells_unknown_usernames: true } })).status).toBe(200);
    expect(said(await asks('nobody', company))).toEqual([404, { error: 'User not found' }]);
    expect(said(await asks(factorless.email, company))).toEqual([500, { error: 'All delivery methods failed', details: [] }]);
    expect(said(await asks(person.email, company))).toEqual([
      200,
      { status: 'OTP sent', successful_channels: ['email'], failed_channels: null },
    ]);
  });

  it('look at five tokens, then at none, and count over all codes of the person', async () => {
    const person = await reachable();
    for (let round = 0; round < 2; round++) {
      const code = await asked(person);
      for (let guess = 0; guess < 5; guess++) expect(said(await verify(person.email, other(code), sender, guess))).toEqual(WRONG);
      expect(said(await verify(person.email, code)), 'too late').toEqual(WRONG);
    }
    expect(said(await verify(person.email, await asked(person))), 'the tenth failure makes them wait').toEqual(WRONG);
    expect((await person.failures('mfa')).failures, 'no guess of an application shuts its owner out of signing in').toBe(0);
  });

  it('end a code with the next one, with its time, and with its person', async () => {
    const person = await reachable();
    const [first, second] = [await asked(person), await asked(person)];
    if (first !== second) expect(said(await verify(person.email, first))).toEqual(WRONG);
    expect(said(await verify(person.email, second))).toEqual(RIGHT);
    const late = await asked(person);
    await runOut();
    expect(said(await verify(person.email, late))).toEqual(WRONG);
    const last = await asked(person);
    await sender.company.admin.post(`/api/users/${person.id}/deactivate`);
    expect(said(await verify(person.email, last))).toEqual(WRONG);
  });

  it('take a code for what it was sent for: not one of a sign-in here, nor this one there', async () => {
    const person = await reachable();
    const due = await person.login();
    const before = mailsTo(person.email).length;
    const factor_id = due.body.factors.find(({ type }: { type: string }) => type === 'email').id;
    expect((await world.call('POST', '/api/auth/mfa/challenge', { token: due.body.mfa_token, body: { factor_id } })).status).toBe(202);
    const ofSignIn = await eventually(() => mailsTo(person.email)[before]);
    expect(said(await verify(person.email, ofSignIn))).toEqual(WRONG);
    const ofRequest = await asked(person);
    expect((await person.verify(due.body.mfa_token, ofRequest)).status).toBe(401);
    expect((await person.verify(due.body.mfa_token, ofSignIn)).status).toBe(200);
  });

  it("know nobody of another company's, and a code is right for one of many that race", async () => {
    const person = await reachable();
    const stranger = await world.sender();
    const code = await asked(person);
    expect(said(await verify(person.email, code, stranger))).toEqual(WRONG);
    const [row] = await sender.company.sql(`select id from verification where user_id = $1 and slot is not null and status = 'pending'`, [
      person.id,
    ]);
    const answers = await world.race(
      sender.company.id,
      'verification',
      row.id,
      Array.from({ length: 20 }, (_, at) => () => verify(person.email, code, sender, at)),
    );
    expect(answers.filter(({ body }) => body.valid)).toHaveLength(1);
  });

  it.each([{}, { username: '' }, { username: 7 }, { username: { $ne: '' } }, []])('refuse %j as the original did', async (body) => {
    const { status, body: answer } = await posts('/request-otp', body);
    expect([status, Object.keys(answer)]).toEqual([400, ['error']]);
    if (!Array.isArray(body)) {
      expect(answer.error).toBe('Username required');
      expect(said(await posts('/verify', { ...body, token: '123456' }))).toEqual(WRONG);
    }
  });
});

describe('POST /send and GET /healthcheck', () => {
  it.each(['email', 'telegram'])('sends by %s what the original sent', async (channel) => {
    const recipient = channel === 'email' ? 'dair@example.com' : '123456789';
    const message = `The lift works again: ${channel}.`;
    expect(said(await posts('/send', { channel, recipient, message }))).toEqual([200, { status: 'sent' }]);
    await eventually(() => [...mail.accepted, ...bot.accepted].some(({ text }) => text.includes(message)));
  });

  it.each<[object, string]>([
    [{}, 'Missing required fields'],
    [{ channel: 'email', recipient: 'dair@example.com' }, 'Missing required fields'],
    [{ channel: 'sms', recipient: '+34612345678', message: 'x' }, 'Unsupported channel'],
    [{ channel: 'email', recipient: 'a@b.co, c@d.co', message: 'x' }, 'recipient: must be one e-mail address, and nothing else'],
  ])('refuses %j in the shape of the original', async (body, error) => {
    expect(said(await posts('/send', body))).toEqual([400, { error }]);
  });

  it('says that it is there, and to the key of a company how many people it knows', async () => {
    const company = await world.company();
    await company.person();
    const { key } = await company.apiKey(['messages:read']);
    const asks = (headers: Record<string, string> = {}) => world.call('GET', '/healthcheck', { headers });
    expect(said(await asks())).toEqual([200, { status: 'healthy', service: 'mfa-auth' }]);
    expect(said(await asks({ authorization: key }))).toEqual([200, { status: 'healthy', service: 'mfa-auth', users_configured: 2 }]);
    expect(said(await asks({ authorization: altered(key) }))).toEqual([401, { error: 'This API key is not valid.' }]);
  });

  it.each([
    ['/send', 'messages:raw', 'error', { channel: 'email', recipient: 'dair@example.com', message: 'x' }],
    ['/request-otp', 'verifications:send', 'error', { username: 'dair' }],
    ['/verify', 'verifications:check', 'error', { username: 'dair', token: '123456' }],
    ['/2fa/init', 'verifications:send', 'detail', { phone_number: '34612345678' }],
    ['/2fa/verify', 'verifications:check', 'detail', { phone_number: '34612345678', otp_code: '123456' }],
  ])('%s is open to keys with %s, and to nobody else', async (path, scope, shape, body) => {
    const { key } = await sender.company.apiKey(ALL_SCOPES.filter((one) => one !== scope));
    expect(said(await world.call('POST', path, { body }))).toEqual([401, { [shape]: expect.stringMatching(/./) }]);
    expect(said(await posts(path, body, altered(sender.key)))).toEqual([401, { [shape]: 'This API key is not valid.' }]);
    expect(said(await posts(path, body, key))).toEqual([403, { [shape]: `This API key lacks the scope ${scope}.` }]);
  });
});
