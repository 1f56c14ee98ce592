import { DeliveryWorld, eventually, mailTo, type Sender } from './support/delivery-world.js';
import { SmtpSimulator } from './simulators/smtp.js';

const PER_NUMBER = 3;
const PER_PERSON = 4;
const PER_ADDRESS = 5;
const PER_PREFIX = 12;
const LEAST = 8;
const PRICE = 0.1;

let world: DeliveryWorld;
let mail: SmtpSimulator;
beforeAll(async () => {
  world = await DeliveryWorld.start({
    settings: {
      DATABASE_POOL: '60',
      RATE_LIMIT_SCALE: '1',
      ...Object.fromEntries(['IP', 'SIGN_IN', 'ACCOUNT', 'APPLICATION'].map((name) => [`RATE_LIMIT_${name}`, '1000000'])),
      SEND_LIMIT_NUMBER: `${PER_NUMBER}/3600`,
      SEND_LIMIT_ACCOUNT: `${PER_PERSON}/3600`,
      SEND_LIMIT_IP: `${PER_ADDRESS}/3600`,
      SEND_LIMIT_PREFIX: `${PER_PREFIX}/3600`,
      CONVERSION_LEAST: String(LEAST),
      CONVERSION_RATE: '0.1',
      PRICES: JSON.stringify({ 'aws-sns': { ES: PRICE, '*': 9 } }),
      SEND_BUDGET_DEFAULT: '0.15',
    },
  });
  mail = await SmtpSimulator.start({ security: 'none' });
});
afterAll(() => Promise.all([world.stop(), mail.stop()]));

let last = 0;
/** Another number, of the range that is named: of +34 611, unless told otherwise. */
const number = (prefix = '+34611') => `${prefix}${String(100_000 + last++)}`;
const CODE = '481624';
const text = (sender: Sender, to: string, more: object = {}, at = 0) => sender.sends({ to, channel: 'sms', code: CODE, ...more }, {}, at);
const statuses = async (answers: Promise<{ status: number }>[]) => (await Promise.all(answers)).map(({ status }) => status).toSorted();
const times = <T>(count: number, make: (at: number) => T): T[] => Array.from({ length: count }, (_, at) => make(at));
const audited = (sender: Sender, action: string) =>
  sender.company.sql(`select target_id, details from audit_event where action = $1 order by id`, [action]);
const spent = async (sender: Sender) => Number((await sender.company.sql('select coalesce(sum(amount), 0) as sum from spend'))[0].sum);

/** Refused by this rule, in words, for a while, and it stands in the trail and in the log. */
async function expectStopped(sender: Sender, answer: Awaited<ReturnType<typeof text>>, rule: string) {
  expect([answer.status, answer.body.code, answer.body.detail]).toEqual([
    429,
    'verification.blocked',
    expect.stringContaining(`Rule "${rule}"`),
  ]);
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  const events = await audited(sender, 'verification.blocked');
  expect(events.at(-1).details).toMatchObject({ rule, channel: 'sms', recipient: expect.stringMatching(/^\+34 ••• ••• \d{3}$/) });
  const line = await eventually(() => world.output.split('\n').find((each) => each.includes(events.at(-1).target_id)));
  expect(JSON.parse(line)).toMatchObject({ rule, company: sender.company.id, msg: 'a rule held a message back' });
}

describe('Messages to one number', () => {
  it('are as many as are let through, however many are asked for at once, and are nobody else’s', async () => {
    const sender = await world.sender();
    const to = number();
    const answers = await Promise.all(times(20, (at) => text(sender, to, {}, at)));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([...Array(PER_NUMBER).fill(201), ...Array(20 - PER_NUMBER).fill(429)]);
    await expectStopped(sender, await text(sender, to), 'number');
    const [{ id }] = await sender.company.sql('select id from verification order by id limit 1');
    await sender.company.sql('update verification set resend_after = now() where id = $1', [id]);
    const again = await sender.call('POST', `/api/verifications/${id}/resend`);
    expect([again.status, again.body.code]).toEqual([429, 'verification.blocked']);
    expect((await text(sender, number())).status).toBe(201);
    expect((await text(await world.sender(), to)).status, 'the other company').toBe(201);
  });

  it('that are refused count for nothing: who hammers one number does not stop its range', async () => {
    const sender = await world.sender();
    const to = number('+34612');
    await statuses(times(40, (at) => text(sender, to, {}, at)));
    expect(await statuses(times(LEAST - PER_NUMBER, (at) => text(sender, number('+34612'), {}, at)))).toEqual(
      Array(LEAST - PER_NUMBER).fill(201),
    );
  });
});

