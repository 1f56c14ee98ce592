import { setTimeout as sleep } from 'node:timers/promises';
import { AzureCalls } from './simulators/azure-calls.js';
import { ACCESS_KEY } from './simulators/azure-resource.js';
import { AzureSms } from './simulators/azure-sms.js';
import { EventGrid } from './simulators/event-grid.js';
import type { Taken } from './simulators/scripted-vendor.js';
import { TelegramBotSimulator } from './simulators/telegram.js';
import { deliver, smsReceipt, type VonageCallback, withSig } from './simulators/vonage-callbacks.js';
import { codeTo, DeliveryWorld, eventually, newNumber, type Sender } from './support/delivery-world.js';
import { Front } from './support/front.js';
import { ownApi } from './support/own-process.js';
import { Proxy } from './support/proxy.js';

const statusOf = async (sender: Sender, id: string) =>
  (
    await sender.company.sql<{ status: string }>(
      'select status from delivery where verification_id = $1 order by created_at desc limit 1',
      [id],
    )
  )[0]?.status;
const stands = (sender: Sender, id: string, status: string) => eventually(async () => (await statusOf(sender, id)) === status);

/** All that stands in the database. */
async function contents(world: DeliveryWorld): Promise<Record<string, string>> {
  const { rows } = await world.superuser.query<{ name: string }>(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname in ('public', 'directory', 'system', 'private')`,
  );
  const tables: Record<string, string> = {};
  for (const { name } of rows)
    tables[name] = (
      await world.superuser.query(`select coalesce(string_agg(t::text, E'\n' order by t::text), '') as all from ${name} t`)
    ).rows[0].all;
  return tables;
}

describe('What vendors tell us of a message', () => {
  let world: DeliveryWorld;
  let azure: AzureSms;
  let bot: TelegramBotSimulator;
  beforeAll(async () => {
    azure = await AzureSms.start();
    bot = await TelegramBotSimulator.start();
    world = await DeliveryWorld.start({ endpoints: { 'azure-sms': azure.url, 'telegram-bot': bot.url } });
  }, 180_000);
  afterAll(async () => {
    await world.stop();
    await Promise.all([azure.stop(), bot.stop()]);
  });
  afterEach(() => {
    const violations = [...world.vonage.violations, ...azure.violations, ...bot.violations];
    if (violations.length > 0) throw new Error(`A vendor complains: ${violations.join('; ')}`);
  });

  async function accepted(sender: Sender, vendor: { accepted: readonly Taken[] } = world.vonage) {
    const to = newNumber();
    const { body } = await sender.sends({ to, channel: 'sms' });
    await stands(sender, body.id, 'accepted');
    return { id: body.id as string, to, message: vendor.accepted.find((one) => one.to.endsWith(to.slice(-9)))! };
  }
  const address = async (sender: Sender, provider: string, at = 0) => {
    const { callback_url } = (await sender.company.admin.get(`/api/company/channels/${provider}`)).body;
    return world.stack.urls[at]! + new URL(callback_url).pathname;
  };
  const tell = async (sender: Sender, callback: VonageCallback, at = 0) =>
    (await deliver(await address(sender, 'vonage-sms', at), callback)).status;
  const signed = (message: Taken, status: string, options: Parameters<typeof smsReceipt>[2] = {}) =>
    withSig(smsReceipt(message, status, options), world.vonage.signatureSecret);
  const told = async (sender: Sender, id: string) => (await sender.timeline(id)).filter(({ kind }) => kind === 'receipt');

  it('counts once, however often and through whichever process it comes', async () => {
    const sender = await world.sender();
    const { id, message } = await accepted(sender);
    const answers = await Promise.all([0, 1, 0, 1, 0, 1].map((at) => tell(sender, signed(message, 'delivered', { at: new Date(0) }), at)));
    expect(answers).toEqual([200, 200, 200, 200, 200, 200]);
    expect(await statusOf(sender, id)).toBe('delivered');
    expect(await told(sender, id)).toHaveLength(1);
  });

  it('is understood in any order: what arrived stays arrived', async () => {
    const sender = await world.sender();
    const { id, message } = await accepted(sender);
    for (const [at, status] of ['delivered', 'accepted', 'buffered', 'failed', 'expired'].entries())
      expect(await tell(sender, signed(message, status), at % 2)).toBe(200);
    expect(await statusOf(sender, id)).toBe('delivered');
    expect(await told(sender, id)).toHaveLength(5);
  });

  it('changes its mind from failed to delivered, late', async () => {
    const sender = await world.sender();
    const { id, message } = await accepted(sender);
    expect(await tell(sender, signed(message, 'failed'))).toBe(200);
    await stands(sender, id, 'failed');
    expect(await tell(sender, signed(message, 'delivered'), 1)).toBe(200);
    expect(await statusOf(sender, id)).toBe('delivered');
  });

  it.each(['with our own reference', 'by its own name alone'])('is understood %s before the vendor has even answered us', async (how) => {
    const sender = await world.sender();
    const to = newNumber();
    let answers = () => {};
    world.vonage.held = new Promise<void>((resolve) => (answers = resolve));
    try {
      const { body } = await sender.sends({ to, channel: 'sms' });
      const message = await eventually(() => world.vonage.accepted.find((one) => one.to.endsWith(to.slice(-9))));
      const known = how === 'by its own name alone' ? { ...message, reference: undefined } : message;
      expect(await tell(sender, signed(known, 'delivered'), 1)).toBe(200);
      answers();
      await stands(sender, body.id, 'delivered');
      await eventually(async () => (await sender.timeline(body.id)).some(({ outcome }) => outcome === 'accepted'));
      expect(await statusOf(sender, body.id)).toBe('delivered');
    } finally {
      answers();
      world.vonage.held = undefined;
    }
  });

  it('is understood when it comes by its own name at the moment in which we write that name down', async () => {
    const sender = await world.sender();
    const to = newNumber();
    let answers = () => {};
    world.vonage.held = new Promise<void>((resolve) => (answers = resolve));
    try {
      const { body } = await sender.sends({ to, channel: 'sms' });
      const message = await eventually(() => world.vonage.accepted.find((one) => one.to.endsWith(to.slice(-9))));
      const lock = {
        text: 'select pg_advisory_xact_lock(hashtextextended($1::text || $2, 0))',
        values: [sender.company.id, message.id],
      };
      const written = async () => {
        answers();
        await eventually(async () => (await sender.timeline(body.id)).some(({ outcome }) => outcome === 'accepted'));
        return 0;
      };
      const [status] = await world.gate(sender.company.id, lock, [
        () => tell(sender, signed({ ...message, reference: undefined }, 'delivered'), 1),
        written,
      ]);
      expect(status).toBe(200);
      await stands(sender, body.id, 'delivered');
    } finally {
      answers();
      world.vonage.held = undefined;
    }
  });

  it('changes nothing when it is forged, altered, old, of another company, or sent to an address that we never gave', async () => {
    const [sender, stranger] = [await world.sender(), await world.sender()];
    await sender.has('azure-sms', { ...azureSettings, event_grid_key: 'a-key-that-event-grid-shows' }, { priority: 900 });
    await sender.has('telegram-bot', { bot_token: bot.token, bot_username: bot.username });
    const { message } = await accepted(sender);
    const good = signed(message, 'delivered');
    const old = withSig(smsReceipt(message, 'delivered'), world.vonage.signatureSecret, { at: new Date(Date.now() - 3_600_000) });
    const theirs = (await address(stranger, 'vonage-sms')).split('/').at(-1)!;
    const own = (await address(sender, 'vonage-sms')).split('/').at(-1)!;
    const at = (token: string, provider = 'vonage-sms') => `${world.stack.urls[1]}/api/callbacks/${provider}/${token}`;
    await sleep(1_500); // the sealer's turn
    const before = await contents(world);
    const answers = [
      await tell(sender, withSig(smsReceipt(message, 'delivered'), 'another secret that is long')),
      await tell(sender, { ...good, body: good.body.replace('delivered', 'failed') }),
      await tell(sender, { ...good, body: 'not even JSON' }),
      await tell(sender, old),
      await tell(sender, { method: 'POST', headers: {}, query: {}, body: '' }),
      (await deliver(at(`${theirs.slice(0, 22)}${own.slice(22)}`), good)).status,
      (await deliver(at('x'), good)).status,
      (await deliver(at(own, 'aws-sns'), good)).status,
      (await deliver(at(own, 'nobody'), good)).status,
      (
        await fetch(await address(sender, 'azure-sms'), {
          method: 'POST',
          body: JSON.stringify([{ id: '1', eventType: 'x', eventTime: new Date() }]),
        })
      ).status,
      await bot.deliver({ ...bot.update(bot.says(77, '/start token'), { secret: 'wrong' }), url: await address(sender, 'telegram-bot') }),
    ];
    expect(answers).toEqual(answers.map(() => 401));
    // The other company's own address: proven by its own secret, and about a message that it never sent.
    await deliver(await address(stranger, 'vonage-sms'), { ...good, body: good.body });
    const after = await contents(world);
    const strangers = after['public.delivery_receipt']!.split('\n').filter((row) => !row.includes(sender.company.id));
    expect(strangers.filter((row) => row.includes(message.id) && !row.includes(stranger.company.id))).toEqual([]);
    for (const [table, rows] of Object.entries(before)) if (table !== 'public.delivery_receipt') expect(after[table], table).toBe(rows);
  });

  it.each(['EventGrid', 'CloudEvent'] as const)(
    'is taken in the schema of %s, from the handshake to a batch of hundreds',
    async (schema) => {
      const sender = await world.sender();
      const key = 'a-key-that-event-grid-shows';
      await sender.has('azure-sms', { ...azureSettings, event_grid_key: key }, { priority: 10 });
      const grid = new EventGrid(await address(sender, 'azure-sms', 1), schema, { 'x-watchword-key': key });
      await grid.subscribe();
      const { id, to, message } = await accepted(sender, azure);
      const report = (tag: string | undefined, deliveryStatus = 'Delivered') =>
        grid.prepare({ messageId: message.id, to, tag, deliveryStatus });
      // Hundreds of reports of other messages in one request, above what any other route takes.
      const others = Array.from({ length: 300 }, () => report(crypto.randomUUID()));
      expect(JSON.stringify(others).length).toBeGreaterThan(64 * 1024);
      await grid.deliver(...others, report(message.reference));
      expect(await statusOf(sender, id)).toBe('delivered');
      expect(await told(sender, id)).toHaveLength(1);
      await expect(
        new EventGrid(await address(sender, 'azure-sms'), schema).deliver(report(message.reference, 'Failed')),
      ).rejects.toThrow();
    },
  );

  it('is a handshake with CloudEvents even where browsers of other origins are let in', async () => {
    const sender = await world.sender();
    await sender.has('azure-sms', azureSettings, { priority: 10 });
    const api = await ownApi({ ...world.stack.env, CORS_ORIGINS: 'https://app.example.test' });
    try {
      await new EventGrid(api.url + new URL(await address(sender, 'azure-sms')).pathname, 'CloudEvent').subscribe();
      const preflight = await fetch(`${api.url}/api/auth/login`, {
        method: 'OPTIONS',
        headers: { origin: 'https://app.example.test', 'access-control-request-method': 'POST' },
      });
      expect(preflight.headers.get('access-control-allow-origin')).toBe('https://app.example.test');
    } finally {
      await api.stop();
    }
  });

  it('is taken from a bot that shows its secret', async () => {
    const sender = await world.sender();
    await sender.has('telegram-bot', { bot_token: bot.token, bot_username: bot.username });
    expect(new URL(bot.webhook!.url).pathname).toBe(new URL(await address(sender, 'telegram-bot')).pathname);
    const url = await address(sender, 'telegram-bot', 1);
    expect(await bot.deliver({ ...bot.update(bot.says(770_001, '/start abc')), url })).toBe(200);
    expect(await bot.deliver({ ...bot.update(bot.says(770_001, 'hello')), url })).toBe(200);
    expect(await bot.deliver({ ...bot.update(bot.blocks(770_001)), url })).toBe(200);
  });

  it('is asked for again (503) while our database is away, and then counts', async () => {
    const sender = await world.sender();
    const { id, message } = await accepted(sender);
    const proxy = await Proxy.before(world.stack.env.DATABASE_URL!);
    const api = await ownApi({ ...world.stack.env, DATABASE_URL: proxy.url });
    try {
      const url = api.url + new URL(await address(sender, 'vonage-sms')).pathname;
      const ask = async (status = 'delivered') => (await deliver(url, signed(message, status))).status;
      expect(await ask('accepted')).toBe(200);
      proxy.turns('refuse');
      expect([await ask(), await ask()]).toEqual([503, 503]);
      proxy.turns('clear');
      await eventually(async () => (await ask('buffered')) === 200);
      proxy.turns('black-hole');
      expect(await ask()).toBe(503);
      expect(await statusOf(sender, id)).toBe('accepted');
      proxy.turns('refuse'); // the dead connections go
      proxy.turns('clear');
      await eventually(async () => (await ask()) === 200);
      expect(await statusOf(sender, id)).toBe('delivered');
    } finally {
      await api.stop();
      await proxy.stop();
    }
  }, 60_000);
});

describe('A code that is spoken', () => {
  let world: DeliveryWorld;
  let calls: AzureCalls;
  let front: Front;
  beforeAll(async () => {
    front = await Front.start();
    // Every event twice, at once, to both processes.
    calls = await AzureCalls.start({ autopilot: { lag: () => 30, copies: 2 } });
    world = await DeliveryWorld.start({ endpoints: { 'azure-voice': calls.url }, settings: { PUBLIC_URL: front.url } });
    front.leadsTo(world.stack.urls);
  }, 180_000);
  afterAll(async () => {
    await world.stop();
    await Promise.all([calls.stop(), front.stop()]);
  });

  async function caller() {
    const sender = await world.sender();
    await sender.has('azure-voice', {
      endpoint: 'https://acme.communication.azure.com',
      access_key: ACCESS_KEY,
      from: '+34910000000',
      resource_id: calls.resourceId,
      cognitive_services_endpoint: 'https://acme.cognitiveservices.azure.com',
    });
    return sender;
  }
  const called = async (sender: Sender, phone: Parameters<AzureCalls['phone']>[1], body: object = {}) => {
    const to = newNumber();
    calls.phone(to, phone);
    const { status, body: made } = await sender.sends({ to, channel: 'voice', ...body });
    expect(status, JSON.stringify(made)).toBe(201);
    const call = await eventually(() => calls.calls.find((one) => one.to === to));
    return { id: made.id as string, to, call };
  };

  it('rings, speaks once and hangs up, told by signed events through both processes', async () => {
    const sender = await caller();
    const { id, call } = await called(sender, 'answers', { code: '918273' });
    await stands(sender, id, 'delivered');
    await eventually(() => call.state === 'disconnected');
    expect(call.spoken).toHaveLength(1);
    expect(call.spoken[0]!.replaceAll(/<[^>]*>|[^\d]/g, '')).toContain('918273');
    expect(calls.violations).toEqual([]);
    expect(await sender.kinds(id)).toEqual(expect.arrayContaining(['attempt', 'receipt']));
    expect(calls.callbackStatuses.filter((status) => status !== 200)).toEqual([]);
  });

  it.each(['busy', 'no_answer', 'declined', 'hangs_up'] as const)('that nobody hears (%s) is told so', async (phone) => {
    const sender = await caller();
    const { id } = await called(sender, phone);
    await stands(sender, id, 'failed');
    const receipts = (await sender.timeline(id)).filter(({ kind, outcome }) => kind === 'receipt' && outcome === 'failed');
    const reasons = { busy: 'busy', no_answer: 'no_answer', declined: 'declined', hangs_up: 'disconnected' };
    expect(receipts.map(({ reason }) => reason)).toEqual([reasons[phone]]);
  });

  it('goes on by the next way when the line is busy', async () => {
    const sender = await caller();
    const to = newNumber();
    calls.phone(to, 'busy');
    const workflow = [
      { channel: 'voice', to },
      { channel: 'sms', to, provider: 'aws-sns' },
    ];
    await sender.has('aws-sns', {
      access_key_id: world.sns.accessKeyId,
      secret_access_key: world.sns.secretAccessKey,
      region: 'eu-west-1',
    });
    await sender.sends({ workflow, channel_timeout: 300 });
    expect(await codeTo(world.sns.accepted, to)).toMatch(/^\d{6}$/);
  });

  it('is not spoken to whoever picks up after it was called off', async () => {
    const sender = await caller();
    calls.slow(700);
    const { id, call } = await called(sender, 'answers');
    expect((await sender.call('DELETE', `/api/verifications/${id}`)).status).toBe(200);
    await eventually(() => call.state === 'disconnected');
    expect(call.spoken).toEqual([]);
  });
});

const azureSettings = { endpoint: 'https://acme.communication.azure.com', access_key: ACCESS_KEY, from: 'Acme' };
