import { setTimeout as sleep } from 'node:timers/promises';
import { SmtpSimulator } from './simulators/smtp.js';
import { TelegramBotSimulator } from './simulators/telegram.js';
import { codeTo, DeliveryWorld, eventually, newNumber, type Sender } from './support/delivery-world.js';
import { type Answer, PASSWORD, type Person } from './support/world.js';

const outcome = ({ status, body }: Answer) => (status < 300 ? status : body.code);
const claims = (token: string) => JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString());
const other = (code: string) => String((Number(code) + 1) % 1_000_000).padStart(6, '0');

describe('A factor whose codes are sent', () => {
  let world: DeliveryWorld;
  let smtp: SmtpSimulator;
  let bot: TelegramBotSimulator;
  let sender: Sender;
  beforeAll(async () => {
    [smtp, bot] = await Promise.all([SmtpSimulator.start(), TelegramBotSimulator.start()]);
    world = await DeliveryWorld.start({ endpoints: { 'telegram-bot': bot.url } });
    sender = await everyChannel();
  }, 180_000);
  afterAll(() => Promise.all([world.stop(), smtp.stop(), bot.stop()]));

  async function everyChannel(): Promise<Sender> {
    const made = await world.sender();
    const { user, password, ca, url } = smtp;
    await made.has('smtp', { host: '127.0.0.1', port: Number(new URL(url).port), user, password, from: 'login@acme.test', ca });
    await made.has('telegram-bot', { bot_token: bot.token, bot_username: bot.username });
    return made;
  }

  const starts = (person: Person, body: object) => person.post('/api/auth/mfa/factors', body);
  const confirms = (person: Person, id: string, code: string) => person.post(`/api/auth/mfa/factors/${id}/confirm`, { code });
  const challenges = (token: string, factor_id: string, at = 0) =>
    world.call('POST', '/api/auth/mfa/challenge', { token, body: { factor_id }, at });
  const answers = (token: string, code: string, at = 0, factor_id?: string) =>
    world.call('POST', '/api/auth/verify-mfa', { token, body: { code, ...(factor_id && { factor_id }) }, at });
  /** The newest code that went out for this factor, as its verification has it. */
  const out = async (factorId: string) =>
    (
      await sender.company.sql('select id, status, attempts, sends, code from verification where factor_id = $1 order by id desc', [
        factorId,
      ])
    )[0];
  /** As if the cooldown had gone by. */
  const cooled = (factorId: string) =>
    sender.company.sql(`update verification set resend_after = now() - interval '1 second' where factor_id = $1`, [factorId]);
  /** Codes that went to an address, oldest first: notices come in between. */
  const mailedCodes = (email: string) =>
    smtp.accepted
      .filter(({ to }) => to === email)
      .flatMap(({ text }) => /\b\d{6}\b/.exec(text.split('\r\n\r\n').slice(1).join())?.[0] ?? []);
  const mailedTo = (email: string, after = 0) => eventually(() => mailedCodes(email).length > after && mailedCodes(email).at(-1));
  const texts = (number: string) => world.vonage.accepted.filter(({ to }) => to.endsWith(number.slice(-9)));
  const nextText = async (number: string, after: number) => {
    await eventually(() => texts(number).length > after);
    return codeTo(world.vonage.accepted, number);
  };

  async function withPhone(person?: Person): Promise<{ person: Person; number: string; factorId: string; spent: string }> {
    const who = person ?? (await sender.company.person());
    const number = newNumber();
    const started = await starts(who, { type: 'sms', recipient: number });
    expect(started.status, JSON.stringify(started.body)).toBe(201);
    const spent = await codeTo(world.vonage.accepted, number);
    const confirmed = await confirms(who, started.body.factor_id, spent);
    expect(confirmed.status, JSON.stringify(confirmed.body)).toBe(200);
    who.backupCodes = confirmed.body.backup_codes ?? who.backupCodes;
    return { person: who, number, factorId: started.body.factor_id, spent };
  }
  /** A pending sign-in that has asked for its code, and the code. */
  async function challenged({ person, number, factorId }: { person: Person; number: string; factorId: string }, at = 0) {
    const token = await person.pendingToken(at);
    const before = texts(number).length;
    const sent = await challenges(token, factorId, at);
    expect(sent.status, JSON.stringify(sent.body)).toBe(202);
    return { token, code: await nextText(number, before), sent };
  }

  it('brings its owner in: set up, confirmed, asked for, answered', async () => {
    const person = await sender.company.person();
    const started = await starts(person, { type: 'sms', recipient: '612 345 678', label: 'Mine', locale: 'es' });
    expect(started.body).toEqual({
      factor_id: expect.any(String),
      verification_id: expect.any(String),
      channel: 'sms',
      recipient_masked: '+34 ••• ••• 678',
      expires_at: expect.stringMatching(/Z$/),
      resend_after: expect.stringMatching(/Z$/),
    });
    const { factor_id } = started.body;
    expect((await person.login()).body.mfa_required, 'not before it is confirmed').toBe(false);
    const first = await codeTo(world.vonage.accepted, '+34612345678');
    expect(outcome(await confirms(person, factor_id, other(first)))).toBe('mfa.wrong_code');
    expect((await confirms(person, factor_id, first)).body.backup_codes).toHaveLength(10);

    const due = await person.login();
    expect(due.body.factors).toMatchObject([
      { id: factor_id, type: 'sms', label: 'Mine', recipient_masked: '+34 ••• ••• 678' },
      { type: 'backup_codes', recipient_masked: null },
    ]);
    expect(outcome(await answers(due.body.mfa_token, first)), 'spent on setting it up').toBe('mfa.wrong_code');
    const { token, code } = await challenged({ person, number: '+34612345678', factorId: factor_id });
    const opened = await answers(token, code, 1);
    expect(opened.status, JSON.stringify(opened.body)).toBe(200);
    expect(claims(opened.body.access_token)).toMatchObject({ amr: ['pwd', 'sms', 'mfa'], acr: 'urn:watchword:acr:2' });
    expect((await person.get('/api/auth/mfa/factors')).body.data[0]).toMatchObject({
      recipient_masked: '+34 ••• ••• 678',
      confirmed: true,
    });
    expect(await out(factor_id)).toMatchObject({ status: 'approved', code: null });
    expect(JSON.stringify(await sender.company.sql('select f::text from mfa_factor f')), 'sealed').not.toContain('612345678');
    expect(await sender.company.actions()).toEqual(
      expect.arrayContaining(['mfa.enrolment_started', 'mfa.challenged', 'mfa.factor_added', 'mfa.code_refused', 'verification.approved']),
    );
    expect(outcome(await answers(await person.pendingToken(), code)), 'once').toBe('mfa.wrong_code');
  });

  it('sends the same code again after a while, and 429 with Retry-After before', async () => {
    const phone = await withPhone();
    const { token, code, sent } = await challenged(phone);
    const early = await challenges(token, phone.factorId, 1);
    expect([early.status, early.body.code, Number(early.headers.get('retry-after')) > 0]).toEqual([429, 'mfa.too_early', true]);
    await cooled(phone.factorId);
    const before = texts(phone.number).length;
    const again = await challenges(token, phone.factorId);
    expect(again.body).toMatchObject({ verification_id: sent.body.verification_id, expires_at: sent.body.expires_at });
    expect(await nextText(phone.number, before)).toBe(code);
    expect(outcome(await answers(token, code, 0, phone.factorId))).toBe(200);
  });

  it('opens one session for one code, whoever comes with it and over which process', async () => {
    const phone = await withPhone();
    const { token, code } = await challenged(phone);
    const opened = () => sender.company.sql(`select from session where user_id = $1 and 'sms' = any (amr)`, [phone.person.id]);
    const before = (await opened()).length;
    const attempts = Array.from({ length: 20 }, (_, at) => () => answers(token, code, at));
    const raced = await world.race(sender.company.id, 'mfa_factor', phone.factorId, attempts);
    expect(raced.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(await opened()).toHaveLength(before + 1);
    expect(await out(phone.factorId)).toMatchObject({ status: 'approved' });
  });

  it('sends one message to whoever asks many times at once', async () => {
    const phone = await withPhone();
    const token = await phone.person.pendingToken();
    const before = texts(phone.number).length;
    const attempts = Array.from({ length: 8 }, (_, at) => () => challenges(token, phone.factorId, at));
    const raced = await world.race(sender.company.id, 'mfa_factor', phone.factorId, attempts);
    expect(raced.map(outcome).toSorted()).toEqual([202, ...Array(7).fill('mfa.too_early')]);
    await nextText(phone.number, before);
    await sleep(500);
    expect(texts(phone.number)).toHaveLength(before + 1);
  });

  it('has a code that is good for its own sign-in and its own person only', async () => {
    const [mine, theirs] = [await withPhone(), await withPhone()];
    const first = await challenged(mine);
    const stranger = await challenged(theirs);
    const second = await mine.person.pendingToken();
    expect(outcome(await answers(second, first.code)), 'of another sign-in').toBe('mfa.wrong_code');
    expect(outcome(await answers(first.token, stranger.code)), 'of another person').toBe('mfa.wrong_code');
    expect(outcome(await mine.person.post('/api/auth/mfa/backup-codes', { code: first.code })), 'at another door').toBe('mfa.wrong_code');
    expect(outcome(await challenges(first.token, theirs.factorId))).toBe('mfa.not_found');
    expect(outcome(await challenges(first.token, theirs.person.id))).toBe('mfa.not_found');
    expect(outcome(await answers(first.token, first.code))).toBe(200);
    expect(outcome(await challenges(first.token, mine.factorId)), 'a sign-in that is over').toBe('mfa.sign_in_over');
  });

  it('is asked for by a newer sign-in, and the code of the one before is over', async () => {
    const phone = await withPhone();
    const first = await challenged(phone);
    const second = await challenged(phone, 1);
    expect(outcome(await answers(first.token, first.code))).toBe('mfa.wrong_code');
    expect(outcome(await answers(second.token, second.code))).toBe(200);
  });

  it('is looked at five times a code, and a new code starts no new count of the person', async () => {
    const phone = await withPhone();
    const { person, factorId, number } = phone;
    const token = person.token;
    const door = (code: string) => person.post('/api/auth/mfa/backup-codes', { code });
    const asks = async () => {
      await cooled(factorId);
      const before = texts(number).length;
      expect((await challenges(token, factorId)).status).toBe(202);
      return nextText(number, before);
    };
    const code = await asks();
    for (let wrong = 0; wrong < 5; wrong++) expect(outcome(await door(other(code)))).toBe('mfa.wrong_code');
    expect(await out(factorId)).toMatchObject({ attempts: 5, code: null });
    expect(outcome(await door(code)), 'right, and a sixth').toBe('mfa.wrong_code');
    expect((await person.failures('mfa')).failures).toBe(6);
    const next = await asks();
    for (let wrong = 0; wrong < 4; wrong++) expect(outcome(await door(other(next)))).toBe('mfa.wrong_code');
    const late = await door(next);
    expect([late.body.code, Number(late.headers.get('retry-after')) > 0], 'ten in a row').toEqual(['mfa.too_many_attempts', true]);
    expect(await sender.company.sql('select failures from mfa_factor where id = $1', [factorId])).toEqual([{ failures: 9 }]);
    await person.hasFailed('mfa', 4);
    expect(outcome(await door(next))).toBe(200);
    expect([
      (await person.failures('mfa')).failures,
      (await sender.company.sql('select failures from mfa_factor where id = $1', [factorId]))[0].failures,
    ]).toEqual([0, 0]);
  });

  it('takes five answers a sign-in, over several codes and channels', async () => {
    const phone = await withPhone();
    const { person } = phone;
    person.token = (await answers(...(Object.values(await challenged(phone)).slice(0, 2) as [string, string]))).body.access_token;
    const mail = await starts(person, { type: 'email' });
    expect(outcome(await confirms(person, mail.body.factor_id, await mailedTo(person.email)))).toBe(200);
    const { token, code } = await challenged(phone);
    const seen = mailedCodes(person.email).length;
    for (let wrong = 0; wrong < 3; wrong++) expect(outcome(await answers(token, other(code)))).toBe('mfa.wrong_code');
    expect((await challenges(token, mail.body.factor_id)).status).toBe(202);
    const mailed = await mailedTo(person.email, seen);
    for (let wrong = 0; wrong < 2; wrong++)
      expect(outcome(await answers(token, other(mailed), wrong, mail.body.factor_id))).toBe('mfa.wrong_code');
    for (const right of [mailed, code]) expect(outcome(await answers(token, right))).toBe('mfa.sign_in_over');
  });

  it('is disabled by the hundredth wrong code, and gets none any more', async () => {
    const phone = await withPhone();
    const { token, code } = await challenged(phone);
    await sender.company.sql('update mfa_factor set failures = 99 where id = $1', [phone.factorId]);
    expect(outcome(await answers(token, other(code)))).toBe('mfa.wrong_code');
    expect(outcome(await answers(token, code))).toBe('mfa.wrong_code');
    expect(outcome(await challenges(token, phone.factorId))).toBe('mfa.not_found');
  });

  it('beside an authenticator app: what one is answered with is not held against the other', async () => {
    const phone = await withPhone();
    const { person, factorId } = phone;
    person.token = (await answers(...(Object.values(await challenged(phone)).slice(0, 2) as [string, string]))).body.access_token;
    await person.enablesTotp();
    const failures = async () => (await sender.company.sql('select failures from mfa_factor where id = $1', [factorId]))[0].failures;
    expect(outcome(await challenges(await person.pendingToken(), person.factorId))).toBe('mfa.no_challenge');
    expect(outcome(await answers(await person.pendingToken(), await person.code()))).toBe(200);
    expect(await failures(), 'no code was out').toBe(0);
    const { token, code } = await challenged(phone);
    expect(outcome(await answers(token, await person.code()))).toBe(200);
    expect(await failures(), 'a code was out, and the app answered').toBe(0);
    expect(await out(factorId)).toMatchObject({ attempts: 1 });
    expect(outcome(await answers(await person.pendingToken(), code))).toBe('mfa.wrong_code');
  });

  it('is no verification of the API: there, its code does not exist', async () => {
    const phone = await withPhone();
    const { token, code, sent } = await challenged(phone);
    const id = sent.body.verification_id;
    const doors = [
      sender.checks(id, code),
      sender.call('GET', `/api/verifications/${id}`),
      sender.call('GET', `/api/verifications/${id}/timeline`),
      sender.call('POST', `/api/verifications/${id}/resend`),
      sender.call('DELETE', `/api/verifications/${id}`),
    ];
    for (const door of doors) expect(outcome(await door)).toBe('verification.not_found');
    expect(outcome(await answers(token, code))).toBe(200);
  });

  it('with another number leaves the old one good until the new one is confirmed', async () => {
    const phone = await withPhone();
    const { person } = phone;
    person.token = (await answers(...(Object.values(await challenged(phone)).slice(0, 2) as [string, string]))).body.access_token;
    const number = newNumber();
    const started = await starts(person, { type: 'sms', recipient: number });
    const first = await codeTo(world.vonage.accepted, number);
    const old = await challenged(phone);
    expect(outcome(await answers(old.token, first)), 'the new one, not yet confirmed').toBe('mfa.wrong_code');
    expect(outcome(await answers(old.token, old.code))).toBe(200);
    const waiting = await challenged(phone);
    expect(outcome(await confirms(person, started.body.factor_id, first))).toBe(200);
    expect(outcome(await answers(waiting.token, waiting.code)), 'the old one').toBe('mfa.wrong_code');
    expect(await out(phone.factorId)).toMatchObject({ status: 'canceled', code: null });
    expect(outcome(await answers((await challenged({ person, number, factorId: started.body.factor_id })).token, first))).toBe(
      'mfa.wrong_code',
    );
  });

  it('that is removed takes its code along', async () => {
    const phone = await withPhone();
    const { token, code } = await challenged(phone);
    const removed = await phone.person.delete(`/api/auth/mfa/factors/${phone.factorId}`, { code: phone.person.backupCodes[0] });
    expect(removed.status, JSON.stringify(removed.body)).toBe(200);
    expect(await out(phone.factorId)).toMatchObject({ status: 'canceled', code: null });
    expect(outcome(await answers(token, code))).toBe('mfa.wrong_code');
  });

  it('is offered where its company allows it and can send by its channel, and says what it asks for', async () => {
    const offered = async (person: Person) =>
      Object.fromEntries((await person.get('/api/auth/mfa/factors')).body.offered.map(({ type, recipient }: any) => [type, recipient]));
    const { company } = await everyChannel();
    const asksNothing = { totp: null, webauthn: null };
    expect(await offered(await company.person()), 'no provider of voice').toEqual({
      ...asksNothing,
      email: null,
      sms: 'phone_number',
      telegram: 'link',
    });
    await company.admin.patch('/api/company', { policy: { allowed_factors: ['totp', 'sms', 'voice'] } });
    expect(await offered(company.admin)).toEqual({ totp: null, sms: 'phone_number' });
    const without = await world.company();
    expect(await offered(without.admin)).toEqual(asksNothing);
  });

  it('reaches whom the company lets it reach, and is of a kind that the company allows', async () => {
    const person = await sender.company.person();
    for (const [recipient, expected] of [
      [undefined, 'notifications.invalid_recipient'],
      ['not a number', 'notifications.invalid_recipient'],
      ['+447911123456', 'notifications.recipient_refused'],
      ['+34803123456', 'notifications.recipient_refused'],
    ])
      expect(outcome(await starts(person, { type: 'sms', recipient }))).toBe(expected);
    expect(outcome(await starts(person, { type: 'email', recipient: 'somebody@else.test' }))).toBe('mfa.own_address_only');
    expect(outcome(await starts(person, { type: 'voice', recipient: newNumber() }))).toBe('notifications.no_provider');
    expect((await person.get('/api/auth/mfa/factors')).body.data, 'nothing was begun').toEqual([]);

    const strict = await everyChannel();
    await strict.company.admin.patch('/api/company', { policy: { allowed_factors: ['totp', 'email'] } });
    const { admin } = strict.company;
    for (const body of [{ type: 'sms', recipient: newNumber() }, { type: 'telegram' }])
      expect(outcome(await starts(admin, body))).toBe('mfa.not_allowed');
    expect(outcome(await starts(admin, { type: 'email' }))).toBe(201);
    await strict.company.admin.patch('/api/company', { policy: { allowed_factors: ['sms'] } });
    expect(outcome(await admin.post('/api/auth/mfa/setup'))).toBe('mfa.not_allowed');
  });

  it('sends no more to one number than any message may', async () => {
    const phone = await withPhone();
    for (let sent = 1; sent < 10; sent++) expect(outcome(await challenges(await phone.person.pendingToken(), phone.factorId))).toBe(202);
    const refused = await challenges(await phone.person.pendingToken(), phone.factorId);
    expect([refused.status, refused.body.code, Number(refused.headers.get('retry-after')) > 0]).toEqual([
      429,
      'verification.blocked',
      true,
    ]);
  });

  it('by e-mail goes to the own address, and its session says that nothing in particular was held', async () => {
    const person = await sender.company.person();
    const started = await starts(person, { type: 'email', recipient: person.email.toUpperCase() });
    expect([started.status, started.body.recipient_masked]).toEqual([201, expect.stringContaining('•••@')]);
    expect(outcome(await confirms(person, started.body.factor_id, await mailedTo(person.email)))).toBe(200);
    const token = await person.pendingToken();
    const seen = mailedCodes(person.email).length;
    await challenges(token, started.body.factor_id);
    const opened = await answers(token, await mailedTo(person.email, seen));
    expect(claims(opened.body.access_token)).toMatchObject({ amr: ['pwd', 'otp', 'mfa'], acr: 'urn:watchword:acr:two-steps' });
  });

  it('is set up by a sign-in that policy sends to do so, and its code may be asked for again', async () => {
    const demanding = await everyChannel();
    await demanding.company.admin.patch('/api/company', { policy: { mfa: { user: 'required' } } });
    const person = await demanding.company.person();
    const { body } = await person.login();
    expect(body.enrollment_required).toBe(true);
    person.token = body.mfa_token;
    const number = newNumber();
    const { factor_id } = (await starts(person, { type: 'sms', recipient: number })).body;
    expect(outcome(await challenges(person.token, factor_id))).toBe('mfa.too_early');
    expect(outcome(await confirms(person, factor_id, await codeTo(world.vonage.accepted, number)))).toBe(200);
    const token = await person.pendingToken();
    expect(outcome(await challenges(token, factor_id))).toBe(202);
  });

  it('answers by the names that older clients know', async () => {
    const person = await sender.company.person();
    const number = newNumber();
    const sms = (path: string, body?: object, token = person.token) =>
      world.call('POST', `/api/sms-mfa/${path}`, { token, ...(body && { body }) });
    expect(outcome(await sms('send-code'))).toBe('mfa.not_found');
    const setup = await sms('setup', { phone_number: number });
    expect(setup.body).toEqual({ message: expect.any(String), message_id: expect.any(String) });
    expect((await person.get('/api/users/me')).body.mfa_enabled).toBe(false);
    const code = await codeTo(world.vonage.accepted, number);
    expect(outcome(await sms('send-code'))).toBe('mfa.too_early');
    expect(outcome(await sms('verify', { mfa_code: other(code) }))).toBe('mfa.wrong_code');
    expect((await sms('verify', { mfa_code: code })).body).toMatchObject({ message_id: null, backup_codes: expect.any(Array) });
    const token = await person.pendingToken();
    const before = texts(number).length;
    expect((await sms('send-code', undefined, token)).status).toBe(200);
    person.token = (await answers(token, await nextText(number, before))).body.access_token;
    expect(outcome(await sms('disable', {}))).toBe('request.invalid');
    expect((await sms('send-code')).status).toBe(200);
    expect((await sms('disable', { mfa_code: await nextText(number, before + 1) })).body).toMatchObject({ message_id: null });
    expect((await person.login()).body.mfa_required).toBe(false);
    expect((await person.login({ password: PASSWORD })).status).toBe(200);
  });

  describe('over Telegram', () => {
    const token = (link: string) => new URL(link).searchParams.get('start')!;
    /** One character of its secret half changed: the last one would not do, it carries but two bits. */
    const somebodyElses = (token: string) => token.slice(0, 40) + (token[40] === 'A' ? 'B' : 'A') + token.slice(41);
    /** What Telegram would tell us, told. */
    const happens = (change: object, at = 0) => {
      const request = bot.update(change);
      return bot.deliver({ ...request, url: request.url.replace('https://watchword.test', world.stack.urls[at % 2]!) });
    };
    const chatted = (chat: number) =>
      eventually(() => /\b\d{6}\b/.exec(bot.accepted.findLast(({ to }) => to === String(chat))?.text ?? '')?.[0]);
    let chats = 7_000_000;

    async function connected() {
      // The simulator's one bot belongs to whoever set it up last.
      sender = await everyChannel();
      const person = await sender.company.person();
      const started = await starts(person, { type: 'telegram' });
      expect(started.body).toEqual({
        factor_id: expect.any(String),
        deep_link: expect.stringMatching(`^https://t\\.me/${bot.username}\\?start=[\\w-]{54}$`),
        expires_at: expect.stringMatching(/Z$/),
      });
      return { person, factorId: started.body.factor_id as string, link: started.body.deep_link as string, chat: ++chats };
    }
    async function confirmed() {
      const made = await connected();
      expect(await happens(bot.says(made.chat, `/start ${token(made.link)}`))).toBe(200);
      expect(outcome(await confirms(made.person, made.factorId, await chatted(made.chat)))).toBe(200);
      return made;
    }
    const disabled = async (factorId: string) =>
      (await sender.company.sql('select disabled_at is not null as disabled from mfa_factor where id = $1', [factorId]))[0].disabled;

    it('is bound by a link that works once, and its codes come to that chat', async () => {
      const { person, factorId, link, chat } = await connected();
      expect(outcome(await challenges(person.token, factorId))).toBe('mfa.not_reachable');
      expect(await happens(bot.says(chat + 5000, `/start ${somebodyElses(token(link))}`))).toBe(200);
      expect(await happens(bot.says(chat, `/start ${token(link)}`))).toBe(200);
      expect(await happens(bot.says(chat + 6000, `/start ${token(link)}`), 1), 'a second who brings it').toBe(200);
      expect(outcome(await confirms(person, factorId, await chatted(chat)))).toBe(200);
      expect(bot.accepted.filter(({ to }) => [chat + 5000, chat + 6000].map(String).includes(to))).toEqual([]);
      const pending = await person.pendingToken();
      const seen = bot.accepted.length;
      expect((await challenges(pending, factorId)).body).toMatchObject({ channel: 'telegram', recipient_masked: 'Telegram chat' });
      await eventually(() => bot.accepted.length > seen);
      const opened = await answers(pending, await chatted(chat));
      expect(claims(opened.body.access_token)).toMatchObject({ amr: ['pwd', 'otp', 'mfa'], acr: 'urn:watchword:acr:two-steps' });
      expect(await sender.company.actions()).toContain('mfa.contact_made');
    });

    it('is not bound by a link that is old, or was shown for a start that was forgotten', async () => {
      const { person, factorId, link, chat } = await connected();
      const again = await starts(person, { type: 'telegram' });
      await happens(bot.says(chat, `/start ${token(link)}`));
      expect(await sender.company.sql('select recipient_masked from mfa_factor where user_id = $1', [person.id])).toEqual([
        { recipient_masked: null },
      ]);
      expect(outcome(await challenges(person.token, factorId))).toBe('mfa.not_found');
      expect(await happens(bot.says(chat, `/start ${token(again.body.deep_link)}`))).toBe(200);
      expect(outcome(await confirms(person, again.body.factor_id, await chatted(chat)))).toBe(200);
    });

    it('ends when the bot is blocked, as Telegram tells us', async () => {
      const { person, factorId, chat } = await confirmed();
      expect(await happens(bot.blocks(chat))).toBe(200);
      expect(await disabled(factorId)).toBe(true);
      expect(outcome(await challenges(await person.pendingToken(), factorId))).toBe('mfa.not_found');
      expect(await sender.company.actions()).toContain('mfa.factor_ended');
    });

    it('ends when the bot may not write any more, as its next code finds out', async () => {
      const { person, factorId } = await confirmed();
      bot.script('refuse');
      expect((await challenges(await person.pendingToken(), factorId)).status).toBe(202);
      await eventually(() => disabled(factorId));
      expect(await out(factorId)).toMatchObject({ status: 'canceled', code: null });
      expect((await person.login()).body.factors.map(({ type }: { type: string }) => type)).toEqual(['backup_codes']);
    });
  });
});
