import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { smsReceipt, withSig } from './simulators/vonage-callbacks.js';
import { codeTo, DeliveryWorld, eventually, newNumber, type Sender, vonageSettings } from './support/delivery-world.js';
import { moved, readExposition, scrape } from './support/exposition.js';
import { ownApi, ownProcess } from './support/own-process.js';
import { freePort, ready, stopped } from './support/stack.js';

const TOKEN = 'a-token-for-prometheus';
const production = { NODE_ENV: 'production', PUBLIC_URL: 'https://auth.acme.test', RATE_LIMIT_SCALE: '1' };

describe('The metrics', () => {
  let world: DeliveryWorld;
  let sender: Sender;
  let worker: string;
  const api = () => world.stack.urls[0]!;
  const startsWorker = async () => {
    const port = await freePort();
    worker = `http://127.0.0.1:${port}`;
    await ready(worker, world.startWorker({ WORKER_PORT: String(port) }));
  };
  beforeAll(async () => {
    world = await DeliveryWorld.start({ workers: 0 });
    await startsWorker();
    sender = await world.sender();
  }, 150_000);
  afterAll(() => world.stop());

  it('move by exactly what was done: a message, its receipt, its code', async () => {
    const [apiBefore, workerBefore] = [await scrape(api()), await scrape(worker)];
    const to = newNumber();
    const { id } = (await sender.sends({ to, channel: 'sms' })).body;
    const code = await codeTo(world.vonage.accepted, to);
    await eventually(async () => (await sender.kinds(id)).includes('attempt_ended'));

    const { callback_url } = await sender.has('vonage-sms', vonageSettings(world.vonage));
    const taken = world.vonage.accepted.at(-1)!;
    const reports = async (status: string, secret = world.vonage.signatureSecret) => {
      const { headers, body, method } = withSig(smsReceipt(taken, status), secret);
      return (await fetch(api() + new URL(callback_url).pathname, { method, headers, body })).status;
    };
    expect(await reports('delivered', 'not the secret of this account at all')).toBe(401);
    expect(await reports('delivered')).toBe(200);
    expect((await sender.checks(id, '000000' === code ? '000001' : '000000')).body.valid).toBe(false);
    expect((await sender.checks(id, code)).body.valid).toBe(true);
    expect((await sender.checks(id, code)).body.valid).toBe(false);

    const after = await scrape(api());
    const by = (name: string) => moved(apiBefore, after, name);
    expect(by('watchword_verifications_created_total')).toEqual({ '{channel="sms"}': 1 });
    expect(by('watchword_verifications_approved_total')).toEqual({ '{channel="sms"}': 1 });
    expect(by('watchword_receipts_total')).toEqual({ '{outcome="delivered",provider="vonage-sms"}': 1 });
    expect(by('watchword_receipt_seconds_count')).toEqual({ '{provider="vonage-sms"}': 1 });
    expect(by('watchword_receipt_seconds_sum')['{provider="vonage-sms"}']).toBeLessThan(30);
    expect(by('watchword_callbacks_refused_total')).toEqual({ '{provider="vonage-sms"}': 1 });
    expect(by('watchword_http_requests_total')).toMatchObject({
      '{method="POST",route="/api/verifications",status="2xx"}': 1,
      '{method="POST",route="/api/verifications/:id/check",status="2xx"}': 3,
      '{method="POST",route="/api/callbacks/:provider/:token",status="2xx"}': 1,
      '{method="POST",route="/api/callbacks/:provider/:token",status="4xx"}': 1,
    });
    expect(by('watchword_http_request_seconds_count')).toMatchObject({ '{method="POST",route="/api/verifications/:id/check"}': 3 });

    const { claims, sends, calls } = await eventually(async () => {
      const now = await scrape(worker);
      const by = (name: string) => moved(workerBefore, now, name);
      const sends = by('watchword_sends_total');
      return Object.keys(sends).length > 0 && { claims: by('watchword_claims_total'), sends, calls: by('watchword_send_seconds_count') };
    });
    expect(sends).toEqual({ '{channel="sms",country="ES",outcome="accepted",provider="vonage-sms"}': 1 });
    expect(calls).toEqual({ '{provider="vonage-sms"}': 1 });
    expect(claims['{kind="sms"}']).toBe(1);
  });

  it('count how sign-ins end', async () => {
    const { admin, domain } = await world.company();
    const before = await scrape(api());
    await admin.login();
    await admin.login({ password: 'not my password at all' });
    await admin.login({ email: `nobody@${domain}` });
    expect(moved(before, await scrape(api()), 'watchword_sign_ins_total')).toEqual({
      '{outcome="signed_in",step="password"}': 1,
      '{outcome="auth.invalid_credentials",step="password"}': 2,
    });
    await admin.enablesTotp();
    const between = await scrape(api());
    const pending = await admin.pendingToken();
    await admin.verify(pending, admin.wrongCode());
    await admin.verify(pending, await admin.code());
    expect(moved(between, await scrape(api()), 'watchword_sign_ins_total')).toEqual({
      '{outcome="second_factor_due",step="password"}': 1,
      '{outcome="mfa.wrong_code",step="second_factor"}': 1,
      '{outcome="signed_in",step="second_factor"}': 1,
    });
  });

  it('show what is due, and for how long, while nobody delivers', async () => {
    expect(await stopped(world.workers.at(-1)!)).toBe(0);
    const before = (await scrape(api())).of('watchword_due_messages', { channel: 'sms' });
    await sender.sends({ to: newNumber(), channel: 'sms' });
    await eventually(async () => (await scrape(api())).of('watchword_due_messages', { channel: 'sms' }) === before + 1);
    await eventually(async () => (await scrape(api())).of('watchword_due_oldest_seconds', { channel: 'sms' }) > 1);
    await startsWorker();
    await eventually(async () => (await scrape(worker)).of('watchword_due_oldest_seconds', { channel: 'sms' }) < 1, 30_000);
  });

  it('show a breaker that opens', async () => {
    const labels = { provider: 'vonage-sms', country: 'ES' };
    expect((await scrape(worker)).of('watchword_breaker_state', labels)).toBe(0);
    world.vonage.script(...Array<'error'>(5).fill('error'));
    for (let at = 0; at < 5; at++) await sender.sends({ to: newNumber(), channel: 'sms' });
    await eventually(async () => (await scrape(worker)).of('watchword_breaker_state', labels) === 2, 20_000);
  });

  it('are in the format, few, and name nobody', async () => {
    await sender.call('GET', `/api/verifications/${randomUUID()}`);
    await sender.call('GET', `/made-up/${randomUUID()}`);
    for (const url of [api(), worker]) {
      const response = await fetch(`${url}/metrics`);
      expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
      const { flaws, series, text } = readExposition(await response.text());
      expect(flaws).toEqual([]);
      expect(series.size).toBeLessThan(2_000);
      expect(text).not.toMatch(/[0-9a-f]{8}-[0-9a-f]{4}-|@|\+34|\+33|made-up|acme/i);
      expect(text).not.toContain(sender.key.slice(0, 30));
      for (const name of [
        'watchword_database_connections{state="idle"}',
        'watchword_database_waiting',
        'watchword_due_messages{channel="voice"}',
        'nodejs_eventloop_lag_p99_seconds',
        'process_resident_memory_bytes',
      ])
        expect(text).toContain(`\n${name} `);
    }
    const hashing = await scrape(api());
    expect(hashing.of('watchword_hash_queue', { state: 'waiting' })).toBe(0);
    expect(hashing.of('watchword_hash_wait_seconds_count')).toBeGreaterThan(0);
  });
});

