import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { v7 as uuidv7 } from 'uuid';
import { codeTo, DeliveryWorld, eventually, newNumber } from './support/delivery-world.js';
import { moved, scrape } from './support/exposition.js';
import { ownApi } from './support/own-process.js';
import { freePort, ready, stopped } from './support/stack.js';
import { type Received, WebhookReceiver } from './support/webhook-receiver.js';
import type { Company } from './support/world.js';

const WEBHOOKS = '/api/company/webhooks';
const ALL = [
  'verification.approved',
  'verification.failed',
  'message.status',
  'user.created',
  'user.updated',
  'user.deactivated',
  'user.deleted',
  'session.opened',
  'session.revoked',
];

/** What docs/webhooks.md tells receivers to paste: here it verifies what they get. */
let isAuthentic: (headers: object, body: Buffer, secret: string, now?: number) => boolean;
let world: DeliveryWorld;
let receiver: WebhookReceiver;
const folder = mkdtempSync(join(tmpdir(), 'watchword-webhooks-'));

beforeAll(async () => {
  const [, snippet] = /^```js\n([\s\S]*?)^```$/m.exec(readFileSync('docs/webhooks.md', 'utf8'))!;
  const file = join(folder, 'snippet.mjs');
  writeFileSync(file, snippet!);
  ({ isAuthentic } = await import(pathToFileURL(file).href));
  receiver = await new WebhookReceiver().start();
  world = await DeliveryWorld.start({ settings: { WEBHOOK_SECONDS: '2' } });
}, 150_000);
afterAll(async () => {
  await world.stop();
  await receiver.stop();
  rmSync(folder, { recursive: true });
});

/** A company's endpoint, at a path of its own. */
class Endpoint {
  constructor(
    readonly company: Company,
    readonly id: string,
    readonly path: string,
    public secret: string,
  ) {}

  private route = (rest: string) => `${WEBHOOKS}/${this.id}${rest}`;
  get = () => this.company.admin.get(this.route(''));
  patch = (change: object) => this.company.admin.patch(this.route(''), change);
  post = (rest: string, at = 0) => this.company.admin.post(this.route(rest), {}, at);
  delete = () => this.company.admin.delete(this.route(''));
  deliveries = async (query = '') => (await this.company.admin.get(this.route(`/deliveries${query}`))).body.data as any[];
  delivery = async (id: string) => (await this.deliveries('?limit=100')).find((one) => one.id === id);
  received = () => receiver.at(this.path);
  bodies = () => this.received().map(({ body }) => JSON.parse(body.toString()));
  /** Sends the event that says nothing. Answers the delivery's id. */
  test = async (at = 0): Promise<string> => {
    const { status, body } = await this.post('/test', at);
    if (status !== 202) throw new Error(`test answered ${status}: ${JSON.stringify(body)}`);
    return body.id;
  };
  ends = (id: string, status: string) =>
    eventually(async () => {
      const delivery = await this.delivery(id);
      return delivery.status === status && delivery;
    });
  /** As if the pause before the next attempt were over. */
  hurries = () => world.superuser.query('update directory.webhook_due set due_at = now() where endpoint_id = $1', [this.id]);
}

let paths = 0;
async function endpoint(company?: Company, more: object = {}): Promise<Endpoint> {
  const owner = company ?? (await world.company());
  const path = `/hook-${paths++}`;
  const { status, body } = await owner.admin.post(WEBHOOKS, { url: receiver.url + path, event_types: ALL, ...more });
  expect(status, JSON.stringify(body)).toBe(201);
  return new Endpoint(owner, body.id, path, body.secret);
}
/** So many workers from here on, and none that ran before. */
async function works(...settings: Record<string, string>[]) {
  await Promise.all(world.workers.splice(0).map((worker) => stopped(worker)));
  for (const each of settings) world.startWorker(each);
}
const ids = (received: Received[]) => received.map(({ headers }) => headers['webhook-id'] as string);

