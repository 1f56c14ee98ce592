import { createHmac } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { v7 as uuidv7 } from 'uuid';
import { type DeliveryWorld, eventually } from './support/delivery-world.js';
import { moved, scrape } from './support/exposition.js';
import { ownApi } from './support/own-process.js';
import { freePort, ready, stopped } from './support/stack.js';
import type { WebhookReceiver } from './support/webhook-receiver.js';
import { EVERY_EVENT, ids, WEBHOOKS, WebhookWorld } from './support/webhook-world.js';

let hooks: WebhookWorld;
let world: DeliveryWorld;
let receiver: WebhookReceiver;
beforeAll(async () => {
  hooks = await WebhookWorld.start();
  ({ world, receiver } = hooks);
}, 150_000);
afterAll(() => hooks.stop());

describe('Addresses inside our network', () => {
  it('are taken neither by the API nor, whatever a name meant before, by a worker', async () => {
    const strict = { ...world.stack.env, PRIVATE_DESTINATIONS: '' };
    const api = await ownApi(strict);
    const hook = await hooks.endpoint();
    await hooks.works();
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
            body: JSON.stringify({ url: `http://${host}:${port}/inside`, event_types: EVERY_EVENT }),
          });
          const { errors } = (await response.json()) as { errors: object[] };
          expect([host, response.status, errors]).toEqual([host, 400, [{ field: 'url', message: 'must not lead into a private network' }]]);
        }
      await hooks.works({ PRIVATE_DESTINATIONS: '' });
      for (const host of ['127.0.0.1', 'localhost']) {
        await hook.company.sql('update webhook_endpoint set url = $1', [`http://${host}:${port}/inside`]);
        const id = await hook.test();
        await eventually(async () => (await hook.delivery(id)).reason === 'destination_not_allowed');
        expect(await hook.delivery(id)).toMatchObject({ response_status: null, status: 'pending' });
      }
      expect(receiver.at('/inside')).toEqual([]);
    } finally {
      await api.stop();
      await hooks.works({});
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
      const hook = (url: string) => post(WEBHOOKS, { url, event_types: EVERY_EVENT }, access_token);
      expect((await hook('http://hooks.acme.example/')).body.errors).toEqual([{ field: 'url', message: 'must be an https address' }]);
      expect((await hook('https://hooks.acme.example/')).status).toBe(201);
    } finally {
      await api.stop();
    }
  });
});

describe('Workers', () => {
  it('send again what one of them sent when it was killed, with the same id', async () => {
    const hook = await hooks.endpoint();
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
    await hooks.works({}, {}, {});
    const all = await Promise.all([hooks.endpoint(), hooks.endpoint(), hooks.endpoint()]);
    for (let round = 0; round < 40; round++) await Promise.all(all.map((hook, at) => hook.test(at + round)));
    for (const hook of all) await eventually(() => hook.received().length >= 40);
    await sleep(1_500);
    for (const hook of all) {
      expect(hook.received()).toHaveLength(40);
      expect(new Set(ids(hook.received())).size).toBe(40);
    }
  }, 60_000);

  it('leave alone what another one is claiming, and begin nothing that another one has begun', async () => {
    await hooks.works();
    const hook = await hooks.endpoint();
    const id = await hook.test();
    const proof = createHmac('sha256', Buffer.from(world.stack.env.TENANT_KEY!, 'base64')).update('due').digest('hex');
    const claim = async () => (await world.owner.query(`select id from app.webhook_claim($1, 256, 8, 32, '{}', 20)`, [proof])).rows;
    const client = await world.owner.connect();
    try {
      await client.query('begin');
      await client.query('select from directory.webhook_due where id = $1 for update', [id]);
      expect((await claim()).filter((row) => row.id === id)).toEqual([]);
    } finally {
      await client.query('rollback');
      client.release();
    }
    expect(await claim()).toContainEqual({ id });
    expect(
      (await claim()).filter((row) => row.id === id),
      'it is out on lease',
    ).toEqual([]);

    const begins = () =>
      world.owner.query('select outcome from app.webhook_begin($1, $2, $3)', [
        world.signTenant(hook.company.id),
        id,
        { attempt: uuidv7(), lease: 20 },
      ]);
    const begun = await world.race(hook.company.id, 'webhook_delivery', id, [begins, begins]);
    expect(begun.map(({ rows }) => rows[0].outcome).toSorted()).toEqual(['busy', 'go']);
  });

  it('keep nobody waiting for an endpoint that hangs, however much it is to be told', async () => {
    await hooks.works({});
    const [hanging, other] = [await hooks.endpoint(), await hooks.endpoint()];
    const neighbour = await hooks.endpoint(hanging.company);
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
    await hooks.works();
    await world.superuser.query('delete from directory.webhook_due');
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    await ready(url, world.startWorker({ WORKER_PORT: String(port) }));
    const hook = await hooks.endpoint();
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
