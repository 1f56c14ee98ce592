import { codeTo, DeliveryWorld, eventually, mailTo, newNumber, type Sender } from './support/delivery-world.js';
import { SmtpSimulator } from './simulators/smtp.js';
import { bare } from './support/world.js';

const NOBODY = '01900000-0000-7000-8000-000000000001';

let world: DeliveryWorld;
let mail: SmtpSimulator;
let sender: Sender;
beforeAll(async () => {
  world = await DeliveryWorld.start({ settings: { DATABASE_POOL: '60', SEND_LIMIT_NUMBER: '1000/3600' } });
  mail = await SmtpSimulator.start({ security: 'none' });
  sender = await world.sender();
  await sender.has('smtp', mailTo(mail));
});
afterAll(() => Promise.all([world.stop(), mail.stop()]));

/** A verification by SMS with a code of the test's own. */
async function made(more: object = {}, by = sender): Promise<{ id: string; to: string; code: string }> {
  const [to, code] = [newNumber(), '481624'];
  const { status, body } = await by.sends({ to, channel: 'sms', code, ...more });
  expect(status, JSON.stringify(body)).toBe(201);
  return { id: body.id, to, code };
}
const state = async (id: string) => (await sender.call('GET', `/api/verifications/${id}`)).body;
const row = async (id: string) => (await sender.company.sql('select * from verification where id = $1', [id]))[0];
const textsTo = (number: string) => world.vonage.accepted.filter(({ to }) => to === number.slice(1));
const change = (id: string, set: string) => sender.company.sql(`update verification set ${set} where id = $1`, [id]);
/** Its time comes now: what a worker looks at next. */
const comesDue = (id: string) => world.owner.query('update directory.due set due_at = now() where id = $1', [id]);
const runsOut = async (id: string) => {
  await change(id, `expires_at = now() - interval '1 second'`);
  await comesDue(id);
};
const again = (id: string, how: 'resend' | 'next' = 'resend', at = 0) =>
  sender.call('POST', `/api/verifications/${id}/${how}`, undefined, {}, at);
const refusal = ({ status, body, headers }: Awaited<ReturnType<typeof again>>) => [status, body.code, Number(headers.get('retry-after'))];