describe('A webhook', () => {
  it('is told of what happened to verifications, people, sessions and messages, and of nobody’s code, address or number', async () => {
    const sender = await world.sender();
    const hook = await endpoint(sender.company);
    const { admin } = sender.company;
    const [to, message] = [newNumber(), newNumber()];
    const sends = async (more: object = {}) => (await sender.sends({ to: newNumber(), channel: 'sms', ...more })).body.id as string;

    const approved = (await sender.sends({ to, channel: 'sms', reference: 'order 7' })).body.id;
    const code = await codeTo(world.vonage.accepted, to);
    await sender.checks(approved, code);
    const canceled = await sends();
    await sender.call('DELETE', `/api/verifications/${canceled}`);
    const guessed = await sends({ code: 'QWERTY' });
    for (let guess = 0; guess < 5; guess++) await sender.checks(guessed, 'WRONG1');
    const expired = await sends();
    await sender.company.sql(`update verification set expires_at = now() where id = $1`, [expired]);
    await world.superuser.query('update directory.due set due_at = now() where id = $1', [expired]);
    const sent = (await sender.call('POST', '/api/messages', { channel: 'sms', recipient: message, message: 'The lift works again.' })).body
      .id;
    const person = await sender.company.person('user');
    const created = uuidv7();
    await sender.company.sql(`select app.audit_record($1, 'users.created', 'success', 'user', $2, null, $3, '{}', '{}')`, [
      world.signTenant(sender.company.id),
      admin.id,
      created,
    ]);
    const [session] = await sender.company.sql('select id from session where user_id = $1', [person.id]);
    await admin.put(`/api/users/${person.id}`, { full_name: 'Somebody Else' });
    await person.delete(`/api/auth/sessions/${session.id}`);
    await person.signsIn();
    await admin.post(`/api/users/${person.id}/deactivate`);
    await admin.delete(`/api/users/${person.id}`);

    const told = (type: string) =>
      hook
        .bodies()
        .filter((body) => body.type === type)
        .map(({ data }) => data);
    await eventually(
      () => told('user.deleted').length === 1 && told('verification.failed').length === 3 && told('message.status').length === 1,
    );
    const byAdmin = { actor_type: 'user', actor_id: admin.id };
    expect(told('verification.approved')).toEqual([{ id: approved, status: 'approved', channel: 'sms', reference: 'order 7' }]);
    expect(told('verification.failed')).toEqual(
      expect.arrayContaining([
        { id: canceled, status: 'canceled', channel: 'sms', reference: null },
        { id: guessed, status: 'max_attempts_reached', channel: 'sms', reference: null },
        { id: expired, status: 'expired', channel: 'sms', reference: null },
      ]),
    );
    expect(told('message.status')).toEqual([
      { id: sent, status: 'accepted', reason: null, channel: 'sms', recipient_masked: expect.stringContaining('•'), reference: null },
    ]);
    expect(told('user.created')).toEqual([{ id: created, ...byAdmin }]);
    expect(told('user.updated')).toEqual([{ id: person.id, changed: ['full_name'], ...byAdmin }]);
    expect(told('user.deactivated')).toEqual([{ id: person.id, ...byAdmin }]);
    expect(told('user.deleted')).toEqual([{ id: person.id, ...byAdmin }]);
    expect(told('session.opened').map(({ user_id, amr }) => [user_id, amr])).toEqual([
      [person.id, ['pwd']],
      [person.id, ['pwd']],
    ]);
    expect(told('session.revoked')).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ id: session.id, user_id: person.id, count: 1 }),
        { id: null, user_id: person.id, because: 'account_deactivated', count: 1 },
      ]),
    );

    const all = hook.received();
    expect(all.every(({ headers, body }) => isAuthentic(headers, body, hook.secret))).toBe(true);
    expect(new Set(ids(all)).size).toBe(all.length);
    for (const { headers, body } of all)
      expect([headers['content-type'], headers['webhook-id'], JSON.parse(body.toString()).company_id]).toEqual([
        'application/json',
        JSON.parse(body.toString()).id,
        sender.company.id,
      ]);
    const text = all.map(({ body }) => body.toString()).join('\n');
    const secrets = [code, 'QWERTY', to, to.slice(1), message.slice(1), person.email, admin.email, 'Somebody Else', 'lift', hook.secret];
    expect(secrets.filter((secret) => text.includes(secret))).toEqual([]);
  }, 60_000);

  it('is signed so that no other secret, body, id or time fits', async () => {
    const hook = await endpoint();
    await hook.ends(await hook.test(), 'delivered');
    const [{ headers, body }] = hook.received() as [Received];
    const fits = (change: object = {}, bytes = body, secret = hook.secret, now = Date.now()) =>
      isAuthentic({ ...headers, ...change }, bytes, secret, now);
    expect(fits()).toBe(true);
    expect(fits({ 'webhook-id': 'evt_another' })).toBe(false);
    expect(fits({ 'webhook-timestamp': String(Number(headers['webhook-timestamp']) + 1) })).toBe(false);
    expect(fits({ 'webhook-signature': `v2,${String(headers['webhook-signature']).slice(3)}` })).toBe(false);
    expect(fits({}, Buffer.from(`${body.toString()} `))).toBe(false);
    expect(fits({}, body, (await endpoint()).secret)).toBe(false);
    for (const minutes of [-6, 6]) expect(fits({}, body, hook.secret, Date.now() + minutes * 60_000)).toBe(false);
  });

  it('is told again after an answer of 500 and after none, with the same id and body, until it takes it', async () => {
    const hook = await endpoint();
    receiver.answers(hook.path, 500, 'hang', 204);
    const id = await hook.test();
    const first = await eventually(async () => {
      const delivery = await hook.delivery(id);
      return delivery.status === 'pending' && delivery.attempts === 1 && delivery;
    });
    expect(first).toMatchObject({ response_status: 500, reason: 'refused', ended_at: null, latency_ms: expect.any(Number) });
    const pause = Date.parse(first.next_attempt_at) - Date.parse(first.last_attempt_at);
    expect(pause).toBeGreaterThan(3_900);
    expect(pause).toBeLessThan(6_500);
    const second = await eventually(async () => {
      const delivery = await hook.delivery(id);
      return delivery.status === 'pending' && delivery.attempts === 2 && delivery;
    });
    expect(second).toMatchObject({ response_status: null, reason: 'timeout' });
    const later = Date.parse(second.next_attempt_at) - Date.parse(second.last_attempt_at);
    expect(later).toBeGreaterThan(239_000);
    expect(later).toBeLessThan(365_000);
    expect((await hook.get()).body.failing_since).toEqual(expect.any(String));
    await hook.hurries();
    expect(await hook.ends(id, 'delivered')).toMatchObject({ attempts: 3, response_status: 204, reason: null, next_attempt_at: null });
    expect((await hook.get()).body.failing_since).toBeNull();

    const all = hook.received();
    expect(all).toHaveLength(3);
    expect(new Set(ids(all)).size).toBe(1);
    expect(new Set(all.map(({ body }) => body.toString())).size).toBe(1);
    expect(all.every(({ headers, body }) => isAuthentic(headers, body, hook.secret))).toBe(true);
    expect(all[1]!.at - all[0]!.at).toBeGreaterThan(3_500);
  }, 40_000);

  it('is given up on after eight attempts, and can be replayed with the same id', async () => {
    const hook = await endpoint();
    receiver.answers(hook.path, 503);
    const id = await hook.test();
    await eventually(async () => {
      await hook.hurries();
      return (await hook.delivery(id)).status === 'failed';
    });
    expect(await hook.delivery(id)).toMatchObject({
      attempts: 8,
      response_status: 503,
      next_attempt_at: null,
      ended_at: expect.any(String),
    });
    await hook.hurries();
    await sleep(1_200);
    expect(hook.received()).toHaveLength(8);
    expect(await hook.deliveries('?status=failed')).toHaveLength(1);
    expect(await hook.deliveries('?status=delivered')).toEqual([]);

    receiver.answers(hook.path, 200);
    expect(await hook.post(`/deliveries/${id}/replay`)).toMatchObject({ status: 202, body: { id } });
    expect(await hook.ends(id, 'delivered')).toMatchObject({ attempts: 9 });
    expect((await hook.post(`/deliveries/${id}/replay`)).status, 'what was taken, too').toBe(202);
    await eventually(() => hook.received().length === 10);
    expect(new Set(ids(hook.received())).size).toBe(1);
    expect(hook.company.world).toBe(world);
    expect((await hook.company.actions()).filter((action) => action === 'company.webhook_replayed')).toHaveLength(2);
    expect((await hook.post(`/deliveries/${uuidv7()}/replay`)).body.code).toBe('webhooks.delivery_not_found');
  }, 40_000);

  it('that answers 410 is disabled, and the trail says so', async () => {
    const hook = await endpoint();
    receiver.answers(hook.path, 410);
    const id = await hook.test();
    expect(await hook.ends(id, 'failed')).toMatchObject({ attempts: 1, response_status: 410, reason: 'gone' });
    expect((await hook.get()).body).toMatchObject({ enabled: false, disabled_because: 'gone' });
    expect(await hook.company.actions()).toContain('company.webhook_disabled');
    await hook.company.person();
    await sleep(1_000);
    expect(hook.received(), 'it is told of nothing any more').toHaveLength(1);
    expect((await hook.post('/test')).body.code).toBe('webhooks.disabled');
    expect((await hook.post(`/deliveries/${id}/replay`)).body.code).toBe('webhooks.disabled');

    receiver.answers(hook.path, 200);
    expect((await hook.patch({ enabled: true })).body).toMatchObject({ enabled: true, disabled_because: null, failing_since: null });
    await hook.ends(await hook.test(), 'delivered');
  });

  it('that takes nothing for days is disabled, and what still waits is canceled', async () => {
    const hook = await endpoint();
    receiver.answers(hook.path, 500);
    const waiting = await hook.test();
    await eventually(async () => (await hook.delivery(waiting)).attempts === 1);
    await hook.company.sql(`update webhook_endpoint set failing_since = now() - interval '4 days 23 hours' where id = $1`, [hook.id]);
    await eventually(async () => (await hook.delivery(waiting)).attempts === 2);
    expect((await hook.get()).body.enabled).toBe(true);
    await hook.company.sql(`update webhook_endpoint set failing_since = now() - interval '5 days 1 minute' where id = $1`, [hook.id]);
    const last = await hook.test();
    await hook.ends(last, 'failed');
    expect((await hook.get()).body).toMatchObject({ enabled: false, disabled_because: 'failing' });
    await hook.hurries();
    expect(await hook.ends(waiting, 'canceled')).toMatchObject({ attempts: 2 });
    const [event] = await hook.company.sql(`select details from audit_event where action = 'company.webhook_disabled'`);
    expect(event.details).toMatchObject({ because: 'failing' });
  });

  it('is not followed to where it redirects', async () => {
    const hook = await endpoint();
    receiver.answers(hook.path, 'redirect');
    const id = await hook.test();
    await eventually(async () => (await hook.delivery(id)).reason === 'redirect');
    expect(await hook.delivery(id)).toMatchObject({ response_status: 307, status: 'pending' });
    expect(receiver.at('/elsewhere')).toEqual([]);
  });

  it('is removed for good: nothing more is told, and nothing of it is seen', async () => {
    const hook = await endpoint();
    expect((await hook.delete()).status).toBe(204);
    await hook.company.person();
    expect((await hook.get()).body.code).toBe('webhooks.not_found');
    expect((await hook.company.admin.get(WEBHOOKS)).body.data).toEqual([]);
    expect(await hook.company.sql('select secret, secret_before from webhook_endpoint')).toEqual([{ secret: '', secret_before: null }]);
    await sleep(1_000);
    expect(hook.received()).toEqual([]);
  });

  it('is told of what it asked for alone, and of its own company alone', async () => {
    const [mine, theirs] = [await endpoint(undefined, { event_types: ['user.updated'] }), await endpoint()];
    const twin = await endpoint(mine.company, { event_types: ['user.updated', 'session.opened'] });
    const person = await mine.company.person();
    await mine.company.admin.put(`/api/users/${person.id}/role`, { role: 'manager' });
    await eventually(() => mine.received().length === 1 && twin.received().length === 2);
    await sleep(1_000);
    expect(mine.bodies().map(({ type, data }) => [type, data.changed])).toEqual([['user.updated', ['role']]]);
    expect(ids(twin.received()), 'the same event has the same id').toContain(ids(mine.received())[0]);
    expect(isAuthentic(twin.received()[0]!.headers, twin.received()[0]!.body, mine.secret)).toBe(false);
    expect(theirs.received()).toEqual([]);
  });

  it('is told of nothing that did not come about', async () => {
    const hook = await endpoint();
    expect((await hook.company.admin.post(`/api/users/${hook.company.admin.id}/deactivate`)).status).toBe(409);
    expect((await hook.company.admin.put(`/api/users/${hook.company.admin.id}/role`, { role: 'user' })).status).toBe(409);
    await hook.ends(await hook.test(), 'delivered');
    expect(hook.bodies().map(({ type }) => type)).toEqual(['webhook.test']);
  });
});