describe('The checker of the format', () => {
  it.each([
    ['without its type', 'a_total 1\n'],
    ['a counter of another name', '# HELP a b\n# TYPE a counter\na 1\n'],
    ['a series that is there twice', '# HELP a b\n# TYPE a gauge\na{x="1"} 1\na{x="1"} 2\n'],
    ['a label that is not quoted', '# HELP a b\n# TYPE a gauge\na{x=1} 1\n'],
    ['buckets that go down', '# HELP a b\n# TYPE a histogram\na_bucket{le="1"} 2\na_bucket{le="+Inf"} 1\na_sum 1\na_count 1\n'],
    ['no last line feed', '# HELP a b\n# TYPE a gauge\na 1'],
  ])('sees %s', (_, text) => expect(readExposition(text).flaws).not.toEqual([]));
});

describe('Who may read the metrics', () => {
  it('is nobody in production unless asked for, and whoever has the token where there is one', { timeout: 90_000 }, async () => {
    for (const [settings, shown, expected] of [
      [production, undefined, 404],
      [{ ...production, METRICS_TOKEN: TOKEN }, TOKEN, 404],
      [{ METRICS: 'false' }, undefined, 404],
      [{ ...production, METRICS: 'true' }, undefined, 200],
      [{ METRICS_TOKEN: TOKEN }, undefined, 401],
      [{ METRICS_TOKEN: TOKEN }, `${TOKEN}x`, 401],
      [{ METRICS_TOKEN: TOKEN }, TOKEN, 200],
    ] as const) {
      const api = await ownApi(settings);
      try {
        const { status, headers } = await fetch(`${api.url}/metrics`, { headers: shown ? { authorization: `Bearer ${shown}` } : {} });
        expect([settings, shown, status]).toEqual([settings, shown, expected]);
        expect(headers.get('content-type')).toMatch(expected === 200 ? /^text\/plain/ : /problem\+json/);
      } finally {
        await api.stop();
      }
    }
  });

  it('is told of a token that is too short before anything starts', async () => {
    const api = await ownProcess('api', { METRICS_TOKEN: 'short' }, { waits: false });
    expect(await api.ended, api.output()).toEqual([1, null]);
    expect(api.output()).toContain('METRICS_TOKEN');
    expect(api.output()).not.toContain('short"');
  });
});