describe('Messages that one asks for', () => {
  it('are counted for a person, and not for an application', async () => {
    const sender = await world.sender();
    const ask = (token: string, at: number) =>
      world.call('POST', '/api/verifications', { token, body: { to: number(), channel: 'sms', code: CODE }, at });
    const manager = await sender.company.person('manager');
    expect(await statuses(times(10, (at) => ask(manager.token, at)))).toEqual([
      ...Array(PER_PERSON).fill(201),
      ...Array(10 - PER_PERSON).fill(429),
    ]);
    await expectStopped(sender, await ask(manager.token, 0), 'account');
    expect((await text(sender, number('+34613'))).status, 'the application').toBe(201);
    expect((await ask(sender.company.admin.token, 1)).status, 'somebody else').toBe(201);
  });

  it('are counted for the address that is named, of which a /64 is one', async () => {
    for (const [address, neighbour, elsewhere] of [
      ['203.0.113.7', '203.0.113.7', '203.0.113.8'],
      ['2001:db8:1:2::7', '2001:db8:1:2:ffff::1', '2001:db8:1:3::7'],
    ]) {
      const sender = await world.sender();
      expect(await statuses(times(8, (at) => text(sender, number(), { ip_address: address }, at)))).toEqual([
        ...Array(PER_ADDRESS).fill(201),
        ...Array(8 - PER_ADDRESS).fill(429),
      ]);
      await expectStopped(sender, await text(sender, number(), { ip_address: neighbour }), 'ip');
      expect((await text(sender, number(), { ip_address: elsewhere })).status).toBe(201);
      expect((await text(sender, number())).status).toBe(201);
    }
  });
});

describe('Messages that follow', () => {
  it('are counted for the address that the first was asked for from', async () => {
    const sender = await world.sender();
    const from = { ip_address: '203.0.113.99' };
    expect(await statuses(times(PER_ADDRESS - 1, () => text(sender, number(), from)))).toEqual(Array(PER_ADDRESS - 1).fill(201));
    const workflow = times(3, () => ({ channel: 'sms', to: number() }));
    const { body } = await sender.sends({ workflow, code: CODE, ...from });
    const next = await sender.call('POST', `/api/verifications/${body.id}/next`);
    expect([next.status, next.body.detail]).toEqual([429, expect.stringContaining('Rule "ip"')]);
  });
});

describe('Codes of second factors', () => {
  const setsUp = async (sender: Sender, phone_number: string) =>
    world.call('POST', '/api/sms-mfa/setup', { token: (await sender.company.person()).token, body: { phone_number } });

  it('are counted apart: whoever has codes sent to strangers shuts nobody out of theirs', async () => {
    const sender = await world.sender();
    const to = number('+34631');
    expect(await statuses(times(PER_NUMBER + 1, () => text(sender, to)))).toEqual([...Array(PER_NUMBER).fill(201), 429]);
    expect((await setsUp(sender, to)).status).toBe(200);
    await Promise.all(times(LEAST - PER_NUMBER, () => text(sender, number('+34631'))));
    await expectStopped(sender, await text(sender, number('+34631')), 'conversion');
    expect((await setsUp(sender, number('+34631'))).status).toBe(200);
  });
});

describe('Messages to a range of numbers', () => {
  it('are as many as are let through while codes come back', async () => {
    const sender = await world.sender();
    for (let at = 0; at < 2; at++) await sender.checks((await text(sender, number('+34620'))).body.id, CODE);
    expect(await statuses(times(20, (at) => text(sender, number('+34620'), {}, at)))).toEqual([
      ...Array(PER_PREFIX - 2).fill(201),
      ...Array(20 - PER_PREFIX + 2).fill(429),
    ]);
    await expectStopped(sender, await text(sender, number('+34620')), 'prefix');
    expect((await text(sender, number('+34621'))).status).toBe(201);
  });

  it('end when too few codes come back, and only there; where there is another channel, it takes over', async () => {
    const sender = await world.sender();
    await sender.has('smtp', mailTo(mail));
    const pumped = await Promise.all(times(LEAST, (at) => text(sender, number('+34630'), {}, at)));
    expect(pumped.map(({ status }) => status)).toEqual(Array(LEAST).fill(201));
    await expectStopped(sender, await text(sender, number('+34630')), 'conversion');
    expect((await audited(sender, 'verification.blocked')).at(-1).details.prefix).toBe('+34630');

    const workflow = [
      { channel: 'sms', to: number('+34630') },
      { channel: 'email', to: 'ada@pumped.test' },
    ];
    const { body } = await sender.sends({ workflow, code: CODE });
    expect(body).toMatchObject({ status: 'pending', channel: 'email' });
    await eventually(() => mail.accepted.find(({ to }) => to === 'ada@pumped.test'));
    expect((await sender.timeline(body.id)).find(({ kind }) => kind === 'blocked')).toMatchObject({
      channel: 'sms',
      outcome: 'failure',
      reason: 'conversion',
    });
    const line = await eventually(() => world.output.split('\n').find((each) => each.includes(body.id)));
    expect(JSON.parse(line)).toMatchObject({ rule: 'conversion', verification: body.id });
    expect((await sender.checks(body.id, CODE)).body).toMatchObject({ valid: true });

    expect((await text(sender, number('+34631'))).status, 'another range').toBe(201);
    const other = await world.sender();
    expect((await text(other, number('+34630'))).status, 'another company').toBe(201);
    // A code that comes back late is one that came back.
    expect((await sender.checks(pumped[0]!.body.id, CODE)).body).toMatchObject({ valid: true });
    expect((await text(sender, number('+34630'))).status).toBe(201);
  });
});

