import { deliver, smsReceipt, withSig } from './simulators/vonage-callbacks.js';
import { DeliveryWorld, eventually, newNumber, type Sender } from './support/delivery-world.js';

const PRICE = 0.05;
/** Beside the mail about accounts, which no provider takes here. */
const ofSms = ({ channel }: { channel: string }) => channel === 'sms';
const today = () => new Date().toISOString().slice(0, 10);

let world: DeliveryWorld;
beforeAll(async () => {
  world = await DeliveryWorld.start({ settings: { PRICES: JSON.stringify({ 'vonage-sms': { ES: PRICE, '*': 1 } }) } });
}, 180_000);
afterAll(() => world.stop());

const accepted = (sender: Sender, id: string) =>
  eventually(async () => (await sender.kinds(id)).includes('attempt_ended') && world.vonage.accepted.at(-1));

/** A code to a new number, which the vendor says was delivered or was not. */
async function code(sender: Sender, receipt: 'delivered' | 'failed' | null, more: object = {}) {
  const to = newNumber();
  const { body } = await sender.sends({ to, channel: 'sms', code: '481624', ...more });
  await accepted(sender, body.id);
  if (receipt) {
    const message = world.vonage.accepted.find((one) => one.to === to.slice(1))!;
    const { callback_url } = (await sender.company.admin.get('/api/company/channels/vonage-sms')).body;
    const told = withSig(smsReceipt(message, receipt), world.vonage.signatureSecret);
    await deliver(world.stack.urls[0]! + new URL(callback_url).pathname, told);
    await eventually(async () => (await sender.kinds(body.id)).includes('receipt'));
  }
  return { id: body.id as string, to };
}
const statistics = (sender: Sender, query = '') => sender.company.admin.get(`/api/company/statistics${query}`);

describe('The statistics of a company', () => {
  it('are what was sent, what came of it and what it cost', async () => {
    const sender = await world.sender();
    const approved = await code(sender, 'delivered');
    await sender.checks(approved.id, '481624');
    await code(sender, 'delivered');
    await code(sender, 'failed');
    await code(sender, null);

    const { status, body } = await statistics(sender);
    expect(status, JSON.stringify(body)).toBe(200);
    const counts = { sent: 4, delivered: 2, failed: 1 };
    expect(body.sends.filter(ofSms)).toEqual([{ date: today(), channel: 'sms', ...counts, cost: expect.closeTo(4 * PRICE, 9) }]);
    expect(body.by_country.filter(({ country }: any) => country)).toEqual([
      { country: 'ES', ...counts, cost: expect.closeTo(4 * PRICE, 9) },
    ]);
    expect(body.by_provider).toEqual([
      {
        provider: 'vonage-sms',
        channel: 'sms',
        ...counts,
        cost: expect.closeTo(4 * PRICE, 9),
        delivery_rate: 2 / 3,
        latency_p50_ms: expect.any(Number),
        latency_p95_ms: expect.any(Number),
      },
    ]);
    expect(body.by_provider[0].latency_p95_ms).toBeGreaterThanOrEqual(body.by_provider[0].latency_p50_ms);
    expect(body.verifications).toEqual({ created: 4, approved: 1, conversion_rate: 0.25 });
    expect(body.by_date).toHaveLength(30);
    expect(body.by_date.at(-1)).toEqual({ date: today(), created: 4, approved: 1, conversion_rate: 0.25 });
    expect(body.budget).toEqual({ day: today(), limit: 50, reserved_or_spent: expect.closeTo(4 * PRICE, 9) });
  });

  it('tell how people signed in, and by which second factor', async () => {
    const sender = await world.sender();
    const person = await sender.company.person('user');
    await world.call('POST', '/api/auth/login', {
      body: { email: person.email, password: 'wrong', company_domain: sender.company.domain },
    });
    await person.enablesTotp();
    await person.signsIn();
    const pending = await person.pendingToken();
    await person.verify(pending, person.wrongCode());

    const { body } = await statistics(sender);
    // The administrator once, the person before and after the second factor.
    expect(body.sign_ins.at(-1)).toEqual({ date: today(), succeeded: 3, failed: 1 });
    expect(body.sign_ins.slice(0, -1).every((day: any) => day.succeeded + day.failed === 0)).toBe(true);
    expect(body.second_factors).toEqual([{ type: 'totp', succeeded: 1, refused: 1 }]);
    expect(body.people).toEqual({ active: 2, with_factor: 1, with_passkey: 0 });
  });

  it('are zeros, on every day of the period, where nothing has happened', async () => {
    const company = await world.company();
    const { body } = await company.admin.get('/api/company/statistics?from=2026-01-01&to=2026-02-01');
    expect([body.from, body.to, body.sign_ins.length, body.by_date.length]).toEqual(['2026-01-01', '2026-02-01', 32, 32]);
    expect(body.sign_ins[0]).toEqual({ date: '2026-01-01', succeeded: 0, failed: 0 });
    expect(body.by_date[0]).toEqual({ date: '2026-01-01', created: 0, approved: 0, conversion_rate: null });
    expect(body).toMatchObject({ sends: [], by_provider: [], by_country: [], second_factors: [] });
    expect(body.verifications).toEqual({ created: 0, approved: 0, conversion_rate: null });
    const late = await company.admin.get('/api/company/statistics?from=2026-01-01T23:59:59%2B02:00&to=2026-01-02T00:00:00Z');
    expect([late.body.from, late.body.to]).toEqual(['2026-01-01', '2026-01-02']);
  });

  it('are for managers, of one company, and of no more than 92 days', async () => {
    const sender = await world.sender();
    await code(sender, null);
    const other = await world.sender();
    const { sends, verifications } = (await statistics(other)).body;
    expect([sends.filter(ofSms), verifications.created]).toEqual([[], 0]);
    const [manager, user] = [await sender.company.person('manager'), await sender.company.person('user')];
    expect((await manager.get('/api/company/statistics')).body.verifications.created).toBe(1);
    expect((await user.get('/api/company/statistics')).status).toBe(403);
    const asked = async (query: string) => {
      const { status, body } = await statistics(sender, query);
      return [status, body.code, body.errors?.[0]?.field];
    };
    expect(await asked('?from=2026-01-01&to=2026-04-02')).toEqual([200, undefined, undefined]);
    expect(await asked('?from=2026-01-01&to=2026-04-03')).toEqual([400, 'request.invalid', 'from']);
    expect(await asked('?from=2026-02-01&to=2026-01-01')).toEqual([400, 'request.invalid', 'to']);
    for (const bad of ['yesterday', '0000-01-01', '2026-13-01', '1969-12-31', '2026-01-01T00:00:00'])
      expect([bad, ...(await asked(`?from=${bad}`))]).toEqual([bad, 400, 'request.invalid', 'from']);
    for (const late of ['9999-12-31', '9999-12-30T23:00:00-02:00'])
      expect([late, ...(await asked(`?to=${late}`))]).toEqual([late, 400, 'request.invalid', 'to']);
    expect((await asked('?to=9999-12-30'))[0]).toBe(200);
  });

  it('say that it is too much, where the database cannot read it in time', async () => {
    const sender = await world.sender();
    const holder = await world.owner.connect();
    try {
      await holder.query('begin; lock table delivery in access exclusive mode');
      const { status, body } = await statistics(sender);
      expect([status, body.code]).toEqual([503, 'server.too_much']);
    } finally {
      await holder.query('rollback');
      holder.release();
    }
    expect((await statistics(sender)).status).toBe(200);
  });
});

