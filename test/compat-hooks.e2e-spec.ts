import { AzureCalls } from './simulators/azure-calls.js';
import { ACCESS_KEY } from './simulators/azure-resource.js';
import { AzureSms } from './simulators/azure-sms.js';
import { EventGrid } from './simulators/event-grid.js';
import { ALL_SCOPES, altered, DeliveryWorld, eventually, newNumber, type Sender, snsSettings } from './support/delivery-world.js';
import { Front } from './support/front.js';
import type { Answer } from './support/world.js';

let world: DeliveryWorld;
let calls: AzureCalls;
let azure: AzureSms;
let front: Front;
let sender: Sender;
/** Over SNS: Vonage calls back over https only, and Azure's calls need an address that leads here. */
async function newSender(): Promise<Sender> {
  const company = await world.sender();
  await company.has('aws-sns', snsSettings(world.sns), { priority: 10 });
  return company;
}
beforeAll(async () => {
  front = await Front.start();
  calls = await AzureCalls.start({ autopilot: { lag: () => 30, copies: 1 } });
  azure = await AzureSms.start();
  world = await DeliveryWorld.start({
    endpoints: { 'azure-voice': calls.url, 'azure-sms': azure.url },
    settings: { PUBLIC_URL: front.url, DATABASE_POOL: '30', SEND_LIMIT_NUMBER: '20/3600', CONVERSION_LEAST: '3' },
  });
  front.leadsTo(world.stack.urls);
  sender = await newSender();
  await sender.has('azure-voice', {
    endpoint: 'https://acme.communication.azure.com',
    access_key: ACCESS_KEY,
    from: '+34910000000',
    resource_id: calls.resourceId,
    cognitive_services_endpoint: 'https://acme.cognitiveservices.azure.com',
  });
}, 180_000);
afterAll(async () => {
  await world.stop();
  await Promise.all([calls.stop(), azure.stop(), front.stop()]);
});

/** As the original's clients call: the key bare, the body as text. */
const posts = (path: string, body: unknown, headers: Record<string, string> = {}, key = sender.key, at = 0) =>
  world.call('POST', path, { body, at, headers: { authorization: key, ...headers } });
const said = ({ status, body }: Answer) => [status, body];
const textsTo = (number: string) => world.sns.accepted.filter(({ to }) => number.endsWith(to.slice(-9))).map(({ text }) => text);
const textTo = (number: string) => eventually(() => textsTo(number)[0]);
const heard = (number: string) =>
  eventually(() => {
    const spoken = calls.calls.find(({ to }) => to === number)?.spoken[0];
    return spoken?.replaceAll(/<[^>]*>|[^\d]/g, '').slice(0, 6);
  });
const textCode = (phoneNumber: unknown, msgTemplate: unknown = 'Your verification code is: 123456') => ({
  data: { messageProfile: { phoneNumber, msgTemplate } },
});
const rows = (by = sender) => by.company.sql('select id, status from verification order by created_at');

