import { ACCESS_KEY } from './simulators/azure-resource.js';
import { AzureCalls } from './simulators/azure-calls.js';
import { TelegramGatewaySimulator } from './simulators/telegram.js';
import { codeTo, DeliveryWorld, eventually, newNumber, type Sender } from './support/delivery-world.js';
import { Front } from './support/front.js';
import type { Person } from './support/world.js';

const claims = (token: string) => JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString());
const other = (code: string) => String((Number(code) + 1) % 1_000_000).padStart(6, '0');

/** What is known of a person is a number: it is rung, or found on Telegram. */
describe('A second factor at a phone number', () => {
  let world: DeliveryWorld;
  let calls: AzureCalls;
  let gateway: TelegramGatewaySimulator;
  let front: Front;
  let sender: Sender;
  beforeAll(async () => {
    front = await Front.start();
    calls = await AzureCalls.start({ autopilot: { lag: () => 30, copies: 1 } });
    gateway = await TelegramGatewaySimulator.start();
    const endpoints = { 'azure-voice': calls.url, 'telegram-gateway': gateway.url };
    world = await DeliveryWorld.start({ endpoints, settings: { PUBLIC_URL: front.url } });
    front.leadsTo(world.stack.urls);
    sender = await world.sender();
    await sender.has('azure-voice', {
      endpoint: 'https://acme.communication.azure.com',
      access_key: ACCESS_KEY,
      from: '+34910000000',
      resource_id: calls.resourceId,
      cognitive_services_endpoint: 'https://acme.cognitiveservices.azure.com',
    });
    await sender.has('telegram-gateway', { api_token: gateway.token });
  }, 180_000);
  afterAll(async () => {
    await world.stop();
    await Promise.all([calls.stop(), gateway.stop(), front.stop()]);
  });
  afterEach(() => {
    const violations = [...calls.violations, ...gateway.violations];
    if (violations.length > 0) throw new Error(`A vendor complains: ${violations.join('; ')}`);
  });

  /** The digits of the so-manyeth call to a number. */
  const heard = (number: string, call: number) =>
    eventually(() => {
      const spoken = calls.calls.filter(({ to }) => to === number)[call - 1]?.spoken[0];
      return spoken?.replaceAll(/<[^>]*>|[^\d]/g, '').slice(0, 6);
    });
  const read = async (number: string, message: number) => {
    await eventually(() => gateway.accepted.filter(({ to }) => to === number).length >= message);
    return codeTo(gateway.accepted, number);
  };
  const WAYS = {
    voice: { code: heard, amr: ['pwd', 'tel', 'mfa'] },
    telegram: { code: read, amr: ['pwd', 'otp', 'mfa'] },
  } as const;
  type Way = keyof typeof WAYS;

  async function setUp(type: Way) {
    const person = await sender.company.person();
    const number = newNumber();
    calls.phone(number, 'answers');
    const started = await person.post('/api/auth/mfa/factors', { type, recipient: number });
    expect(started.status, JSON.stringify(started.body)).toBe(201);
    expect(started.body).toMatchObject({ channel: type, recipient_masked: expect.stringMatching(/^\+34 .*\d{3}$/) });
    const id: string = started.body.factor_id;
    const confirms = (code: string) => person.post(`/api/auth/mfa/factors/${id}/confirm`, { code });
    const code = await WAYS[type].code(number, 1);
    expect((await confirms(other(code))).body.code).toBe('mfa.wrong_code');
    person.backupCodes = (await confirms(code)).body.backup_codes;
    expect(person.backupCodes).toHaveLength(10);
    return { person, number, id };
  }
  const answers = (token: string, code: string) => world.call('POST', '/api/auth/verify-mfa', { token, body: { code } });
  async function challenged(person: Person, factor_id: string) {
    const token = await person.pendingToken();
    const { status } = await world.call('POST', '/api/auth/mfa/challenge', { token, body: { factor_id } });
    expect(status).toBe(202);
    return token;
  }

  it.each(['voice', 'telegram'] as const)('over %s brings its owner in, once', async (type) => {
    const { person, number, id } = await setUp(type);
    const token = await challenged(person, id);
    const code = await WAYS[type].code(number, 2);
    expect((await answers(token, other(code))).body.code).toBe('mfa.wrong_code');
    const opened = await answers(token, code);
    expect(opened.status, JSON.stringify(opened.body)).toBe(200);
    expect(claims(opened.body.access_token).amr).toEqual(WAYS[type].amr);
    expect((await answers(await person.pendingToken(), code)).body.code).toBe('mfa.wrong_code');
  });

  it('says nothing to whoever picks up when its owner got in by another way', async () => {
    const { person, number, id } = await setUp('voice');
    calls.slow(1_500);
    const token = await challenged(person, id);
    await eventually(() => calls.calls.filter(({ to }) => to === number).length === 2);
    expect((await answers(token, person.backupCodes[0]!)).status).toBe(200);
    const call = calls.calls.findLast(({ to }) => to === number)!;
    await eventually(() => call.state === 'disconnected');
    expect(call.spoken).toEqual([]);
  });
});