describe('A verification', () => {
  it('brings a code to a phone over the vendor, and the code is right once', async () => {
    const to = newNumber();
    const { status, body } = await sender.sends({ to, channel: 'sms', reference: 'order 7' });
    expect(status, JSON.stringify(body)).toBe(201);
    expect(body).toMatchObject({ status: 'pending', channel: 'sms', reference: 'order 7' });

    const code = await codeTo(world.vonage.accepted, to);
    expect((await sender.checks(body.id, '000000')).body).toMatchObject({ status: 'pending', valid: false });
    expect((await sender.checks(body.id, code, 1)).body).toEqual({ id: body.id, status: 'approved', valid: true });
    expect((await sender.checks(body.id, code)).body).toMatchObject({ status: 'approved', valid: false });
    expect(world.vonage.violations).toEqual([]);
    expect(await eventually(async () => (await sender.kinds(body.id)).includes('attempt_ended') && sender.kinds(body.id))).toEqual(
      expect.arrayContaining(['sent', 'attempt', 'attempt_ended', 'check_failed', 'approved']),
    );
  });

  it.each([4, 10])('has a code of %i digits when asked, and another each time', async (code_length) => {
    const codes = new Set<string>();
    for (let time = 0; time < 3; time++) {
      const to = newNumber();
      expect((await sender.sends({ to, channel: 'sms', code_length })).status).toBe(201);
      const text = await eventually(() => textsTo(to)[0]?.text);
      codes.add(/^\d+/.exec(text)![0]);
    }
    expect([...codes].map(({ length }) => length)).toEqual([code_length, code_length, code_length]);
  });

  it("carries a code of the application's own, of letters too, and lives as long as it says", async () => {
    const { id, to } = await made({ code: 'a1B2c3D4e5', expires_in: 600 });
    expect((await eventually(() => textsTo(to)[0]))!.text).toMatch(/^a1B2c3D4e5 /);
    const shown = await state(id);
    expect(Date.parse(shown.expires_at) - Date.parse(shown.created_at)).toBe(600_000);
    expect((await sender.checks(id, 'A1B2C3D4E5')).body).toMatchObject({ valid: false });
    expect((await sender.checks(id, ' a1B2c3D4e5 ')).body).toMatchObject({ valid: true });
  });

  const sms = { channel: 'sms', to: '+34611999999' };
  it.each<[string, object, string]>([
    ['no recipient', { channel: 'sms' }, 'to'],
    ['no channel', { to: sms.to }, 'channel'],
    ['an unknown channel', { ...sms, channel: 'pigeon' }, 'channel'],
    ['both a recipient and a workflow', { ...sms, workflow: [sms] }, 'workflow'],
    ['an empty workflow', { workflow: [] }, 'workflow'],
    ['six steps', { workflow: Array(6).fill(sms) }, 'workflow'],
    ['a step that nobody has as a number', { workflow: [sms, { channel: 'sms', to: '+3412' }] }, 'workflow.1.to'],
    ['a provider of another channel', { workflow: [{ ...sms, provider: 'smtp' }] }, 'workflow.0.provider'],
    ['three digits', { ...sms, code_length: 3 }, 'code_length'],
    ['eleven digits', { ...sms, code_length: 11 }, 'code_length'],
    ['an own code of three', { ...sms, code: '123' }, 'code'],
    ['an own code of eleven', { ...sms, code: '12345678901' }, 'code'],
    ['an own code with a sign in it', { ...sms, code: '12-456' }, 'code'],
    ['a life under half a minute', { ...sms, expires_in: 29 }, 'expires_in'],
    ['a life over ten minutes', { ...sms, expires_in: 601 }, 'expires_in'],
    ['too little patience', { ...sms, channel_timeout: 9 }, 'channel_timeout'],
    ['a language that is none', { ...sms, locale: '!' }, 'locale'],
    ['a long reference', { ...sms, reference: 'x'.repeat(101) }, 'reference'],
    ['an address that is none', { ...sms, ip_address: '1.2.3' }, 'ip_address'],
  ])('is not made with %s, and the field is named', async (_, body, field) => {
    const answer = await sender.sends(body);
    expect([answer.status, answer.body.errors?.map((error: { field: string }) => error.field)]).toEqual([400, [field]]);
  });

  it('is over after five wrong codes: the right one comes too late', async () => {
    const { id, code } = await made();
    for (const status of [...Array(4).fill('pending'), 'max_attempts_reached', 'max_attempts_reached'])
      expect((await sender.checks(id, '000000')).body).toEqual({ id, status, valid: false });
    expect((await sender.checks(id, code)).body).toEqual({ id, status: 'max_attempts_reached', valid: false });
    expect(await state(id)).toMatchObject({ status: 'max_attempts_reached', attempts: 5, ended_at: expect.any(String) });
    expect(refusal(await again(id)).slice(0, 2)).toEqual([409, 'verification.over']);
  });

  it('runs out, whether a worker has seen it or not', async () => {
    const { id, code } = await made();
    await change(id, `expires_at = now() - interval '1 second'`);
    expect((await sender.checks(id, code)).body).toEqual({ id, status: 'expired', valid: false });
    expect(await state(id)).toMatchObject({ status: 'expired', attempts: 0 });
    expect(refusal(await again(id)).slice(0, 2)).toEqual([409, 'verification.over']);
    await comesDue(id);
    await eventually(async () => (await sender.kinds(id)).includes('expired'));
    expect((await sender.checks(id, code)).body).toEqual({ id, status: 'expired', valid: false });
  });

  it('is called off once, and then no code is right and none is sent', async () => {
    const { id, code } = await made();
    const off = () => sender.call('DELETE', `/api/verifications/${id}`);
    expect((await off()).body).toMatchObject({ id, status: 'canceled' });
    expect((await sender.checks(id, code)).body).toEqual({ id, status: 'canceled', valid: false });
    expect((await off()).body, 'as often as one likes').toMatchObject({ id, status: 'canceled' });
    expect((await sender.kinds(id)).filter((kind) => kind === 'canceled')).toHaveLength(1);
    for (const answer of [await again(id), await again(id, 'next')])
      expect([answer.status, answer.body.code, answer.body.detail]).toEqual([409, 'verification.over', 'It is canceled.']);
  });

  it("that there is not, and another company's, are answered alike", async () => {
    const stranger = await world.sender();
    const { id, code } = await made({}, stranger);
    const asked = [
      ['GET', ''],
      ['GET', '/timeline'],
      ['DELETE', ''],
      ['POST', '/resend'],
      ['POST', '/next'],
      ['POST', '/check', { code }],
    ] as const;
    for (const [method, path, body] of asked) {
      const [theirs, none] = [id, NOBODY].map((each) => sender.call(method, `/api/verifications/${each}${path}`, body));
      const [answer, other] = [bare(await theirs!), bare(await none!)];
      expect({ ...answer, instance: '' }).toEqual({ ...other, instance: '' });
      expect(answer).toMatchObject({ status: 404, code: 'verification.not_found' });
    }
    expect((await stranger.checks(id, code)).body).toMatchObject({ valid: true });
  });
});