describe('The list of verifications', () => {
  it('finds them by state, channel, reference, time and whole recipient', async () => {
    const sender = await world.sender();
    const first = await code(sender, null, { reference: 'order 1' });
    const second = await code(sender, null, { reference: 'order 2' });
    await sender.checks(second.id, '481624');
    await sender.company.sql(`update verification set expires_at = now() - interval '1 second' where id = $1`, [first.id]);
    const found = async (query: string) => {
      const { status, body } = await sender.call('GET', `/api/verifications?${query}`);
      expect([query, status]).toEqual([query, 200]);
      return body.data.map(({ id }: { id: string }) => id);
    };
    const [from, national] = [encodeURIComponent(first.to), first.to.slice(3)];
    expect(await found('')).toEqual([second.id, first.id]);
    expect(await found('status=approved')).toEqual([second.id]);
    expect(await found('status=expired')).toEqual([first.id]);
    expect(await found('status=pending')).toEqual([]);
    expect(await found('channel=sms')).toHaveLength(2);
    expect(await found('channel=email')).toEqual([]);
    expect(await found('reference=order 1')).toEqual([first.id]);
    expect(await found('reference=order')).toEqual([]);
    expect(await found(`recipient=${from}`)).toEqual([first.id]);
    expect(await found(`recipient=${national}`)).toEqual([first.id]);
    expect(await found(`recipient=${from}&status=approved`)).toEqual([]);
    expect(await found('recipient=nobody@acme.test')).toEqual([]);
    expect(await found('to=2026-01-01T00:00:00Z')).toEqual([]);
    expect(await found('from=2026-01-01T00:00:00Z')).toHaveLength(2);
    const [item] = (await sender.call('GET', `/api/verifications?recipient=${from}`)).body.data;
    expect(item).toEqual((await sender.call('GET', `/api/verifications/${first.id}`)).body);
    expect(JSON.stringify(item)).not.toContain(first.to.slice(-6));
  });

  it('pages by a cursor that nothing made meanwhile moves', async () => {
    const sender = await world.sender();
    const ids: string[] = [];
    for (let at = 0; at < 5; at++) ids.unshift((await sender.sends({ to: newNumber(), channel: 'sms' })).body.id);
    const seen: string[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const { body } = await sender.call('GET', `/api/verifications?limit=2${cursor && `&cursor=${cursor}`}`);
      seen.push(...body.data.map(({ id }: { id: string }) => id));
      cursor = body.next_cursor;
      await sender.sends({ to: newNumber(), channel: 'sms' });
    }
    expect(seen).toEqual(ids);
  });

  it('is for managers and keys that may read, and shows no other company anything', async () => {
    const sender = await world.sender();
    const { to } = await code(sender, null);
    const other = await world.sender();
    expect((await other.call('GET', '/api/verifications')).body).toEqual({ data: [], next_cursor: null });
    expect((await other.call('GET', `/api/verifications?recipient=${encodeURIComponent(to)}`)).body.data).toEqual([]);
    const [manager, user] = [await sender.company.person('manager'), await sender.company.person('user')];
    expect((await manager.get('/api/verifications')).body.data).toHaveLength(1);
    expect((await user.get('/api/verifications')).status).toBe(403);
    const { key } = await sender.company.apiKey(['verifications:send']);
    expect((await world.call('GET', '/api/verifications', { token: key })).status).toBe(403);
    const { next_cursor } = (await manager.get('/api/verifications?limit=1')).body;
    expect(next_cursor).toBeNull();
    for (const bad of [
      'status=over',
      'channel=fax',
      'limit=0',
      'limit=101',
      'cursor=abc',
      'from=now',
      'recipient=abc',
      'recipient=%2B34612',
    ])
      expect([bad, (await manager.get(`/api/verifications?${bad}`)).status]).toEqual([bad, 400]);
  });
});

