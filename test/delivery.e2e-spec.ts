import { setTimeout as sleep } from 'node:timers/promises';
import type { Taken } from './simulators/scripted-vendor.js';
import { AzureSms } from './simulators/azure-sms.js';
import { ACCESS_KEY } from './simulators/azure-resource.js';
import { SmtpSimulator } from './simulators/smtp.js';
import { deliver, smsReceipt, withSig } from './simulators/vonage-callbacks.js';
import { codeTo, DeliveryWorld, eventually, newNumber, type Sender, snsSettings, vonageSettings } from './support/delivery-world.js';
import { stopped } from './support/stack.js';

describe('A code on its way to a person', () => {
  let world: DeliveryWorld;
  let azure: AzureSms;
  let mail: SmtpSimulator;
  beforeAll(async () => {
    azure = await AzureSms.start();
    mail = await SmtpSimulator.start();
    world = await DeliveryWorld.start({ endpoints: { 'azure-sms': azure.url }, settings: { CONVERSION_RATE: '0' } });
  }, 180_000);
  afterAll(async () => {
    await world.stop();
    await Promise.all([azure.stop(), mail.stop()]);
  });
  afterEach(() => {
    for (const vendor of [world.vonage, world.sns, azure, mail]) vendor.script();
    const violations = [...world.vonage.violations, ...world.sns.violations, ...azure.violations, ...mail.violations];
    if (violations.length > 0) throw new Error(`A vendor complains: ${violations.join('; ')}`);
  });

  /** A company that texts over Vonage, and over SNS where that does not work. */
  async function withTwo(): Promise<Sender> {
    const sender = await world.sender();
    await sender.has('aws-sns', snsSettings(world.sns), { priority: 200 });
    return sender;
  }
  const sent = async (sender: Sender, body: object = {}) => {
    const to = newNumber();
    const { status, body: made } = await sender.sends({ to, channel: 'sms', ...body });
    expect(status, JSON.stringify(made)).toBe(201);
    return { to, id: made.id as string };
  };
  /** Some at once, as many as a slow machine keeps up with. */
  const many = async <T>(count: number, make: () => Promise<T>): Promise<T[]> => {
    const made: T[] = [];
    while (made.length < count) made.push(...(await Promise.all(Array.from({ length: 15 }, make))));
    return made;
  };
  const taken = (vendor: { accepted: readonly Taken[] }, to: string) =>
    vendor.accepted.filter((message) => message.to.endsWith(to.slice(-9)));
  const attempts = (sender: Sender, id: string) =>
    sender.company.sql<{ provider: string; outcome: string; reason: string; at: Date; ended: Date }>(
      `select a.provider, a.outcome, a.reason, a.created_at as at, a.ended_at as ended from delivery_attempt a
         join delivery d on d.id = a.delivery_id where d.verification_id = $1 order by a.created_at`,
      [id],
    );
  const deliveries = (sender: Sender, id: string) =>
    sender.company.sql<{ channel: string; status: string; reason: string | null }>(
      'select channel, status, reason from delivery where verification_id = $1 order by created_at',
      [id],
    );
  const stands = (sender: Sender, id: string, status: string) =>
    eventually(async () => (await deliveries(sender, id)).some((delivery) => delivery.status === status));

  it('is sent again when the vendor asks to wait, after that time and not before', async () => {
    const sender = await world.sender();
    world.vonage.answerNext({ status: 429, headers: { 'retry-after': '2' }, body: '{}' });
    const { to, id } = await sent(sender);
    await codeTo(world.vonage.accepted, to);
    await stands(sender, id, 'accepted');
    const [first, second] = await attempts(sender, id);
    expect([first!.outcome, first!.reason, second!.outcome]).toEqual(['retryable', 'throttled', 'accepted']);
    expect(second!.at.getTime() - first!.ended.getTime()).toBeGreaterThanOrEqual(2_000);
  });

  it('goes to no country that the company has shut out meanwhile', async () => {
    const sender = await world.sender();
    const to = newNumber();
    world.vonage.script('throttle');
    const { body } = await sender.sends({ channel: 'sms', to });
    await sender.company.admin.patch('/api/company', { policy: { allowed_countries: ['PT'] } });
    await eventually(async () => (await sender.kinds(body.id)).includes('undelivered'));
    expect((await sender.timeline(body.id)).find(({ kind }) => kind === 'undelivered')!.reason).toBe('country_not_allowed');
    expect(world.vonage.accepted.filter((message) => message.to === to.slice(1))).toEqual([]);
  });

  it('is sent again with growing pauses when the vendor does not say how long', async () => {
    const sender = await world.sender();
    world.vonage.script('throttle', 'throttle', 'throttle');
    const { to, id } = await sent(sender);
    await codeTo(world.vonage.accepted, to);
    await stands(sender, id, 'accepted');
    const tried = await attempts(sender, id);
    const pauses = tried.slice(1).map(({ at }, before) => at.getTime() - tried[before]!.ended.getTime());
    expect(pauses).toHaveLength(3);
    [375, 750, 1_500].forEach((least, at) => expect(pauses[at]).toBeGreaterThanOrEqual(least));
  });

  it('is given up at once when the vendor asks to wait for longer than the code lives', async () => {
    const sender = await world.sender();
    world.vonage.answerNext({ status: 429, headers: { 'retry-after': '120' }, body: '{}' });
    const { to, id } = await sent(sender, { expires_in: 60 });
    await stands(sender, id, 'failed');
    expect(await sender.kinds(id)).toContain('undelivered');
    expect(taken(world.vonage, to)).toEqual([]);
  });

  it('goes to another provider at once when the first asks to wait for long', async () => {
    const sender = await world.sender();
    await sender.has('azure-sms', azureSettings(), { priority: 10 });
    azure.script('throttle');
    const { to, id } = await sent(sender);
    await codeTo(world.vonage.accepted, to);
    await stands(sender, id, 'accepted');
    expect((await attempts(sender, id)).map(({ provider }) => provider)).toEqual(['azure-sms', 'vonage-sms']);
  });

  it('goes to the next provider by priority when one refuses it', async () => {
    const sender = await withTwo();
    await sender.has('azure-sms', azureSettings(), { priority: 10 });
    azure.script('refuse');
    world.vonage.script('refuse');
    const { to, id } = await sent(sender);
    await codeTo(world.sns.accepted, to);
    await stands(sender, id, 'accepted');
    expect((await attempts(sender, id)).map(({ provider, outcome }) => [provider, outcome])).toEqual([
      ['azure-sms', 'definite'],
      ['vonage-sms', 'definite'],
      ['aws-sns', 'accepted'],
    ]);
  });

  it("goes to the next provider when a company's settings do not work, and the operator reads so in the log", async () => {
    const sender = await withTwo();
    world.vonage.script('misconfigured');
    const { to, id } = await sent(sender);
    const code = await codeTo(world.sns.accepted, to);
    const line = await eventually(() => world.output.split('\n').find((one) => one.includes('provider settings do not work')));
    expect(JSON.parse(line)).toMatchObject({ level: 50, provider: 'vonage-sms', reason: 'credentials' });
    expect(line).not.toContain(code);
    expect(line).not.toContain(world.vonage.apiSecret);
    const told = (await sender.timeline(id)).find(({ kind, provider }) => kind === 'attempt_ended' && provider === 'vonage-sms');
    expect(told).toMatchObject({ outcome: 'configuration', reason: 'credentials' });
  });

  it('goes to the next provider when the receipt says that it did not arrive', async () => {
    const sender = await withTwo();
    const { to, id } = await sent(sender);
    const code = await codeTo(world.vonage.accepted, to);
    await stands(sender, id, 'accepted');
    expect(await receipt(sender, taken(world.vonage, to)[0]!, 'failed')).toBe(200);
    expect(await codeTo(world.sns.accepted, to)).toBe(code);
    await stands(sender, id, 'accepted');
    expect(taken(world.vonage, to)).toHaveLength(1);
  });

  it.each(['reset', 'hang'] as const)(
    'of which nobody knows (%s) waits for its receipt, then goes by another provider, the same',
    async (behaviour) => {
      const sender = await withTwo();
      world.vonage.script(behaviour);
      const { to, id } = await sent(sender);
      const code = await codeTo(world.sns.accepted, to);
      await stands(sender, id, 'accepted');
      const [first, second] = await attempts(sender, id);
      expect([first!.provider, first!.outcome, second!.provider, second!.outcome]).toEqual([
        'vonage-sms',
        'ambiguous',
        'aws-sns',
        'accepted',
      ]);
      expect(second!.at.getTime() - first!.ended.getTime()).toBeGreaterThanOrEqual(1_000);
      if (behaviour === 'reset') expect(/\d{6}/.exec(taken(world.vonage, to)[0]!.text)![0]).toBe(code);
      expect((await sender.checks(id, code)).body).toMatchObject({ valid: true });
    },
  );

  it('of which nobody knows, and that no other can send, is sent once more and not soon; then it is said that nobody knows', async () => {
    const sender = await world.sender();
    await sender.has('aws-sns', snsSettings(world.sns));
    await sender.company.admin.delete('/api/company/channels/vonage-sms');
    world.sns.script('reset', 'reset', 'reset', 'reset');
    const { to, id } = await sent(sender);
    await eventually(async () => (await deliveries(sender, id))[0]!.reason === 'outcome_unknown', 30_000);
    expect(taken(world.sns, to)).toHaveLength(2);
    const [first, second] = await attempts(sender, id);
    expect(second!.at.getTime() - first!.ended.getTime()).toBeGreaterThanOrEqual(1_000);
    expect(await deliveries(sender, id)).toEqual([{ channel: 'sms', status: 'unknown', reason: 'outcome_unknown' }]);
    expect((await sender.timeline(id)).at(-1)).toMatchObject({ kind: 'undelivered', reason: 'outcome_unknown' });
    const code = await codeTo(world.sns.accepted, to);
    expect((await sender.checks(id, code)).body).toMatchObject({ valid: true });
    expect((await sender.checks(id, code)).body).toMatchObject({ valid: false, status: 'approved' });
    expect((await sender.timeline(id)).at(-1)).toMatchObject({ kind: 'check_refused', reason: 'approved' });
  });

  it('of which nobody knows is not sent twice when its receipt comes in time', async () => {
    const sender = await withTwo();
    world.vonage.script('reset');
    const { to, id } = await sent(sender);
    await stands(sender, id, 'unknown');
    expect(await receipt(sender, taken(world.vonage, to)[0]!, 'delivered')).toBe(200);
    await stands(sender, id, 'delivered');
    await sleep(1_500);
    expect(taken(world.vonage, to)).toHaveLength(1);
    expect(taken(world.sns, to)).toEqual([]);
    expect((await attempts(sender, id)).length).toBe(1);
  });

  it('takes the next way when no receipt comes, with the same code', async () => {
    const sender = await world.sender();
    await sender.has('smtp', smtpSettings(mail));
    const to = newNumber();
    const address = `ada${to.slice(-7)}@example.test`;
    const workflow = [
      { channel: 'sms', to },
      { channel: 'email', to: address },
    ];
    const { body } = await sender.sends({ workflow, channel_timeout: 10 });
    const code = await codeTo(world.vonage.accepted, to);
    const letter = await eventually(() => mail.accepted.find((one) => one.to === address), 15_000);
    expect(letter.text).toContain(code);
    const told = (await sender.timeline(body.id)).filter(({ kind }) => kind === 'sent');
    expect(told.map(({ channel, reason }) => [channel, reason])).toEqual([
      ['sms', 'created'],
      ['email', 'no_receipt_by_sms'],
    ]);
  });

  it('takes no further way once a receipt says that it arrived', async () => {
    const sender = await world.sender();
    await sender.has('smtp', smtpSettings(mail));
    const to = newNumber();
    const workflow = [
      { channel: 'sms', to },
      { channel: 'email', to: `ben${to.slice(-7)}@example.test` },
    ];
    const { body } = await sender.sends({ workflow, channel_timeout: 10 });
    await codeTo(world.vonage.accepted, to);
    await receipt(sender, taken(world.vonage, to)[0]!, 'delivered');
    await stands(sender, body.id, 'delivered');
    // As if the time had come.
    await sender.company.sql('update verification set escalate_at = now() where id = $1', [body.id]);
    await world.superuser.query('update directory.due set due_at = now() where id = $1', [body.id]);
    await sleep(1_000);
    expect((await deliveries(sender, body.id)).map(({ channel }) => channel)).toEqual(['sms']);
  });

  it('takes the next way at once when every provider of one refuses', async () => {
    const sender = await withTwo();
    await sender.has('smtp', smtpSettings(mail));
    world.vonage.script('refuse');
    world.sns.script('refuse');
    const to = newNumber();
    const address = `eve${to.slice(-7)}@example.test`;
    const workflow = [
      { channel: 'sms', to },
      { channel: 'email', to: address },
    ];
    const asked = Date.now();
    const { body } = await sender.sends({ workflow, channel_timeout: 300 });
    await eventually(() => mail.accepted.find((one) => one.to === address));
    expect(Date.now() - asked).toBeLessThan(5_000);
    expect(await sender.kinds(body.id)).toEqual(expect.arrayContaining(['undelivered']));
    expect((await sender.timeline(body.id)).filter(({ kind }) => kind === 'sent').at(-1)).toMatchObject({ reason: 'failed_by_sms' });
  });

  it('is not sent when it expired, came back or was called off while no worker ran', async () => {
    const sender = await withTwo();
    for (const worker of world.workers) await stopped(worker);
    const expired = await sent(sender, { expires_in: 30 });
    const canceled = await sent(sender);
    const approved = await sent(sender, { code: '135790' });
    const alive = await sent(sender);
    // As if half a minute had gone by.
    await sender.company.sql(`update verification set expires_at = now() - interval '1 second' where id = $1`, [expired.id]);
    await sender.company.sql(`update delivery set expires_at = now() - interval '1 second' where verification_id = $1`, [expired.id]);
    expect((await sender.call('DELETE', `/api/verifications/${canceled.id}`)).status).toBe(200);
    expect((await sender.checks(approved.id, '135790')).body.valid).toBe(true);
    world.startWorker();
    await codeTo(world.vonage.accepted, alive.to);
    await stands(sender, expired.id, 'expired');
    await sleep(500);
    for (const { to } of [expired, canceled, approved]) expect([...taken(world.vonage, to), ...taken(world.sns, to)]).toEqual([]);
    expect(
      (await world.superuser.query('select from directory.due where tenant_id = $1 and kind = $2', [sender.company.id, 'sms'])).rowCount,
    ).toBe(0);
  });

  it('is not sent again when it came back while a vendor was being waited for', async () => {
    const sender = await withTwo();
    world.vonage.script('hang');
    const { to, id } = await sent(sender, { code: '246802' });
    await stands(sender, id, 'sending');
    expect((await sender.checks(id, '246802')).body.valid).toBe(true);
    await stands(sender, id, 'canceled');
    expect([...taken(world.vonage, to), ...taken(world.sns, to)]).toEqual([]);
  });

  it('is written down by a worker that is told to stop while the vendor answers', async () => {
    const sender = await world.sender();
    world.vonage.script('hang');
    const { id } = await sent(sender);
    await stands(sender, id, 'sending');
    await Promise.all(world.workers.map((worker) => stopped(worker)));
    expect((await attempts(sender, id)).map(({ outcome, reason }) => [outcome, reason])).toEqual([['ambiguous', 'timeout']]);
    world.startWorker();
    await stands(sender, id, 'accepted');
  });

  it('keeps to the rate of its provider over two workers: nothing lost, nothing twice', async () => {
    const sender = await world.sender();
    await sender.has('vonage-sms', vonageSettings(world.vonage), { rate_per_second: 30 });
    // All of them are due before anybody delivers: what comes slowly is held by nothing.
    for (const worker of world.workers) await stopped(worker);
    const numbers = (await many(120, () => sent(sender))).map(({ to }) => to);
    world.startWorker();
    const second = world.startWorker();
    try {
      await eventually(() => numbers.every((to) => taken(world.vonage, to).length > 0), 60_000);
      await sleep(500);
      expect(numbers.flatMap((to) => taken(world.vonage, to))).toHaveLength(120);
      const begun = (await sender.company.sql<{ at: Date }>('select created_at as at from delivery_attempt order by 1')).map(({ at }) =>
        at.getTime(),
      );
      expect(begun.at(-1)! - begun[0]!).toBeGreaterThanOrEqual(3_700);
      // A quarter of a second's worth more: workers look at intervals.
      expect(Math.max(...begun.map((from) => begun.filter((at) => at >= from && at < from + 1_000).length))).toBeLessThanOrEqual(38);
    } finally {
      await stopped(second);
    }
  }, 120_000);

  it('waits behind no vendor of another channel that hangs', async () => {
    const sender = await world.sender();
    await sender.has('smtp', smtpSettings(mail));
    world.vonage.script(...Array.from({ length: 500 }, () => 'hang' as const));
    const hanging = await many(60, () => sent(sender));
    const address = `quick-${Date.now()}@example.test`;
    await sender.sends({ to: address, channel: 'email' });
    await eventually(() => mail.accepted.find((one) => one.to === address));
    const stuck = await sender.company.sql(`select from delivery where channel = 'sms' and status in ('queued', 'sending', 'unknown')`);
    expect(stuck.length).toBe(60);
    for (const { id } of hanging) await sender.call('DELETE', `/api/verifications/${id}`);
  });

  it('takes another provider while one is down for its company and country, which the log tells', async () => {
    for (const worker of world.workers) await stopped(worker);
    const before = world.output.length;
    world.startWorker();
    const [both, other] = [await withTwo(), await withTwo()];
    world.vonage.script(...Array.from({ length: 200 }, () => 'error' as const));
    for (let at = 0; at < 5; at++) await sent(both);
    const opened = await eventually(
      () =>
        world.output
          .slice(before)
          .split('\n')
          .find((one) => one.includes('"is":"Open"')),
      60_000,
    );
    expect(JSON.parse(opened)).toMatchObject({ breaker: 'vonage-sms/ES', msg: 'a breaker changed' });
    // One that comes when it is time to try the vendor again goes there first.
    await eventually(async () => {
      const { to, id } = await sent(both);
      await codeTo(world.sns.accepted, to);
      await stands(both, id, 'accepted');
      return (await attempts(both, id)).every(({ provider }) => provider === 'aws-sns');
    }, 60_000);
    // What one company's breaker knows may be its own doing: nobody else's messages pay for it.
    const { id: others } = await sent(other);
    expect((await eventually(async () => (await attempts(other, others))[0])).provider).toBe('vonage-sms');

    // The vendor is well again: one call finds out.
    world.vonage.script();
    await eventually(async () => {
      const next = await sent(both);
      return (
        (await eventually(async () => (await attempts(both, next.id)).find(({ outcome }) => outcome === 'accepted'))).provider ===
        'vonage-sms'
      );
    }, 60_000);
    await eventually(() => world.output.slice(before).includes('"is":"Closed"'));
  }, 180_000);

  /** Vonage tells one of the two API processes, signed. */
  async function receipt(sender: Sender, message: Taken, status: string) {
    const { callback_url } = (await sender.company.admin.get('/api/company/channels/vonage-sms')).body;
    const url = world.stack.urls[1]! + new URL(callback_url).pathname;
    return (await deliver(url, withSig(smsReceipt(message, status), world.vonage.signatureSecret))).status;
  }
});

const azureSettings = () => ({ endpoint: 'https://acme.communication.azure.com', access_key: ACCESS_KEY, from: 'Acme' });
const smtpSettings = ({ url, user, password, ca }: SmtpSimulator) => ({
  host: new URL(url).hostname,
  port: Number(new URL(url).port),
  user,
  password,
  ca,
  from: 'codes@acme.test',
});