describe('What a company spends in a day', () => {
  const payer = async (budget?: number) => {
    const sender = await world.sender();
    await sender.company.admin.delete('/api/company/channels/vonage-sms');
    const { accessKeyId, secretAccessKey } = world.sns;
    await sender.has('aws-sns', { region: 'eu-west-1', access_key_id: accessKeyId, secret_access_key: secretAccessKey });
    if (budget !== undefined)
      expect((await sender.company.admin.patch('/api/company', { policy: { daily_send_budget: budget } })).status).toBe(200);
    return sender;
  };
  const taken = (numbers: string[]) => world.sns.accepted.filter(({ to }) => numbers.includes(to)).length;
  const ended = (sender: Sender, id: string) =>
    eventually(async () => (await sender.kinds(id)).some((kind) => ['undelivered', 'attempt_ended'].includes(kind)) && sender.timeline(id));

  it.each([
    ['its own budget', 0.25, 2],
    ["the operator's, where it has none", undefined, 1],
    ['nothing at all', 0, 0],
  ])('is never more than %s, however much is due at once', async (_, budget, most) => {
    const sender = await payer(budget);
    const numbers = times(10, () => number());
    // Fewer than the rule of conversion wants to see.
    const made = await Promise.all(numbers.slice(0, LEAST).map((to, at) => text(sender, to, {}, at)));
    const timelines = await Promise.all(made.map(({ body }) => ended(sender, body.id)));
    expect(taken(numbers)).toBe(most);
    expect(await spent(sender)).toBeCloseTo(most * PRICE);
    const stopped = timelines.filter((entries) => entries.some(({ kind, reason }) => kind === 'blocked' && reason === 'budget'));
    expect(stopped).toHaveLength(LEAST - most);
    expect(stopped[0]!.find(({ kind }) => kind === 'undelivered')).toMatchObject({ channel: 'sms', reason: 'budget_spent' });
    expect(await audited(sender, 'verification.blocked')).toHaveLength(LEAST - most);
    const line = await eventually(() =>
      world.output.split('\n').find((each) => each.includes('"budget"') && each.includes(sender.company.id)),
    );
    expect(JSON.parse(line)).toMatchObject({ rule: 'budget', verification: expect.any(String) });
  });

  it('is given back when nothing went out', async () => {
    const sender = await payer(PRICE);
    world.sns.script('refuse');
    const refused = await text(sender, number());
    await ended(sender, refused.body.id);
    expect(await spent(sender)).toBe(0);
    const [{ cost }] = await sender.company.sql('select cost from delivery_attempt');
    expect(Number(cost)).toBe(0);
    const to = number();
    await ended(sender, (await text(sender, to)).body.id);
    expect(taken([to])).toBe(1);
    expect(await spent(sender)).toBeCloseTo(PRICE);
  });

  it('leaves the next channel of the workflow to take over when it is spent', async () => {
    const sender = await payer(0);
    await sender.has('smtp', mailTo(mail));
    const { body } = await sender.sends({
      workflow: [
        { channel: 'sms', to: number() },
        { channel: 'email', to: 'ada@spent.test' },
      ],
      code: CODE,
    });
    expect(body.channel).toBe('sms');
    await eventually(() => mail.accepted.find(({ to }) => to === 'ada@spent.test'));
    const entries = await sender.timeline(body.id);
    expect(
      entries
        .filter(({ kind }) => ['sent', 'blocked', 'undelivered'].includes(kind))
        .map(({ kind, channel, reason }) => [kind, channel, reason]),
    ).toEqual([
      ['sent', 'sms', 'created'],
      ['blocked', 'sms', 'budget'],
      ['undelivered', 'sms', 'budget_spent'],
      ['sent', 'email', 'failed_by_sms'],
    ]);
  });

  it('counts each segment of a text', async () => {
    const sender = await payer(2.5 * PRICE);
    const ends = async (message: string) => {
      const { body } = await sender.call('POST', '/api/messages', { channel: 'sms', recipient: number(), message });
      return eventually(async () => {
        const { status, reason, attempts } = (await sender.call('GET', `/api/messages/${body.id}`)).body;
        return ['accepted', 'failed'].includes(status) && { status, reason, cost: attempts[0]?.cost };
      });
    };
    expect(await ends('漢'.repeat(70 + 67 + 1))).toEqual({ status: 'failed', reason: 'budget_spent', cost: undefined });
    expect(await ends('漢'.repeat(71))).toMatchObject({ status: 'accepted', cost: 2 * PRICE });
  });

  it('stops plain messages, too', async () => {
    const sender = await payer(0);
    const { body } = await sender.call('POST', '/api/messages', { channel: 'sms', recipient: number(), message: 'Hello' });
    const message = async () => (await sender.call('GET', `/api/messages/${body.id}`)).body;
    await eventually(async () => (await message()).status === 'failed');
    expect(await message()).toMatchObject({ reason: 'budget_spent', attempts: [] });
    expect((await audited(sender, 'message.blocked')).at(-1)).toMatchObject({ target_id: body.id, details: { rule: 'budget' } });
  });
});

