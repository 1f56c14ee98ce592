import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { TelegramGatewaySimulator } from '../../../../test/simulators/telegram.js';
import { CallbackRefused } from '../../message-provider.js';
import { describeProvider, outbound } from '../../testing/describe-provider.js';
import { connectionFailure, refusal, serverFailure } from './gateway-failure.js';
import { TelegramGatewayProvider } from './telegram-gateway.provider.js';

const provider = new TelegramGatewayProvider();
const PHONE = '+34600123456';

describeProvider({
  provider,
  simulator: () => TelegramGatewaySimulator.start(),
  settings: (simulator) => ({ api_token: (simulator as TelegramGatewaySimulator).token }),
  to: PHONE,
  namesRetryAfter: true,
  serverErrorIs: 'ambiguous',
});

describe('What the Gateway answers', () => {
  it.each([
    ['ACCESS_TOKEN_INVALID', 200, 'configuration', 'credentials'],
    ['ACCESS_TOKEN_REQUIRED', 200, 'configuration', 'credentials'],
    ['BALANCE_NOT_ENOUGH', 200, 'configuration', 'balance'],
    ['SENDER_NOT_VERIFIED', 200, 'configuration', 'sender'],
    ['SENDER_NOT_OWNED', 200, 'configuration', 'sender'],
    ['SENDER_USERNAME_INVALID', 200, 'configuration', 'sender'],
    ['CALLBACK_URL_INVALID', 200, 'configuration', 'callback_url'],
    ['PHONE_NUMBER_INVALID', 400, 'definite', 'invalid_recipient'],
    ['PHONE_NUMBER_NOT_FOUND', 400, 'definite', 'not_on_telegram'],
    ['TTL_INVALID', 400, 'definite', 'refused'],
    ['FLOOD_WAIT', 200, 'retryable', 'throttled'],
    ['FLOOD_WAIT_7', 420, 'retryable', 'throttled'],
    ['SOMETHING', 429, 'retryable', 'throttled'],
    ['SOMETHING', 401, 'configuration', 'credentials'],
    ['SOMETHING', 500, 'ambiguous', 'vendor_error'],
    ['__proto__', 200, 'definite', 'refused'],
  ])('%s with %i is %s: %s', (error, status, kind, reason) => {
    expect(refusal(error, status)).toMatchObject({ kind, reason });
  });

  it.each([
    [500, 'ambiguous', 'vendor_error'],
    [502, 'ambiguous', 'vendor_error'],
    [429, 'retryable', 'throttled'],
    [200, 'ambiguous', 'unreadable_reply'],
  ])('%i without a word of its own is %s: %s', (status, kind, reason) => {
    expect(serverFailure(status)).toMatchObject({ kind, reason });
  });

  it.each([
    ['ECONNREFUSED', 'retryable', 'unreachable'],
    ['EAI_AGAIN', 'retryable', 'unreachable'],
    ['UND_ERR_CONNECT_TIMEOUT', 'retryable', 'unreachable'],
    ['UND_ERR_SOCKET', 'ambiguous', 'connection_lost'],
    ['ECONNRESET', 'ambiguous', 'connection_lost'],
  ])('a line that fails with %s is %s: %s', (code, kind, reason) => {
    expect(connectionFailure(new TypeError('fetch failed', { cause: { code } }))).toMatchObject({ kind, reason });
  });

  it('keeps the words of an error it does not know to itself', () => {
    expect(refusal('code 493817 for +34600123456', 400).message).toBe('refused');
  });
});