describe('POST /send-text-code', () => {
  it("brings the code of the original's request to the phone, in our words and not in the caller's", async () => {
    const to = newNumber();
    const body = `{
  "data": {
    "messageProfile": {
      "phoneNumber": "${to}",
      "msgTemplate": "Your verification code is: 123456"
    }
  }
}`;
    expect(said(await posts('/send-text-code', body))).toEqual([200, { status: 'SMS successfully sent' }]);
    expect(await textTo(to)).toMatch(/^123456 is your Acme code/);
    expect(world.sns.violations).toEqual([]);
  });

  it('takes the number as people write it, in the region of the company', async () => {
    const to = newNumber();
    expect((await posts('/send-text-code', textCode(` ${to.slice(3, 6)}-${to.slice(6, 9)} ${to.slice(9)}`))).status).toBe(200);
    await textTo(to);
  });

  it('is no open relay: nothing of the words around a code goes out, and words without one need their own scope', async () => {
    const { key } = await sender.company.apiKey(['verifications:send']);
    const [first, second] = [newNumber(), newNumber()];
    expect((await posts('/send-text-code', textCode(first, 'You won! https://evil.example 481624'), {}, key)).status).toBe(200);
    expect(await textTo(first)).not.toMatch(/won|evil/);
    expect(said(await posts('/send-text-code', textCode(second, 'You won! https://evil.example'), {}, key))).toEqual([
      403,
      { detail: expect.stringContaining('messages:raw') },
    ]);
    expect(said(await posts('/send-text-code', textCode(second, 'The lift works again.')))).toEqual([
      200,
      { status: 'SMS successfully sent' },
    ]);
    expect(await textTo(second)).toBe('The lift works again.');
  });

  it.each<[string, unknown, string]>([
    ['no number', textCode(undefined), 'Missing phoneNumber in request'],
    ['nothing at all', {}, 'Missing phoneNumber in request'],
    ['no text', textCode('+34612000001', null), 'Missing msgTemplate in request'],
    ["the original's own number, which nobody can have", textCode('+34123456789'), 'phoneNumber: is not a number that anybody can have'],
    [
      'several numbers in the text',
      textCode('+34612000001', 'Code 481624, or call 900 123 456'),
      'msgTemplate holds several numbers: say which is the code in otpCode',
    ],
  ])('refuses %s in the shape of the original', async (_, body, detail) => {
    expect(said(await posts('/send-text-code', body))).toEqual([400, { detail }]);
  });

  it.each(['{', '[]', 'null', '"x"', '{"data":7}', '{"data":{"messageProfile":{"phoneNumber":{"$ne":1}}}}', ''])(
    'refuses %j and does not leak',
    async (body) => {
      const answer = await posts('/send-text-code', body, { 'content-type': 'application/json' });
      expect(answer.status).toBe(400);
      expect(answer.body).toEqual({ detail: expect.stringMatching(/./) });
      expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
    },
  );

  it('sends once for one Idempotency-Key, however many ask at once', async () => {
    const to = newNumber();
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, at) => posts('/send-text-code', textCode(to), { 'idempotency-key': `k-${to}` }, sender.key, at)),
    );
    expect(new Set(answers.map((answer) => JSON.stringify(said(answer))))).toEqual(new Set(['[200,{"status":"SMS successfully sent"}]']));
    await textTo(to);
    expect((await rows()).length).toBeGreaterThan(0);
    expect(textsTo(to)).toHaveLength(1);
  });

  it('goes on however few come back: who made a code checks it, and says nothing of that here', async () => {
    const company = await newSender();
    for (let sent = 0; sent < 8; sent++)
      expect(said(await posts('/send-text-code', textCode(newNumber()), {}, company.key))).toEqual([
        200,
        { status: 'SMS successfully sent' },
      ]);
    expect((await company.sends({ to: newNumber(), channel: 'sms' })).status, 'nor are codes of our own held back for it').toBe(201);
  });

  it('holds to the caps on a number', async () => {
    const to = newNumber();
    for (let sent = 0; sent < 20; sent++) expect((await posts('/send-text-code', textCode(to))).status).toBe(200);
    const answer = await posts('/send-text-code', textCode(to));
    expect(said(answer)).toEqual([429, { detail: expect.stringContaining('Rule "number"') }]);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  });
});

/** Word for word as Okta documents it. */
const OKTA = `{
  "eventId": "uS5871kJThSsU8qlA1LTcg",
  "eventTime": "2022-01-28T21:43:40.000Z",
  "eventType": "com.okta.telephony.provider",
  "eventTypeVersion": "1.0",
  "contentType": "application/json",
  "cloudEventVersion": "0.1",
  "source": "https://\${yourOktaDomain}/api/v1/inlineHooks/calz6lVQA77AwFeEe0g3",
  "requestType": "com.okta.user.telephony.pre-enrollment",
  "data": {
    "context": {
      "request": {
        "id": "reqRgSk8IBBRhuo0YdlEDTmUw",
        "method": "POST",
        "url": {
          "value": "/api/internal/v1/inlineHooks/com.okta.telephony.provider/generatePreview"
        },
        "ipAddress": "127.0.0.1"
      }
    },
    "userProfile": {
      "firstName": "test",
      "lastName": "user",
      "login": "test.user@okta.com",
      "userId": "00uyxxSknGtK8022w0g3"
    },
    "messageProfile": {
      "msgTemplate": "(HOOK)Your code is 11111",
      "phoneNumber": "9876543210",
      "otpExpires": "2022-01-28T21:48:34.321Z",
      "deliveryChannel": "SMS",
      "otpCode": "11111",
      "locale": "EN-US"
    }
  }
}`;
const okta = (change: object, eventId = crypto.randomUUID()) => {
  const request = JSON.parse(OKTA);
  return { ...request, eventId, data: { ...request.data, messageProfile: { ...request.data.messageProfile, ...change } } };
};
const action = (status: string, transactionId: unknown, transactionMetadata: string) => ({
  commands: [{ type: 'com.okta.telephony.action', value: [{ status, provider: 'WATCHWORD', transactionId, transactionMetadata }] }],
});