describe('The list of messages', () => {
  it('finds those that are no codes, by the whole recipient too', async () => {
    const sender = await world.sender();
    await code(sender, null);
    // The same mask, and another number.
    const [one, twin] = ['+34612000123', '+34613000123'];
    const send = async (recipient: string, reference: string) =>
      (await sender.call('POST', '/api/messages', { channel: 'sms', recipient, message: 'The lift works again.', reference })).body.id;
    const [first, second] = [await send(one, 'a'), await send(twin, 'b')];
    const found = async (query: string) =>
      (await sender.call('GET', `/api/messages?${query}`)).body.data.map(({ id }: { id: string }) => id);
    expect(await found('channel=sms')).toEqual([second, first]);
    // The mail that asks the administrator to confirm their address.
    expect(await found('')).toHaveLength(3);
    expect(await found('reference=a')).toEqual([first]);
    expect(await found(`recipient=${encodeURIComponent(one)}`)).toEqual([first]);
    expect(await found(`recipient=${encodeURIComponent(one)}&limit=1`)).toEqual([first]);
    await eventually(async () => (await found('status=accepted')).length === 2);
    const page = (await sender.call('GET', '/api/messages?channel=sms&limit=1')).body;
    expect(page.data[0]).toEqual((await sender.call('GET', `/api/messages/${second}`)).body);
    expect((await sender.call('GET', `/api/messages?channel=sms&limit=1&cursor=${page.next_cursor}`)).body).toMatchObject({
      data: [{ id: first }],
      next_cursor: null,
    });
    expect((await (await world.sender()).call('GET', '/api/messages?channel=sms')).body.data).toEqual([]);
    expect((await sender.call('GET', '/api/messages?recipient=abc')).status).toBe(400);
  });
});

describe('The list of providers', () => {
  it('tells all that a form needs, and how a provider has done lately', async () => {
    const sender = await world.sender();
    await code(sender, null);
    const { data } = (await sender.company.admin.get('/api/company/channels')).body;
    const flaws = data.flatMap(({ provider, title, settings_schema, callback_url }: any) => [
      ...(title && callback_url.startsWith('https://') ? [] : [provider]),
      ...Object.entries<any>(settings_schema.properties)
        .filter(([, field]) => !field.title || !field.description)
        .map(([name]) => `${provider}.${name}`),
    ]);
    expect(flaws).toEqual([]);
    const vonage = data.find(({ provider }: any) => provider === 'vonage-sms');
    expect(vonage).toMatchObject({
      title: 'Vonage SMS',
      settings_schema: { properties: { api_key: { title: 'API key' }, api_secret: { writeOnly: true } } },
      configured: { secrets: ['api_secret', 'signature_secret'] },
      // Another process sends: this one knows no breaker.
      breaker: null,
      recent: { sent: 1, failed: 0, window_minutes: 10 },
    });
    const sns = data.find(({ provider }: any) => provider === 'aws-sns');
    expect(sns).toMatchObject({ configured: null, breaker: null, recent: null });
  });
});