describe('A code that did not come', () => {
  it('comes again when half a minute is over: the same code, five times at most', async () => {
    const { id, to, code } = await made();
    const [status, problem, seconds] = refusal(await again(id));
    expect([status, problem]).toEqual([429, 'verification.too_early']);
    expect(seconds).toBeGreaterThan(20);
    expect(seconds).toBeLessThanOrEqual(30);
    for (let sends = 2; sends <= 5; sends++) {
      await eventually(() => textsTo(to).length === sends - 1);
      await change(id, 'resend_after = now()');
      expect((await again(id, 'resend', sends)).body).toMatchObject({ status: 'pending', sends });
    }
    await eventually(() => textsTo(to).length === 5);
    expect(new Set(textsTo(to).map(({ text }) => text.slice(0, 6)))).toEqual(new Set([code]));
    await change(id, 'resend_after = now()');
    expect(refusal(await again(id))).toEqual([429, 'verification.too_many_sends', 600]);
    expect((await sender.checks(id, code)).body).toMatchObject({ valid: true });
  });

  it('comes again once, however many ask for it at once', async () => {
    const { id, to } = await made();
    await eventually(() => textsTo(to).length === 1);
    await change(id, 'resend_after = now()');
    const answers = await world.race(
      sender.company.id,
      'verification',
      id,
      Array.from({ length: 20 }, (_, at) => () => again(id, 'resend', at)),
    );
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, ...Array(19).fill(429)]);
    await eventually(() => textsTo(to).length === 2);
    expect((await state(id)).sends).toBe(2);
  });

  it('comes by the next step at once when asked, to the end of the workflow', async () => {
    const [to, address] = [newNumber(), 'ada@next.test'];
    const { body } = await sender.sends({
      workflow: [
        { channel: 'sms', to },
        { channel: 'email', to: address },
      ],
      code: '481624',
    });
    expect(body).toMatchObject({
      channel: 'sms',
      workflow: [{ channel: 'sms' }, { channel: 'email', recipient_masked: 'a•••@n•••.test' }],
    });
    expect((await again(body.id, 'next', 1)).body).toMatchObject({ channel: 'email', step: 1, sends: 2 });
    expect((await eventually(() => mail.accepted.find((one) => one.to === address)))!.text).toContain('481624');
    expect(refusal(await again(body.id, 'next')).slice(0, 2)).toEqual([409, 'verification.no_more_steps']);
    expect((await sender.checks(body.id, '481624')).body).toMatchObject({ valid: true });
  });

  it('comes by the next step when no receipt came in time, and that counts among the five sends', async () => {
    const workflow = (address: string) => ({
      workflow: [
        { channel: 'sms', to: newNumber() },
        { channel: 'email', to: address },
      ],
    });
    const waitsInVain = async (id: string) => {
      await eventually(async () => (await sender.kinds(id)).includes('attempt_ended'));
      await change(id, `escalate_at = now() - interval '1 second'`);
      await comesDue(id);
    };
    const { body: first } = await sender.sends(workflow('in.time@waits.test'));
    await waitsInVain(first.id);
    await eventually(() => mail.accepted.find((one) => one.to === 'in.time@waits.test'));
    expect(await state(first.id)).toMatchObject({ step: 1, sends: 2 });
    expect((await sender.timeline(first.id)).filter(({ kind }) => kind === 'sent').map(({ reason }) => reason)).toEqual([
      'created',
      'no_receipt_by_sms',
    ]);

    const { body: second } = await sender.sends(workflow('one.too.many@waits.test'));
    await change(second.id, 'sends = 5');
    await waitsInVain(second.id);
    await eventually(
      async () => (await world.owner.query('select from directory.due where id = $1 and due_at > now()', [second.id])).rowCount,
    );
    expect(await state(second.id)).toMatchObject({ step: 0, sends: 5 });
    expect(mail.accepted.some((one) => one.to === 'one.too.many@waits.test')).toBe(false);
  });
});