describe("Okta's telephony inline hook", () => {
  it('is served as Okta documents its request, once however often it comes', async () => {
    const company = await newSender();
    await company.company.admin.patch('/api/company', { policy: { default_region: 'IN' } });
    const first = await posts('/send-text-code', OKTA, {}, company.key);
    expect(said(first)).toEqual([200, action('PENDING', expect.stringMatching(/^[0-9a-f-]{36}$/), 'queued')]);
    expect(said(await posts('/send-text-code', OKTA, {}, company.key, 1))).toEqual(said(first));
    expect(await textTo('+919876543210')).toMatch(/^11111 is your Acme code/);
    expect(await rows(company)).toHaveLength(1);
    const [{ value }] = first.body.commands;
    expect((await company.call('GET', `/api/verifications/${value[0].transactionId}`)).status, 'Okta names what we know').toBe(200);
  });

  it('rings the phone of who wants a call, and says the code as long as Okta takes it', async () => {
    const number = newNumber();
    calls.phone(number, 'answers');
    const otpExpires = new Date(Date.now() + 400_000).toISOString();
    const { body } = await posts(
      '/send-text-code',
      okta({ phoneNumber: number, deliveryChannel: 'CALL', msgTemplate: null, otpCode: '481624', otpExpires }),
    );
    expect(await heard(number)).toBe('481624');
    const [row] = await sender.company.sql(
      'select extract(epoch from expires_at - created_at)::int as seconds from verification where id = $1',
      [body.commands[0].value[0].transactionId],
    );
    expect(row.seconds).toBeGreaterThan(390);
    expect(row.seconds).toBeLessThanOrEqual(400);
  });

  it.each<[string, object, string]>([
    ['a number that nobody has', { phoneNumber: '9876543210' }, 'notifications.invalid_recipient'],
    ['a country that is not served', { phoneNumber: '+33612345678' }, 'notifications.recipient_refused'],
    ['no number', { phoneNumber: null }, 'compat.missing_phone_number'],
  ])('answers 200 and FAILED for %s', async (_, change, reason) => {
    expect(said(await posts('/send-text-code', okta(change)))).toEqual([200, action('FAILED', '', reason)]);
  });

  it('answers no 200 to whoever shows no key: Okta then sends by itself', async () => {
    expect(said(await world.call('POST', '/send-text-code', { body: OKTA }))).toEqual([401, { detail: expect.stringMatching(/./) }]);
  });
});

describe('POST /send-voice-code', () => {
  it.each([
    ["the original's request", (phoneNumber: string) => ({ phoneNumber, code: '123456' })],
    ['the number where the text route has it', (phoneNumber: string) => ({ code: '123456', data: { messageProfile: { phoneNumber } } })],
  ])('says the code to who picks up: %s', async (_, body) => {
    const number = newNumber();
    calls.phone(number, 'answers');
    expect(said(await posts('/send-voice-code', body(number)))).toEqual([200, { status: 'Voice call initiated' }]);
    expect(await heard(number)).toBe('123456');
  });

  it('refuses in the shape of the original', async () => {
    expect(said(await posts('/send-voice-code', { code: '123456' }))).toEqual([400, { detail: 'Missing phoneNumber in request' }]);
    expect(said(await posts('/send-voice-code', { phoneNumber: newNumber() }))).toEqual([400, { detail: 'Missing code in request' }]);
    expect((await posts('/send-voice-code', { phoneNumber: newNumber(), code: '<speak>' })).status).toBe(400);
    const stranger = await newSender();
    expect(
      said(await posts('/send-voice-code', { phoneNumber: newNumber(), code: '123456' }, {}, stranger.key)),
      'who has no vendor for it',
    ).toEqual([409, { detail: expect.stringContaining('No provider is set up for voice') }]);
  });
});