describe('Its secret', () => {
  it('is shown once, and kept sealed: in no answer, log or row after that', async () => {
    const hook = await endpoint();
    expect(hook.secret).toMatch(/^whsec_[\w+/]{43}=$/);
    await hook.ends(await hook.test(), 'delivered');
    const rotated = (await hook.post('/rotate-secret')).body.secret as string;
    const answers = [
      await hook.get(),
      await hook.patch({ description: 'The shop' }),
      await hook.company.admin.get(WEBHOOKS),
      await hook.company.admin.get(`${WEBHOOKS}/${hook.id}/deliveries`),
      await hook.company.admin.get('/api/audit'),
    ];
    const rows = await hook.company.sql(`select e::text as row from webhook_endpoint e union all select d::text from webhook_delivery d`);
    const text = [...answers.map(({ body }) => JSON.stringify(body)), ...rows.map(({ row }) => row), world.output].join('\n');
    for (const secret of [hook.secret, rotated]) {
      const bytes = secret.slice('whsec_'.length);
      for (const form of [
        bytes,
        bytes.replaceAll('+', '-').replaceAll('/', '_').replace('=', ''),
        Buffer.from(bytes, 'base64').toString('hex'),
      ])
        expect(text.includes(form), form).toBe(false);
    }
    expect(text).not.toContain('whsec_');
  });

  it('is rotated with a day in which both sign', async () => {
    const hook = await endpoint();
    const { status, body } = await hook.post('/rotate-secret');
    expect([status, body.secret === hook.secret]).toEqual([200, false]);
    expect(Date.parse(body.previous_secret_until) - Date.now()).toBeGreaterThan(86_000_000);
    const newest = async () => {
      await hook.ends(await hook.test(), 'delivered');
      const { headers, body: bytes } = hook.received().at(-1)!;
      return {
        signatures: String(headers['webhook-signature']).split(' ').length,
        fits: [hook.secret, body.secret].map((secret) => isAuthentic(headers, bytes, secret)),
      };
    };
    expect(await newest()).toEqual({ signatures: 2, fits: [true, true] });
    await hook.company.sql(`update webhook_endpoint set secret_before_until = now() - interval '1 second'`);
    expect(await newest()).toEqual({ signatures: 1, fits: [false, true] });
    expect((await hook.get()).body.previous_secret_until).toBeNull();
  });
});

