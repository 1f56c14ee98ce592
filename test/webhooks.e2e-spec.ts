import { setTimeout as sleep } from 'node:timers/promises';
import { v7 as uuidv7 } from 'uuid';
import { codeTo, type DeliveryWorld, eventually, newNumber } from './support/delivery-world.js';
import type { Received, WebhookReceiver } from './support/webhook-receiver.js';
import { EVERY_EVENT, ids, WEBHOOKS, WebhookWorld } from './support/webhook-world.js';

let hooks: WebhookWorld;
let world: DeliveryWorld;
let receiver: WebhookReceiver;
let isAuthentic: WebhookWorld['isAuthentic'];
beforeAll(async () => {
  hooks = await WebhookWorld.start();
  ({ world, receiver, isAuthentic } = hooks);
}, 150_000);
afterAll(() => hooks.stop());

describe('A webhook', () => {
  it('is told of what happened to verifications, people, sessions and messages, and of nobody’s code, address or number', async () => {
    const sender = await world.sender();
    const hook = await hooks.endpoint(sender.company);
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
    // A person's own second factor, as its functions write it down.
    const factors = uuidv7();
    await sender.company.sql(
      `insert into verification (id, purpose, subject, code_mac, workflow, locale, channel_timeout, resend_after, expires_at, status)
       values ($1, 'factor', '', '', '[]', 'en', 60, now(), now(), 'approved')`,
      [factors],
    );
    await sender.company.sql(`select app.audit_record($1, 'verification.approved', 'success', 'user', null, null, $2, '{}', '{}')`, [
      world.signTenant(sender.company.id),
      factors,
    ]);
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
    // In no particular order: the last to come about is not the last to arrive.
    await eventually(() => hook.bodies().length >= 13);
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
    const hook = await hooks.endpoint();
    await hook.ends(await hook.test(), 'delivered');
    const [{ headers, body }] = hook.received() as [Received];
    const fits = (change: object = {}, bytes = body, secret = hook.secret, now = Date.now()) =>
      isAuthentic({ ...headers, ...change }, bytes, secret, now);
    expect(fits()).toBe(true);
    expect(fits({ 'webhook-id': 'evt_another' })).toBe(false);
    expect(fits({ 'webhook-timestamp': String(Number(headers['webhook-timestamp']) + 1) })).toBe(false);
    expect(fits({ 'webhook-signature': `v2,${String(headers['webhook-signature']).slice(3)}` })).toBe(false);
    expect(fits({}, Buffer.from(`${body.toString()} `))).toBe(false);
    expect(fits({}, body, (await hooks.endpoint()).secret)).toBe(false);
    for (const minutes of [-6, 6]) expect(fits({}, body, hook.secret, Date.now() + minutes * 60_000)).toBe(false);
  });

  it('is told again after an answer of 500 and after none, with the same id and body, until it takes it', async () => {
    const hook = await hooks.endpoint();
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

  it('is told again no sooner than it asks for, within an hour', async () => {
    for (const [retryAfter, least, most] of [
      ['120', 119, 121],
      [new Date(Date.now() + 600_000).toUTCString(), 580, 601],
      ['999999', 3_599, 3_601],
      ['soon', 3, 7],
    ] as const) {
      const hook = await hooks.endpoint();
      receiver.answers(hook.path, { status: 503, retryAfter });
      const id = await hook.test();
      const { next_attempt_at: next, last_attempt_at: last } = await eventually(async () => {
        const delivery = await hook.delivery(id);
        return delivery.status === 'pending' && delivery.attempts === 1 && delivery;
      });
      const pause = (Date.parse(next) - Date.parse(last)) / 1_000;
      expect(pause, retryAfter).toBeGreaterThanOrEqual(least);
      expect(pause, retryAfter).toBeLessThanOrEqual(most);
    }
  });

  it('is given up on after eight attempts, and can be replayed with the same id', async () => {
    const hook = await hooks.endpoint();
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
    expect((await hook.company.actions()).filter((action) => action === 'company.webhook_replayed')).toHaveLength(2);
    expect((await hook.post(`/deliveries/${uuidv7()}/replay`)).body.code).toBe('webhooks.delivery_not_found');
  }, 40_000);

  it('that answers 410 is disabled, and the trail says so', async () => {
    const hook = await hooks.endpoint();
    receiver.answers(hook.path, 410);
    const id = await hook.test();
    expect(await hook.ends(id, 'failed')).toMatchObject({ attempts: 1, response_status: 410, reason: 'gone' });
    expect((await hook.get()).body).toMatchObject({ enabled: false, disabled_because: 'gone' });
    expect(await hook.company.actions()).toContain('company.webhook_disabled');
    await hook.company.person();
    await sleep(1_000);
    expect(hook.received(), 'it is told of nothing any more').toHaveLength(1);
    expect(await hook.deliveries(), 'and nothing is kept for it').toHaveLength(1);
    expect((await hook.post('/test')).body.code).toBe('webhooks.disabled');
    expect((await hook.post(`/deliveries/${id}/replay`)).body.code).toBe('webhooks.disabled');

    receiver.answers(hook.path, 200);
    expect((await hook.patch({ enabled: true })).body).toMatchObject({ enabled: true, disabled_because: null, failing_since: null });
    await hook.ends(await hook.test(), 'delivered');
  });

  it('that takes nothing for days is disabled, and what still waits is canceled', async () => {
    const hook = await hooks.endpoint();
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
    const hook = await hooks.endpoint();
    receiver.answers(hook.path, 'redirect');
    const id = await hook.test();
    await eventually(async () => (await hook.delivery(id)).reason === 'redirect');
    expect(await hook.delivery(id)).toMatchObject({ response_status: 307, status: 'pending' });
    expect(receiver.at('/elsewhere')).toEqual([]);
  });

  it('is removed for good: nothing more is told, and nothing of it is seen', async () => {
    const hook = await hooks.endpoint();
    expect((await hook.delete()).status).toBe(204);
    await hook.company.person();
    expect((await hook.get()).body.code).toBe('webhooks.not_found');
    expect((await hook.company.admin.get(WEBHOOKS)).body.data).toEqual([]);
    expect(await hook.company.sql('select secret, secret_before from webhook_endpoint')).toEqual([{ secret: '', secret_before: null }]);
    expect(await hook.company.sql('select from webhook_delivery')).toEqual([]);
    await sleep(1_000);
    expect(hook.received()).toEqual([]);
  });

  it('is told of what it asked for alone, and of its own company alone', async () => {
    const [mine, theirs] = [await hooks.endpoint(undefined, { event_types: ['user.updated'] }), await hooks.endpoint()];
    const twin = await hooks.endpoint(mine.company, { event_types: ['user.updated', 'session.opened'] });
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
    const hook = await hooks.endpoint();
    expect((await hook.company.admin.post(`/api/users/${hook.company.admin.id}/deactivate`)).status).toBe(409);
    expect((await hook.company.admin.put(`/api/users/${hook.company.admin.id}/role`, { role: 'user' })).status).toBe(409);
    await hook.ends(await hook.test(), 'delivered');
    expect(hook.bodies().map(({ type }) => type)).toEqual(['webhook.test']);
  });
});

describe('Its secret', () => {
  it('is shown once, and kept sealed: in no answer, log or row after that', async () => {
    const hook = await hooks.endpoint();
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
    const hook = await hooks.endpoint();
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
    const { status, body } = await admin.post(WEBHOOKS, { url: 'https://hooks.acme.example/', event_types: EVERY_EVENT, ...change });
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

describe('Deliveries', () => {
  it('are kept for thirty days', async () => {
    const hook = await hooks.endpoint();
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
    const hook = await hooks.endpoint();
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
