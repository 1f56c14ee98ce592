import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { codeTo, DeliveryWorld, eventually, newNumber, type Sender } from './support/delivery-world.js';
import { stopped } from './support/stack.js';

interface Span {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  attributes: { key: string; value: Record<string, unknown> }[];
}

/** A collector that keeps what it is told: OTLP over HTTP, as JSON. */
class Collector {
  readonly spans: Span[] = [];
  /** Every byte, to look for what must not be there. */
  text = '';
  private readonly server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      this.text += body;
      if (request.url === '/v1/traces' && request.headers['content-type'] === 'application/json')
        for (const { scopeSpans } of JSON.parse(body).resourceSpans) for (const { spans } of scopeSpans) this.spans.push(...spans);
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  stop() {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(resolve));
  }

  /** The names from the root to a span of the trace, or undefined while one of them is missing. */
  way(traceId: string, name: string): string[] | undefined {
    const trace = this.spans.filter((span) => span.traceId === traceId);
    const names: string[] = [];
    for (let at = trace.find((span) => span.name === name); at; at = trace.find(({ spanId }) => spanId === at!.parentSpanId))
      names.unshift(at.name);
    return names.length > 0 ? names : undefined;
  }
}

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const CALLER = '00f067aa0ba902b7';

describe('A trace', () => {
  const collector = new Collector();
  let world: DeliveryWorld;
  let sender: Sender;
  beforeAll(async () => {
    world = await DeliveryWorld.start({
      settings: {
        OTEL_EXPORTER_OTLP_ENDPOINT: await collector.start(),
        OTEL_BSP_SCHEDULE_DELAY: '100',
        OTEL_SERVICE_NAME: 'watchword-test',
      },
    });
    sender = await world.sender();
  }, 150_000);
  afterAll(async () => {
    await world.stop();
    await collector.stop();
  });

  it('leads from the request that wanted a message to the call of the vendor, through the database and another process', async () => {
    const to = newNumber();
    const { id } = (await sender.sends({ to, channel: 'sms' }, { traceparent: `00-${TRACE}-${CALLER}-01` })).body;
    const code = await codeTo(world.vonage.accepted, to);
    await eventually(() => collector.way(TRACE, 'vonage-sms send') && collector.way(TRACE, 'delivery_finish'));
    await eventually(() => collector.spans.some(({ traceId, name }) => traceId === TRACE && name === 'POST /api/verifications'));

    const request = ['POST /api/verifications', 'verification.create'];
    expect(collector.way(TRACE, 'verification_create')).toEqual([...request, 'verification_create']);
    expect(collector.way(TRACE, 'vonage-sms send')).toEqual([...request, 'delivery.attempt', 'vonage-sms send']);
    expect(collector.way(TRACE, 'delivery_finish')).toEqual([...request, 'delivery.attempt', 'delivery_finish']);
    expect(collector.spans.find(({ name, traceId }) => traceId === TRACE && name === 'POST /api/verifications')?.parentSpanId).toBe(CALLER);

    expect((await sender.checks(id, code)).body.valid).toBe(true);
    const check = await eventually(() => collector.spans.find(({ name }) => name === 'verification.check'));
    expect(check.traceId).not.toBe(TRACE);
  });

  it('holds no code, number, address, key, token, id of anybody or words of theirs', async () => {
    const to = newNumber();
    const secret = 'a-word-that-nobody-must-read';
    const { id } = (await sender.sends({ to, channel: 'sms', reference: secret }, { tracestate: `x=${secret}`, baggage: `y=${secret}` }))
      .body;
    const code = await codeTo(world.vonage.accepted, to);
    const raw = { channel: 'sms', recipient: newNumber(), message: `Only for you: ${secret}` };
    expect((await sender.call('POST', '/api/messages', raw)).status).toBeLessThan(300);
    await sender.company.admin.login({ password: secret });
    await sender.call('GET', `/api/verifications/${id}?x=${secret}`);
    const calls = () => collector.spans.filter(({ name }) => name === 'vonage-sms send').length;
    await eventually(() => calls() >= 3);
    await eventually(() => collector.spans.some(({ name }) => name === 'GET /api/verifications/:id'));

    expect(collector.text).toContain('watchword-test');
    for (const hidden of [secret, code, to.slice(1), raw.recipient.slice(1), sender.key, sender.key.slice(0, 20), sender.company.domain])
      expect(collector.text).not.toContain(hidden);
    for (const hidden of [id, sender.company.id, sender.company.admin.id, sender.company.admin.token, world.vonage.apiSecret])
      expect(collector.text).not.toContain(hidden);
    const named = new Set(collector.spans.flatMap(({ attributes }) => attributes.map(({ key }) => key)));
    const known = ['http.request.method', 'http.route', 'http.response.status_code', 'db.system.name', 'error.type'];
    expect([...named].filter((key) => ![...known, 'channel', 'provider', 'country', 'outcome', 'reason'].includes(key))).toEqual([]);
  });

  it('is not begun by the idle work of a worker, nor by probes', async () => {
    await fetch(`${world.stack.urls[0]}/health/ready`);
    await sender.call('GET', '/api/api-key');
    await eventually(() => collector.spans.some(({ name }) => name === 'GET /api/api-key'));
    expect(collector.spans.filter(({ name, parentSpanId }) => !parentSpanId && !/^[A-Z]+ \/api\//.test(name))).toEqual([]);
    expect(collector.spans.filter(({ name }) => name.includes('/health'))).toEqual([]);
  });

  it('that a caller names in a form that is none begins anew', async () => {
    for (const traceparent of [`00-${'0'.repeat(32)}-${CALLER}-01`, 'ff-x', `00-${TRACE.toUpperCase()}-${CALLER}-01`, 'x'.repeat(5_000)])
      expect((await sender.call('GET', '/api/api-key', undefined, { traceparent })).status).toBe(200);
    await eventually(() => collector.spans.filter(({ name }) => name === 'GET /api/api-key').length >= 5);
    expect(collector.spans.filter(({ name, parentSpanId }) => name === 'GET /api/api-key' && parentSpanId)).toEqual([]);
  });

  it('costs nothing of the stop when its collector is away', async () => {
    await collector.stop();
    await sender.call('GET', '/api/api-key', undefined, {}, 1);
    const started = Date.now();
    expect(await stopped(world.children[1]!)).toBe(0);
    expect(Date.now() - started).toBeLessThan(8_000);
  });
});