describe('An administrator', () => {
  it.each([
    ['no address', { url: 'nowhere' }, 'url'],
    ['another protocol', { url: 'ftp://hooks.acme.example/' }, 'url'],
    ['a password in the address', { url: 'https://ada:pass@hooks.acme.example/' }, 'url'],
    ['a fragment', { url: 'https://hooks.acme.example/#here' }, 'url'],
    ['an unknown event', { event_types: ['user.renamed'] }, 'event_types.0'],
    ['no event', { event_types: [] }, 'event_types'],
    ['an event twice', { event_types: ['user.created', 'user.created'] }, 'event_types'],
    ['a field that is not known', { secret: 'whsec_mine' }, 'secret'],
  ])('registers none with %s', async (_, change, field) => {
    const { admin } = await world.company();
    const { status, body } = await admin.post(WEBHOOKS, { url: 'https://hooks.acme.example/', event_types: ALL, ...change });
    expect([status, body.errors?.map((error: { field: string }) => error.field)]).toEqual([400, [field]]);
  });

  it('is the only one who may, and registers twenty, the last once however many ask', async () => {
    const company = await world.company();
    const manager = await company.person('manager');
    expect((await manager.get(WEBHOOKS)).status).toBe(403);
    const body = { url: 'https://hooks.acme.example/', event_types: ['user.deleted'] };
    expect((await manager.post(WEBHOOKS, body)).status).toBe(403);
    for (let count = 0; count < 19; count++) expect((await company.admin.post(WEBHOOKS, body)).status).toBe(201);
    const hold = { text: 'select from tenant where id = $1 for update', values: [company.id] };
    const answers = await world.gate(
      company.id,
      hold,
      [0, 1].map((at) => () => company.admin.post(WEBHOOKS, body, at)),
    );
    expect(answers.map(({ status }) => status).toSorted()).toEqual([201, 409]);
    expect(answers.find(({ status }) => status === 409)!.body.code).toBe('webhooks.too_many');
    const first = await company.admin.get(`${WEBHOOKS}?limit=15`);
    const second = await company.admin.get(`${WEBHOOKS}?limit=15&cursor=${first.body.next_cursor}`);
    expect(new Set([...first.body.data, ...second.body.data].map(({ id }) => id)).size).toBe(20);
  });
});