describe('However many answer at once', () => {
  it('a right code is right once: 100 of them over two processes', async () => {
    const { id, to, code } = await made();
    const answers = await world.race(
      sender.company.id,
      'verification',
      id,
      Array.from({ length: 100 }, (_, at) => () => sender.checks(id, code, at)),
    );
    expect(answers.map(({ status, body }) => [status, body.status])).toEqual(Array(100).fill([200, 'approved']));
    expect(answers.filter(({ body }) => body.valid)).toHaveLength(1);
    // Who came too late was not wrong: the next code of the same number is not held back.
    const { body } = await sender.sends({ to, channel: 'sms', code });
    expect((await sender.checks(body.id, code)).body).toMatchObject({ valid: true });
  });

  it('five wrong ones are looked at: of 50, then not even the right one', async () => {
    const { id, code } = await made();
    const answers = await world.race(
      sender.company.id,
      'verification',
      id,
      Array.from({ length: 50 }, (_, at) => () => sender.checks(id, '000000', at)),
    );
    expect(answers.map(({ body }) => body.status).toSorted()).toEqual([
      ...Array(46).fill('max_attempts_reached'),
      ...Array(4).fill('pending'),
    ]);
    expect(answers.filter(({ body }) => body.valid)).toEqual([]);
    expect((await row(id)).attempts).toBe(5);
    expect((await sender.kinds(id)).filter((kind) => kind === 'check_failed')).toHaveLength(5);
    expect((await sender.checks(id, code)).body).toMatchObject({ valid: false, status: 'max_attempts_reached' });
  });
});

describe('Somebody who guesses', () => {
  const key = `private.attempt_key($1, 'verification', (select subject from verification where id = $2))`;
  const counted = async (id: string) =>
    (await sender.company.sql(`select failures from directory.attempt where key = ${key}`, [sender.company.id, id]))[0]?.failures ?? 0;
  const waits = (id: string) =>
    sender.company.sql(`update directory.attempt set blocked_until = now() where key = ${key}`, [sender.company.id, id]);

  it('is held back from the tenth failure on, for longer each time, whatever new code there is', async () => {
    const to = newNumber();
    const code = '481624';
    const fresh = async () => (await sender.sends({ to, channel: 'sms', code })).body.id as string;
    for (let failures = 0; failures < 9; failures += 3) {
      const id = await fresh();
      for (let time = 0; time < 3; time++) expect((await sender.checks(id, '000000')).body).toMatchObject({ valid: false });
    }
    const id = await fresh();
    expect(await counted(id)).toBe(9);
    expect((await sender.checks(id, '000000')).status, 'the tenth is looked at').toBe(200);
    for (const [seconds, at] of [
      [30, 0],
      [60, 1],
    ] as const) {
      const [status, problem, wait] = refusal(await sender.checks(id, code, at));
      expect([status, problem]).toEqual([429, 'verification.too_many_attempts']);
      expect(wait).toBeGreaterThan(seconds - 10);
      expect(wait).toBeLessThanOrEqual(seconds);
      expect(refusal(await sender.checks(await fresh(), code))[0], 'a new code is none the better').toBe(429);
      await waits(id);
      if (seconds === 30) expect((await sender.checks(id, '000000')).body).toMatchObject({ valid: false });
    }
    const other = await made();
    expect((await sender.checks(other.id, other.code)).body, 'somebody else').toMatchObject({ valid: true });
    expect((await sender.checks(id, code)).body).toMatchObject({ valid: true });
    expect(await counted(id)).toBe(0);
  });
});

