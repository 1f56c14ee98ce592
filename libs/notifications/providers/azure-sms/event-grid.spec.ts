import { randomUUID } from 'node:crypto';
import { callbackDoor } from '../../../../test/simulators/callback-door.js';
import { EventGrid } from '../../../../test/simulators/event-grid.js';
import { CallbackRefused } from '../../message-provider.js';
import { AzureSmsProvider } from './azure-sms.provider.js';

const KEY = 'a-key-of-event-grid';
const account = {
  endpoint: 'https://acme.communication.azure.com',
  access_key: Buffer.from('an access key of some length').toString('base64'),
  from: 'Acme',
};

describe('Receipts by Event Grid', () => {
  const provider = new AzureSmsProvider();
  type Door = Awaited<ReturnType<typeof callbackDoor>>;
  const doors: Door[] = [];
  const door = async (change: { event_grid_key?: string } = {}) => {
    const settings = provider.settings.parse({ ...account, ...change });
    const opened = await callbackDoor((callback) => provider.receive(callback, settings));
    doors.push(opened);
    return opened;
  };
  afterAll(() => Promise.all(doors.map((opened) => opened.stop())));
  const report = (change: object = {}) => ({
    messageId: 'Outgoing_1',
    to: '+34600123456',
    tag: randomUUID(),
    deliveryStatus: 'Delivered',
    ...change,
  });
  const post = (url: string, body: string, headers: Record<string, string> = {}) =>
    fetch(url, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body }).then(({ status }) => status);

  it.each(['EventGrid', 'CloudEvent'] as const)('shakes hands and reads a receipt in the schema of %s', async (schema) => {
    const { url, events } = await door();
    const grid = new EventGrid(url, schema);
    await grid.subscribe();

    const told = report();
    const event = grid.prepare(told);
    await grid.deliver(event);
    expect(events()).toEqual([
      {
        type: 'receipt',
        eventId: event.id,
        attemptId: told.tag,
        providerMessageId: 'Outgoing_1',
        outcome: 'delivered',
        at: event.time,
      },
    ]);
  });

  it('answers the validation with the code and 200, and calls nobody', async () => {
    const { url, received } = await door();
    const called = await callbackDoor(async () => ({ events: [] }));
    doors.push(called);
    const event = {
      id: '1',
      eventType: 'Microsoft.EventGrid.SubscriptionValidationEvent',
      eventTime: new Date().toISOString(),
      data: { validationCode: 'the-code', validationUrl: called.url },
    };
    await post(url, JSON.stringify([event]));
    expect(received).toEqual([{ events: [], reply: { status: 200, body: { validationResponse: 'the-code' } } }]);
    expect(called.received).toEqual([]);
  });

  it('lets nothing into a header that is not a host name', async () => {
    const callback = { method: 'OPTIONS', query: {}, rawBody: Buffer.alloc(0), url: 'https://watchword.test/x' };
    const receive = (origin?: string) =>
      provider.receive({ ...callback, headers: { 'webhook-request-origin': origin } }, provider.settings.parse(account));
    await expect(receive('eventgrid.azure.net\r\nx: y')).rejects.toThrow(CallbackRefused);
    await expect(receive()).rejects.toThrow(CallbackRefused);
    await expect(receive('eventgrid.azure.net')).resolves.toMatchObject({ reply: { status: 200 } });
  });

  it('says the same of an event that comes twice, late, or before another', async () => {
    const { url, events } = await door();
    const grid = new EventGrid(url);
    const [first, second] = [grid.prepare(report()), grid.prepare(report(), { time: new Date(Date.now() - 3_600_000) })];
    await grid.deliver(second, first);
    await grid.deliver(first);
    expect(events().map(({ eventId }) => eventId)).toEqual([second.id, first.id, first.id]);
    expect(events()[1]).toEqual(events()[2]);
  });

  it('reads keys in any case', async () => {
    const { url, events } = await door();
    const grid = new EventGrid(url);
    const tag = randomUUID();
    await grid.deliver(
      grid.prepare(report(), { data: { MessageId: 'm-2', DeliveryStatus: 'FAILED', Tag: tag, DeliveryStatusDetails: '4010 Toll-free' } }),
    );
    expect(events()).toMatchObject([{ providerMessageId: 'm-2', attemptId: tag, outcome: 'failed', reason: '4010' }]);
  });

  it.each([
    ['Delivered', 'No error.', 'delivered', undefined],
    ['Failed', 'Number +34600123456 is not reachable', 'failed', 'undelivered'],
    ['Failed', '34600123456 is not reachable', 'failed', 'undelivered'],
    ['Failed', '4006 not reachable', 'failed', '4006'],
    ['Enroute', 'No error.', 'progress', undefined],
    ['constructor', 'No error.', 'progress', undefined],
  ])('takes %s (%s) for %s, reason %s', async (deliveryStatus, deliveryStatusDetails, outcome, reason) => {
    const { url, events } = await door();
    const grid = new EventGrid(url);
    await grid.deliver(grid.prepare(report({ deliveryStatus, deliveryStatusDetails })));
    expect(events()).toMatchObject([{ outcome }]);
    expect(events()[0]).toHaveProperty('type', 'receipt');
    expect((events()[0] as { reason?: string }).reason).toBe(reason);
  });

  it('ignores what is authentic and not for it, also between receipts', async () => {
    const { url, events } = await door();
    const grid = new EventGrid(url);
    const stop = grid.prepare(report(), { type: 'Microsoft.Communication.SMSReceived', data: { message: 'STOP', from: '+34600123456' } });
    const odd = grid.prepare(report(), { data: { nothing: 'we know' } });
    await grid.deliver(stop, odd, grid.prepare(report()));
    expect(events()).toHaveLength(1);
    await expect(post(url, '[{"a":1},7,null]')).resolves.toBe(200);
  });

  it('takes no tag for an attempt that is not one of ours', async () => {
    const { url, events } = await door();
    const grid = new EventGrid(url);
    await grid.deliver(grid.prepare(report({ tag: 'somebody-elses' })));
    expect(events()).toMatchObject([{ attemptId: undefined, providerMessageId: 'Outgoing_1' }]);
  });

  it('refuses what is not JSON', async () => {
    await expect(post((await door()).url, 'nonsense')).resolves.toBe(401);
  });

  it.each(['header', 'query'])('takes the key from the %s, where the company set one', async (place) => {
    const { url, events } = await door({ event_grid_key: KEY });
    const grid = place === 'header' ? new EventGrid(url, 'EventGrid', { 'x-watchword-key': KEY }) : new EventGrid(`${url}?key=${KEY}`);
    await grid.subscribe();
    await grid.deliver(grid.prepare(report()));
    expect(events()).toHaveLength(1);
  });

  it.each([{}, { 'x-watchword-key': '' }, { 'x-watchword-key': `${KEY}x` }])(
    'refuses receipt and handshake with %j instead of the key',
    async (headers) => {
      const { url, events } = await door({ event_grid_key: KEY });
      const grid = new EventGrid(url, 'EventGrid', headers);
      await expect(grid.subscribe()).rejects.toThrow('validated with 401');
      await expect(grid.deliver(grid.prepare(report()))).rejects.toMatchObject({ statusCode: 401 });
      expect(events()).toEqual([]);
    },
  );
});