describe('Addresses inside our network', () => {
  it('are taken neither by the API nor, whatever a name meant before, by a worker', async () => {
    const strict = { ...world.stack.env, PRIVATE_DESTINATIONS: '' };
    const api = await ownApi(strict);
    const hook = await endpoint();
    await works();
    try {
      const port = new URL(receiver.url).port;
      for (const host of [
        '127.0.0.1',
        '127.1',
        '2130706433',
        '10.0.0.1',
        '169.254.169.254',
        '[::1]',
        '[::ffff:10.0.0.1]',
        'localhost',
        'a.localhost',
      ])
        for (const [method, path] of [
          ['POST', WEBHOOKS],
          ['PATCH', `${WEBHOOKS}/${hook.id}`],
        ] as const) {
          const response = await fetch(api.url + path, {
            method,
            headers: { authorization: `Bearer ${hook.company.admin.token}`, 'content-type': 'application/json' },
            body: JSON.stringify({ url: `http://${host}:${port}/inside`, event_types: ALL }),
          });
          const { errors } = (await response.json()) as { errors: object[] };
          expect([host, response.status, errors]).toEqual([host, 400, [{ field: 'url', message: 'must not lead into a private network' }]]);
        }
      await works({ PRIVATE_DESTINATIONS: '' });
      for (const host of ['127.0.0.1', 'localhost']) {
        await hook.company.sql('update webhook_endpoint set url = $1', [`http://${host}:${port}/inside`]);
        const id = await hook.test();
        await eventually(async () => (await hook.delivery(id)).reason === 'destination_not_allowed');
        expect(await hook.delivery(id)).toMatchObject({ response_status: null, status: 'pending' });
      }
      expect(receiver.at('/inside')).toEqual([]);
    } finally {
      await api.stop();
      await works({});
    }
  }, 60_000);

  it('nor is anything but https in production', async () => {
    const production = { NODE_ENV: 'production', PUBLIC_URL: 'https://auth.acme.test', RATE_LIMIT_SCALE: '1' };
    const api = await ownApi({ ...world.stack.env, ...production });
    const { admin } = await world.company();
    try {
      // PUBLIC_URL is the issuer of tokens: signed in there.
      const post = async (path: string, body: object, token?: string) => {
        const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) };
        const response = await fetch(api.url + path, { method: 'POST', headers, body: JSON.stringify(body) });
        return { status: response.status, body: (await response.json()) as any };
      };
      const { access_token } = (await post('/api/auth/login', { email: admin.email, password: 'correct horse battery 9' })).body;
      const hook = (url: string) => post(WEBHOOKS, { url, event_types: ALL }, access_token);
      expect((await hook('http://hooks.acme.example/')).body.errors).toEqual([{ field: 'url', message: 'must be an https address' }]);
      expect((await hook('https://hooks.acme.example/')).status).toBe(201);
    } finally {
      await api.stop();
    }
  });
});