describe('A number', () => {
  it.each<[string, string, string, string | undefined]>([
    ['in a country that is not allowed', '+33612345678', 'recipient_refused', 'FR'],
    ['of premium rate', '+34803123456', 'recipient_refused', 'premium'],
    ['of shared cost', '+34901123456', 'recipient_refused', 'shared-cost'],
    ['that is free to call', '+34900123456', 'recipient_refused', 'toll-free'],
    ['that forwards at its own price', '+447012345678', 'recipient_refused', 'personal'],
    ['of a satellite', '+881612345678', 'recipient_refused', 'satellite'],
    ['on a wall, for a text', '+34912345678', 'recipient_refused', 'landline'],
    ['that nobody can have', '+3461234567', 'invalid_recipient', undefined],
    ['with letters in it', '+34611ABCDEF', 'invalid_recipient', undefined],
  ])('%s is sent nothing, and the field is named', async (_, to, code, why) => {
    const sender = await world.sender();
    const asked = [
      ['to', { to, channel: 'sms' }, '/api/verifications'],
      [
        'workflow.1.to',
        {
          workflow: [
            { channel: 'sms', to: number() },
            { channel: 'sms', to },
          ],
        },
        '/api/verifications',
      ],
      ['recipient', { recipient: to, channel: 'sms', message: 'Hello' }, '/api/messages'],
    ] as const;
    for (const [field, body, path] of asked) {
      const answer = await sender.call('POST', path, body);
      expect([answer.status, answer.body.code, answer.body.errors?.map((error: { field: string }) => error.field)]).toEqual([
        code === 'invalid_recipient' ? 400 : 403,
        `notifications.${code}`,
        [field],
      ]);
      if (why) expect(answer.body.detail).toContain(why);
      expect(JSON.stringify(answer.body), 'without the number').not.toContain(to.slice(3));
    }
    expect(await sender.company.sql(`select from delivery where template = 'code'`)).toEqual([]);
  });

  it('in a country that the company allows is sent to, and one at home no longer', async () => {
    const sender = await world.sender();
    await sender.company.admin.patch('/api/company', { policy: { allowed_countries: ['FR'] } });
    expect((await text(sender, '+33612345678')).status).toBe(201);
    const home = await text(sender, number());
    expect([home.status, home.body.code]).toEqual([403, 'notifications.recipient_refused']);
  });
});

describe('Plain messages', () => {
  it('are counted by number and range as codes are, and say which rule it was', async () => {
    const sender = await world.sender();
    const to = number();
    const send = (at = 0) => sender.call('POST', '/api/messages', { channel: 'sms', recipient: to, message: 'Hello' }, {}, at);
    expect((await Promise.all(times(10, send))).map(({ status }) => status).toSorted()).toEqual([
      ...Array(PER_NUMBER).fill(202),
      ...Array(10 - PER_NUMBER).fill(429),
    ]);
    const { body } = await send();
    expect([body.code, body.detail]).toEqual(['notifications.too_many_messages', expect.stringContaining('"number"')]);
    expect((await audited(sender, 'message.blocked')).at(-1).details).toMatchObject({ rule: 'number', channel: 'sms' });
    expect((await text(sender, to)).status, 'a code to the same number').toBe(429);
  });
});