describe('A worker', () => {
  it('serves probes and metrics where it is told to, and nothing else', async () => {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const worker = await ownProcess('worker', { ...production, WORKER_PORT: String(port), METRICS: 'true' });
    try {
      await ready(url, worker.child);
      expect(await (await fetch(`${url}/health/live`)).json()).toEqual({ status: 'ok' });
      expect(await (await fetch(`${url}/health/ready`)).json()).toMatchObject({ details: { queue: { status: 'up', redis: 'unused' } } });
      expect((await fetch(`${url}/metrics`)).status).toBe(200);
      for (const path of ['/docs', '/openapi.json', '/api/users/me', '/']) expect((await fetch(url + path)).status).toBe(404);
    } finally {
      expect(await worker.stop()).toBe(0);
    }
  });

  it('listens nowhere unless told to', async () => {
    const worker = await ownProcess('worker', { LOG_LEVEL: 'info' });
    try {
      await eventually(() => worker.output().includes('The worker runs.'));
      await expect(fetch(`${worker.url}/health/live`)).rejects.toThrow();
    } finally {
      await worker.stop();
    }
  });
});

describe('A Redis that is down', () => {
  it('makes nobody unready: the queue is named as degraded', async () => {
    const api = await ownApi({ REDIS_URL: `redis://127.0.0.1:${await freePort()}` });
    try {
      for (let round = 0; round < 2; round++, await sleep(1_100)) {
        const response = await fetch(`${api.url}/health/ready`);
        expect([response.status, await response.json()]).toEqual([
          200,
          {
            status: 'ok',
            details: { database: { status: 'up' }, migrations: { status: 'up' }, queue: { status: 'degraded', redis: 'down' } },
          },
        ]);
      }
    } finally {
      expect(await api.stop()).toBe(0);
    }
  });
});