describe('Workers', () => {
  it('send again what one of them sent when it was killed, with the same id', async () => {
    const hook = await endpoint();
    receiver.answers(hook.path, 'hang', 200);
    const id = await hook.test();
    await eventually(() => hook.received().length === 1);
    const [killed] = world.workers.splice(0);
    await stopped(killed!, 'SIGKILL');
    expect(await hook.delivery(id)).toMatchObject({ status: 'sending', attempts: 1 });
    expect((await hook.post(`/deliveries/${id}/replay`)).body.code).toBe('webhooks.under_way');
    world.startWorker();
    expect(await hook.ends(id, 'delivered')).toMatchObject({ attempts: 2 });
    expect(hook.received()).toHaveLength(2);
    expect(new Set(ids(hook.received())).size).toBe(1);
  }, 40_000);

  it('send each event once, two of them or more', async () => {
    await works({}, {}, {});
    const hooks = await Promise.all([endpoint(), endpoint(), endpoint()]);
    for (let round = 0; round < 40; round++) await Promise.all(hooks.map((hook, at) => hook.test(at + round)));
    for (const hook of hooks) await eventually(() => hook.received().length >= 40);
    await sleep(1_500);
    for (const hook of hooks) {
      expect(hook.received()).toHaveLength(40);
      expect(new Set(ids(hook.received())).size).toBe(40);
    }
  }, 60_000);

  it('keep nobody waiting for an endpoint that hangs, however much it is to be told', async () => {
    await works({});
    const [hanging, other] = [await endpoint(), await endpoint()];
    const neighbour = await endpoint(hanging.company);
    receiver.answers(hanging.path, 'hang');
    await hanging.company.sql(
      `with made as (
         insert into webhook_delivery (id, endpoint_id, event_id, event_type, body)
         select app.uuidv7(), $1, app.uuidv7(), 'webhook.test', '{}' from generate_series(1, 2000) returning id, tenant_id, endpoint_id)
       insert into directory.webhook_due select id, tenant_id, endpoint_id, now() - interval '1 hour' from made`,
      [hanging.id],
    );
    await eventually(() => hanging.received().length >= 8);
    for (const hook of [other, neighbour]) {
      const began = Date.now();
      await hook.test();
      await eventually(() => hook.received().length === 1);
      expect(Date.now() - began).toBeLessThan(2_000);
    }
    await eventually(() => hanging.received().length > 8);
    await sleep(4_500);
    expect(hanging.received().length, 'one at a time once it has failed').toBeLessThan(16);
    await hanging.patch({ enabled: false });
  }, 40_000);

  it('count how calls end, and what is due', async () => {
    await works();
    await world.superuser.query('delete from directory.webhook_due');
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    await ready(url, world.startWorker({ WORKER_PORT: String(port) }));
    const hook = await endpoint();
    receiver.answers(hook.path, 200, 500, 410);
    const before = await scrape(url);
    await hook.ends(await hook.test(), 'delivered');
    await hook.test();
    await eventually(() => hook.received().length === 2);
    await hook.ends(await hook.test(), 'failed');
    await eventually(async () => {
      const calls = moved(before, await scrape(url), 'watchword_webhook_calls_total');
      return calls['{outcome="delivered"}'] === 1 && calls['{outcome="retry"}'] === 1 && calls['{outcome="failed"}'] === 1;
    });
    const after = await scrape(url);
    expect(moved(before, after, 'watchword_webhook_seconds_count')).toEqual({ '{}': 3 });
    expect(moved(before, after, 'watchword_webhooks_disabled_total')).toEqual({ '{}': 1 });
    expect(after.of('watchword_webhooks_due', {})).toEqual(expect.any(Number));
  });
});