describe('A request that is sent twice', () => {
  const keyed = (body: object, key: string, at = 0, by = sender) => by.sends(body, { 'idempotency-key': key }, at);
  const verifications = async () => Number((await sender.company.sql('select count(*) as n from verification'))[0].n);

  it('is answered as before, and nothing is sent: in any order of its fields, by every process', async () => {
    const body = { to: newNumber(), channel: 'sms', reference: 'r' };
    const first = await keyed(body, 'order-1');
    expect(first.status).toBe(201);
    await eventually(() => textsTo(body.to).length === 1);
    const before = await verifications();
    const { to, channel, reference } = body;
    for (const [same, at] of [
      [body, 0],
      [{ reference, channel, to }, 1],
    ] as const) {
      const answer = await keyed(same, 'order-1', at);
      expect([answer.status, answer.body]).toEqual([201, first.body]);
    }
    expect(await verifications()).toBe(before);
    const other = await keyed({ ...body, reference: 's' }, 'order-1');
    expect([other.status, other.body.code]).toEqual([409, 'verification.idempotency_conflict']);
    expect(textsTo(body.to)).toHaveLength(1);
  });

  it('makes one, however many come at once; and another when a day has gone by', async () => {
    const body = { to: newNumber(), channel: 'sms' };
    const first = await keyed(body, 'order-2');
    const [{ id }] = await sender.company.sql('select id from idempotency order by created_at desc limit 1');
    await sender.company.sql(`update idempotency set expires_at = now() - interval '1 second' where id = $1`, [id]);
    const before = await verifications();
    const answers = await world.race(
      sender.company.id,
      'idempotency',
      id,
      Array.from({ length: 20 }, (_, at) => () => keyed(body, 'order-2', at)),
    );
    expect(new Set(answers.map(({ status, body: { id: made } }) => `${status} ${made}`)).size).toBe(1);
    expect(answers[0]!.body.id).not.toBe(first.body.id);
    expect(await verifications()).toBe(before + 1);
    await eventually(() => textsTo(body.to).length === 2);
  });

  it("is somebody else's when another caller sends it", async () => {
    const body = { to: newNumber(), channel: 'sms' };
    const { key } = await sender.company.apiKey();
    const mine = await keyed(body, 'order-3');
    const theirs = await world.call('POST', '/api/verifications', { token: key, body, headers: { 'idempotency-key': 'order-3' } });
    expect([theirs.status, theirs.body.id === mine.body.id]).toEqual([201, false]);
  });

  it.each(['', ' ', 'x'.repeat(256), 'ü'])('is told when its key is none (%j)', async (key) => {
    const answer = await keyed({ to: newNumber(), channel: 'sms' }, key);
    expect([answer.status, answer.body.code]).toEqual([400, 'request.invalid_idempotency_key']);
  });
});