describe('POST /events', () => {
  const settings = {
    endpoint: 'https://acme.communication.azure.com',
    access_key: ACCESS_KEY,
    from: 'Acme',
    event_grid_key: 'a-key-that-event-grid-shows',
  };
  const grid = (
    token: string | undefined,
    schema: 'EventGrid' | 'CloudEvent' = 'EventGrid',
    headers: Record<string, string> = { 'x-watchword-key': settings.event_grid_key },
  ) => new EventGrid(`${world.stack.urls[0]}/events${token === undefined ? '' : `?token=${token}`}`, schema, headers);
  const tokenOf = async (by: Sender, provider = 'azure-sms') =>
    (await by.company.admin.get(`/api/company/channels/${provider}`)).body.callback_url.split('/').at(-1) as string;

  it.each(['EventGrid', 'CloudEvent'] as const)(
    'shakes hands and takes receipts with the token of a callback address, in the schema of %s',
    async (schema) => {
      const company = await newSender();
      await company.has('azure-sms', settings, { priority: 5 });
      const events = grid(await tokenOf(company), schema);
      await events.subscribe();
      const to = newNumber();
      const { body } = await company.sends({ to, channel: 'sms' });
      const message = await eventually(() => azure.accepted.find((one) => one.to === to));
      await events.deliver(events.prepare({ messageId: message!.id, to, tag: message!.reference, deliveryStatus: 'Delivered' }));
      await eventually(async () =>
        (await company.timeline(body.id)).some(({ kind, outcome }) => kind === 'receipt' && outcome === 'delivered'),
      );
    },
  );

  it('answers no handshake and takes nothing in without the token, with one that is none, or without the key', async () => {
    const company = await newSender();
    await company.has('azure-sms', settings, { priority: 5 });
    const token = await tokenOf(company);
    const wrong = altered(token);
    for (const events of [grid(undefined), grid(''), grid(wrong), grid(await tokenOf(company, 'vonage-sms')), grid(token, 'EventGrid', {})])
      await expect(events.subscribe()).rejects.toThrow('validated with 401');
    await expect(grid(wrong, 'CloudEvent').subscribe()).rejects.toThrow('allowed with 401');
    const to = newNumber();
    const { body } = await company.sends({ to, channel: 'sms' });
    const message = await eventually(() => azure.accepted.find((one) => one.to === to));
    const stranger = await newSender();
    await stranger.has('azure-sms', settings);
    const report = { messageId: message!.id, to, tag: message!.reference, deliveryStatus: 'Delivered' };
    for (const events of [grid(undefined), grid(wrong), grid(token, 'EventGrid', {})])
      await expect(events.deliver(events.prepare(report))).rejects.toThrow();
    const theirs = grid(await tokenOf(stranger));
    await theirs.deliver(theirs.prepare(report));
    expect((await company.timeline(body.id)).filter(({ kind }) => kind === 'receipt')).toEqual([]);
  });

  it('says what the original said, and a refusal in its shape', async () => {
    const company = await newSender();
    await company.has('azure-sms', settings, { priority: 5 });
    const at = `/events?token=${await tokenOf(company)}`;
    const headers = { 'x-watchword-key': settings.event_grid_key };
    expect(said(await world.call('POST', at, { body: [], headers }))).toEqual([200, { status: 'received' }]);
    expect(said(await world.call('POST', '/events', { body: [] }))).toEqual([401, { detail: 'This callback is not authentic.' }]);
    expect(said(await world.call('POST', at, { body: '{', headers }))).toEqual([401, { detail: 'This callback is not authentic.' }]);
  });
});

describe('Whose key opens them', () => {
  const asked = [
    ['/send-text-code', textCode('+34612000002')],
    ['/send-voice-code', { phoneNumber: '+34612000002', code: '123456' }],
    ['/hooks/auth0', { recipient: '+34612000002', message_type: 'text', code: '123456' }],
  ] as const;

  it.each(asked)('%s: one that is good, and has the scope', async (path, body) => {
    const { key: other } = await sender.company.apiKey(ALL_SCOPES.filter((scope) => scope !== 'verifications:send'));
    expect(said(await world.call('POST', path, { body }))).toEqual([401, { detail: expect.stringMatching(/./) }]);
    expect(said(await posts(path, body, {}, altered(sender.key)))).toEqual([401, { detail: 'This API key is not valid.' }]);
    expect(said(await posts(path, body, {}, other))).toEqual([403, { detail: 'This API key lacks the scope verifications:send.' }]);
  });
});