describe('Deliveries', () => {
  it('are kept for thirty days', async () => {
    const hook = await endpoint();
    const old = (days: number) =>
      hook.company.sql(
        `insert into webhook_delivery (id, endpoint_id, event_id, event_type, body, status, created_at)
         select private.uuid_at(at), $1, app.uuidv7(), 'webhook.test', $2, 'failed', at from (select now() - $3 * interval '1 day' as at) t`,
        [hook.id, String(days), days],
      );
    await old(31);
    await old(29);
    await world.superuser.query('select app.purge_webhooks()');
    expect((await hook.company.sql('select body from webhook_delivery')).map(({ body }) => body)).toEqual(['29']);
  });

  it('come in pages, newest first', async () => {
    const hook = await endpoint();
    const made: string[] = [];
    for (let count = 0; count < 5; count++) made.unshift(await hook.test());
    const seen: string[] = [];
    let path = `${WEBHOOKS}/${hook.id}/deliveries?limit=2`;
    for (let pages = 0; pages < 3; pages++) {
      const { body } = await hook.company.admin.get(path, pages);
      seen.push(...body.data.map(({ id }: { id: string }) => id));
      path = `${WEBHOOKS}/${hook.id}/deliveries?limit=2&cursor=${body.next_cursor}`;
      expect(body.next_cursor === null).toBe(pages === 2);
    }
    expect(seen).toEqual(made);
  });
});