describe('The Telegram Gateway', () => {
  let simulator: TelegramGatewaySimulator;
  beforeAll(async () => void (simulator = await TelegramGatewaySimulator.start()));
  afterAll(() => simulator.stop());

  const settings = () => provider.settings.parse({ api_token: simulator.token });
  const transport = () => ({ endpoint: simulator.url, allowPrivate: true, signal: AbortSignal.timeout(5_000) });
  const send = (change: Parameters<typeof outbound>[2] = {}) => provider.send(outbound('telegram', PHONE, change), settings(), transport());
  const sent = async () => {
    const message = outbound('telegram', PHONE);
    const { providerMessageId } = await provider.send(message, settings(), transport());
    return { id: providerMessageId, attemptId: message.attemptId };
  };

  it('gives our attempt to the Gateway, which gives it back', async () => {
    const { id, attemptId } = await sent();
    expect(simulator.accepted.at(-1)).toEqual({ id, to: PHONE, text: '493817', reference: attemptId });
    expect(simulator.violations).toEqual([]);
  });

  it.each([
    ['no code', { code: undefined }, 'unsupported_code'],
    ['letters', { code: 'ABC123' }, 'unsupported_code'],
    ['three digits', { code: '493' }, 'unsupported_code'],
    ['nine digits', { code: '493817493' }, 'unsupported_code'],
    ['a chat id', { to: '7700123' }, 'invalid_recipient'],
    ['a code that is over', { expiresAt: new Date(Date.now() - 1_000) }, 'expired'],
  ])('does not bother the Gateway with %s', async (_, change, reason) => {
    const before = simulator.accepted.length;
    await expect(send(change)).rejects.toMatchObject({ kind: 'definite', reason });
    expect(simulator.accepted.length).toBe(before);
  });

  it('follows nobody who would send the code elsewhere', async () => {
    const before = simulator.accepted.length;
    const elsewhere = createServer((request, response) => response.writeHead(307, { location: simulator.url + request.url }).end());
    await once(elsewhere.listen(0, '127.0.0.1'), 'listening');
    const endpoint = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}`;
    await expect(provider.send(outbound('telegram', PHONE), settings(), { ...transport(), endpoint })).rejects.toMatchObject({
      kind: 'ambiguous',
    });
    elsewhere.closeAllConnections();
    elsewhere.close();
    expect(simulator.accepted.length).toBe(before);
  });

  it.each([5_000, 86_400_000])('keeps to the times to live that exist, with %i ms left', async (left) => {
    await send({ expiresAt: new Date(Date.now() + left) });
    expect(simulator.violations).toEqual([]);
  });

  it.each([
    ['sent', 'progress', undefined],
    ['delivered', 'delivered', undefined],
    ['read', 'delivered', undefined],
    ['expired', 'failed', 'expired'],
    ['revoked', 'failed', 'revoked'],
  ])('reads %s as %s', async (status, outcome, reason) => {
    const { id, attemptId } = await sent();
    const { events } = await provider.receive(simulator.report(id, status, { updatedAt: 1_790_000_123 }), settings());
    expect(events).toEqual([
      {
        type: 'receipt',
        eventId: `${id}:${status}:1790000123`,
        attemptId,
        providerMessageId: id,
        outcome,
        reason,
        at: new Date(1_790_000_123_000),
      },
    ]);
  });

  it('knows a repeated report again, and a later one from an earlier one', async () => {
    const { id } = await sent();
    const event = async (status: string, updatedAt: number, timestamp?: number) =>
      (await provider.receive(simulator.report(id, status, { updatedAt, ...(timestamp && { timestamp }) }), settings())).events[0]!.eventId;
    const now = Math.floor(Date.now() / 1000);
    const read = await event('read', 20);
    expect(await event('read', 20, now - 60)).toBe(read);
    expect(await event('delivered', 10)).not.toBe(read);
  });

  it.each([
    ['a status of tomorrow', { delivery_status: { status: 'pondered', updated_at: 1 } }],
    ['an inherited word for a status', { delivery_status: { status: 'constructor', updated_at: 1 } }],
    [
      'what was entered',
      { delivery_status: undefined, verification_status: { status: 'code_valid', updated_at: 1, code_entered: '493817' } },
    ],
  ])('takes note of %s and does nothing', async (_, change) => {
    const { id } = await sent();
    expect(await provider.receive(simulator.report(id, 'read', { change }), settings())).toEqual({ events: [] });
  });

  it('refuses reports that are forged, swapped, stale or from the future', async () => {
    const { id } = await sent();
    const now = Math.floor(Date.now() / 1000);
    const genuine = simulator.report(id, 'read');
    const other = simulator.report((await sent()).id, 'expired');
    const forged = {
      'signed with another token': simulator.report(id, 'read', { token: 'AAEanotherGatewayToken0123456789' }),
      'without a signature': { ...genuine, headers: {} },
      'with half a signature': {
        ...genuine,
        headers: { ...genuine.headers, 'x-request-signature': genuine.headers['x-request-signature']!.slice(32) },
      },
      "with another's body": { ...genuine, rawBody: other.rawBody },
      'with another timestamp': { ...genuine, headers: { ...genuine.headers, 'x-request-timestamp': String(now - 1) } },
      'from ten minutes ago': simulator.report(id, 'read', { timestamp: now - 600 }),
      'from in ten minutes': simulator.report(id, 'read', { timestamp: now + 600 }),
    };
    for (const [how, report] of Object.entries(forged))
      await expect(provider.receive(report, settings()), how).rejects.toBeInstanceOf(CallbackRefused);
    expect((await provider.receive(genuine, settings())).events).toHaveLength(1);
  });
});