describe('Verifications', () => {
  const ROUTES: [string, string, string][] = [
    ['POST', '', 'verifications:send'],
    ['POST', `/${NOBODY}/resend`, 'verifications:send'],
    ['POST', `/${NOBODY}/next`, 'verifications:send'],
    ['DELETE', `/${NOBODY}`, 'verifications:send'],
    ['POST', `/${NOBODY}/check`, 'verifications:check'],
    ['GET', `/${NOBODY}`, 'verifications:read'],
    ['GET', `/${NOBODY}/timeline`, 'verifications:read'],
  ];
  const body = (path: string) =>
    path === '' ? { to: newNumber(), channel: 'sms' } : path.endsWith('check') ? { code: '123456' } : undefined;

  it('are open to each scope for its own routes, and to no other scope', async () => {
    for (const scope of [
      'verifications:send',
      'verifications:check',
      'verifications:read',
      'messages:send',
      'messages:raw',
      'messages:read',
    ]) {
      const { key } = await sender.company.apiKey([scope]);
      for (const [method, path, needed] of ROUTES) {
        const { status, body: said } = await world.call(method, `/api/verifications${path}`, { token: key, body: body(path) });
        const expected =
          scope !== needed ? [403, 'auth.insufficient_scope'] : path === '' ? [201, undefined] : [404, 'verification.not_found'];
        expect([scope, method, path, status, said.code]).toEqual([scope, method, path, ...expected]);
      }
    }
  });

  it('are open to administrators and managers, and to no other person', async () => {
    for (const [role, opens] of [
      ['admin', true],
      ['manager', true],
      ['user', false],
    ] as const) {
      const { token } = role === 'admin' ? sender.company.admin : await sender.company.person(role);
      for (const [method, path] of ROUTES) {
        const { status } = await world.call(method, `/api/verifications${path}`, { token, body: body(path) });
        expect([role, method, path, status]).toEqual([role, method, path, opens ? (path === '' ? 201 : 404) : 403]);
      }
    }
  });
});

describe('The code', () => {
  const wiped = async (id: string) => eventually(async () => (await row(id)).code === null);

  it('is gone from the database as soon as it is of no more use', async () => {
    const [right, wrong, off, late] = [await made(), await made(), await made(), await made()];
    for (const { id } of [right, wrong, off, late]) expect((await row(id)).code).toEqual(expect.any(String));
    await sender.checks(right.id, right.code);
    for (let time = 0; time < 5; time++) await sender.checks(wrong.id, '000000');
    await sender.call('DELETE', `/api/verifications/${off.id}`);
    for (const { id } of [right, wrong, off]) expect((await row(id)).code).toBeNull();
    await runsOut(late.id);
    await wiped(late.id);
  });

  it('and the number stand in no table, no trail, no timeline and no log', async () => {
    const [code, wrong] = ['Zk81Qp7xWd', 'Zk81Qp7xWe'];
    const { id, to } = await made({ code });
    await eventually(() => textsTo(to).length === 1);
    await sender.checks(id, wrong);
    await change(id, 'resend_after = now()');
    await again(id);
    await eventually(() => textsTo(to).length === 2);
    expect(
      textsTo(to).every(({ text }) => text.includes(code)),
      'it was there to be found',
    ).toBe(true);
    await eventually(async () => (await sender.kinds(id)).filter((kind) => kind === 'attempt_ended').length === 2);
    const { rows: tables } = await world.superuser.query(
      `select format('%I.%I', nspname, relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where nspname in ('public', 'directory', 'private', 'system') and relkind in ('r', 'p')`,
    );
    const everything = [JSON.stringify(await sender.timeline(id)), JSON.stringify(await state(id)), world.output];
    for (const { name } of tables)
      everything.push(...(await world.superuser.query(`select to_jsonb(t)::text as row from ${name} t`)).rows.map((each) => each.row));
    expect(everything.length).toBeGreaterThan(100);
    expect(everything.some((text) => text.includes(id))).toBe(true);
    for (const secret of [code, wrong, to, to.slice(3)]) expect(everything.filter((text) => text.includes(secret))).toEqual([]);
    expect((await sender.checks(id, code)).body).toMatchObject({ valid: true });
  });
});
