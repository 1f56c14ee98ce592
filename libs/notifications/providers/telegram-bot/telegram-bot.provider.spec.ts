import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { GrammyError, HttpError } from 'grammy';
import { TelegramBotSimulator } from '../../../../test/simulators/telegram.js';
import { DeliveryError } from '../../delivery-error.js';
import { CallbackRefused } from '../../message-provider.js';
import { describeProvider, outbound } from '../../testing/describe-provider.js';
import { botFailure } from './bot-failure.js';
import { TelegramBotProvider } from './telegram-bot.provider.js';

const provider = new TelegramBotProvider();
const CHAT = '770012345678';
const CALLBACK_URL = 'https://watchword.test/api/callbacks/telegram-bot/x';
const settingsFor = ({ token, username }: TelegramBotSimulator) => ({ bot_token: token, bot_username: username });

describeProvider({
  provider,
  simulator: () => TelegramBotSimulator.start(),
  settings: (simulator) => settingsFor(simulator as TelegramBotSimulator),
  to: CHAT,
  namesRetryAfter: true,
  serverErrorIs: 'ambiguous',
});

describe('What the Bot API answers', () => {
  const refused = (error_code: number, description: string, parameters?: object) =>
    new GrammyError(
      "Call to 'sendMessage' failed!",
      { ok: false, error_code, description, ...(parameters && { parameters }) },
      'sendMessage',
      {
        text: 'Your code is 493817',
      },
    );
  const network = (change: object) =>
    new HttpError('Network request failed', Object.assign(new Error('https://api.telegram.org/bot1:secret'), change));

  it.each([
    [refused(400, 'Bad Request: chat not found'), 'definite', 'recipient_gone', true],
    [refused(400, 'Bad Request: PEER_ID_INVALID'), 'definite', 'recipient_gone', true],
    [refused(400, 'Bad Request: message text is empty'), 'definite', 'refused', undefined],
    [refused(401, 'Unauthorized'), 'configuration', 'credentials', undefined],
    [refused(404, 'Not Found'), 'configuration', 'credentials', undefined],
    [refused(403, 'Forbidden: bot was blocked by the user'), 'definite', 'recipient_gone', true],
    [refused(403, 'Forbidden: user is deactivated'), 'definite', 'recipient_gone', true],
    [refused(403, "Forbidden: bot can't initiate conversation with a user"), 'definite', 'recipient_gone', true],
    [refused(409, 'Conflict'), 'definite', 'refused', undefined],
    [refused(429, 'Too Many Requests: retry after 5', { retry_after: 5 }), 'retryable', 'throttled', undefined],
    [refused(500, 'Internal Server Error'), 'ambiguous', 'vendor_error', undefined],
    [refused(502, 'Bad Gateway'), 'ambiguous', 'vendor_error', undefined],
    [network({ code: 'ECONNREFUSED' }), 'retryable', 'unreachable', undefined],
    [network({ code: 'ENOTFOUND' }), 'retryable', 'unreachable', undefined],
    [network({ code: 'ECONNRESET' }), 'ambiguous', 'connection_lost', undefined],
    [network({ type: 'invalid-json' }), 'ambiguous', 'connection_lost', undefined],
    [network({ name: 'AbortError' }), 'ambiguous', 'timeout', undefined],
    [new Error('anything else'), 'ambiguous', 'connection_lost', undefined],
  ] as const)('%s is %s: %s', (error, kind, reason, recipientGone) => {
    const failure = botFailure(error);
    expect(failure).toBeInstanceOf(DeliveryError);
    expect(failure).toMatchObject({ kind, reason });
    expect(failure.details.recipientGone).toBe(recipientGone);
    expect(failure.cause).toBeUndefined();
    expect(JSON.stringify(failure) + failure.message + failure.stack).not.toMatch(/493817|bot1:secret/);
  });
});

describe('A Telegram bot', () => {
  let simulator: TelegramBotSimulator;
  beforeAll(async () => void (simulator = await TelegramBotSimulator.start()));
  afterAll(() => simulator.stop());

  const settings = () => provider.settings.parse(settingsFor(simulator));
  const transport = () => ({ endpoint: simulator.url, allowPrivate: true, signal: AbortSignal.timeout(5_000) });
  const receive = (change: object, options?: Parameters<typeof simulator.update>[1]) =>
    provider.receive(simulator.update(change, options), settings());
  beforeAll(() => provider.install(settings(), CALLBACK_URL, transport()));

  it.each(['-1001234567890', '@acme', '0', '12 34', '', `1${'0'.repeat(20)}`])('never writes to %j: only people get codes', async (to) => {
    await expect(provider.send(outbound('telegram', to), settings(), transport())).rejects.toMatchObject({
      kind: 'definite',
      reason: 'invalid_recipient',
    });
    expect(simulator.accepted).toEqual([]);
  });

  it('follows nobody who would send it elsewhere', async () => {
    const before = simulator.accepted.length;
    const elsewhere = createServer((request, response) => response.writeHead(307, { location: simulator.url + request.url }).end());
    await once(elsewhere.listen(0, '127.0.0.1'), 'listening');
    const endpoint = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}`;
    await expect(provider.send(outbound('telegram', CHAT), settings(), { ...transport(), endpoint })).rejects.toMatchObject({
      kind: 'ambiguous',
    });
    elsewhere.closeAllConnections();
    elsewhere.close();
    expect(simulator.accepted.length).toBe(before);
  });

  it('takes no text that Telegram would not', async () => {
    const long = outbound('telegram', CHAT, { text: 'x'.repeat(4_097) });
    await expect(provider.send(long, settings(), transport())).rejects.toMatchObject({ kind: 'definite', reason: 'too_long' });
  });

  it('tells Telegram where to call back, with a secret that is not the token, and what about', () => {
    expect(simulator.webhook).toMatchObject({ url: CALLBACK_URL, allowed_updates: ['message', 'my_chat_member'] });
    expect(simulator.webhook!.secret_token).toMatch(/^[\w-]{43}$/);
    expect(simulator.violations).toEqual([]);
  });

  it("refuses to be installed under another bot's name, or with a token that is nobody's", async () => {
    const named = { ...settings(), bot_username: 'another_bot' };
    await expect(provider.install(named, CALLBACK_URL, transport())).rejects.toMatchObject({
      kind: 'configuration',
      reason: 'wrong_bot_username',
    });
    const stranger = { ...settings(), bot_token: '999999:simulated-token-of-nobody-0000000000' };
    await expect(provider.install(stranger, CALLBACK_URL, transport())).rejects.toMatchObject({
      kind: 'configuration',
      reason: 'credentials',
    });
  });

  it('hears of somebody who came by a link, and the same of the same update', async () => {
    const expected = { events: [{ type: 'contact', eventId: '42', token: 'Abc_def-123', address: CHAT }] };
    expect(await receive(simulator.says(Number(CHAT), '/start Abc_def-123'), { id: 42 })).toEqual(expected);
    expect(await receive(simulator.says(Number(CHAT), '/start Abc_def-123'), { id: 42 })).toEqual(expected);
  });

  it('hears of somebody who blocked the bot', async () => {
    expect(await receive(simulator.blocks(Number(CHAT)), { id: 43 })).toEqual({ events: [{ type: 'gone', eventId: '43', address: CHAT }] });
  });

  it.each([
    ['a group', { message: { chat: { id: -1001, type: 'group' }, text: '/start Abc' } }],
    ['a group that threw the bot out', { my_chat_member: { chat: { id: -1001, type: 'group' }, new_chat_member: { status: 'kicked' } } }],
    ['chatter', { message: { chat: { id: 7, type: 'private' }, text: 'hello' } }],
    ['a start without a token', { message: { chat: { id: 7, type: 'private' }, text: '/start' } }],
    ['a token with more behind it', { message: { chat: { id: 7, type: 'private' }, text: '/start Abc\nDef' } }],
    ['a token that is too long', { message: { chat: { id: 7, type: 'private' }, text: `/start ${'a'.repeat(65)}` } }],
    [
      "somebody else's words, passed on",
      { message: { chat: { id: 7, type: 'private' }, text: '/start Abc', forward_origin: { type: 'user' } } },
    ],
    ['an unblocking', { my_chat_member: { chat: { id: 7, type: 'private' }, new_chat_member: { status: 'member' } } }],
    ['something new', { message_reaction: { chat: { id: 7, type: 'private' } } }],
    ['an update without a number', { update_id: undefined, message: { chat: { id: 7, type: 'private' }, text: '/start Abc' } }],
  ])('takes note of %s and does nothing', async (_, change) => {
    expect(await receive(change)).toEqual({ events: [] });
  });

  it.each([
    ['no secret', { secret: '' }],
    ['a wrong secret', { secret: 'x'.repeat(43) }],
    ['the token for a secret', { secret: '123456:simulated-token-of-a-bot-00000000000' }],
  ])('refuses a callback with %s', async (_, options) => {
    await expect(receive(simulator.says(7, '/start Abc'), options)).rejects.toBeInstanceOf(CallbackRefused);
  });

  it("refuses another bot's callbacks", async () => {
    const other = { ...settings(), bot_token: '999999:simulated-token-of-nobody-0000000000' };
    await expect(provider.receive(simulator.update(simulator.says(7, '/start Abc')), other)).rejects.toBeInstanceOf(CallbackRefused);
  });

  it('refuses what is not JSON', async () => {
    const callback = { ...simulator.update({}), rawBody: Buffer.from('<html>') };
    await expect(provider.receive(callback, settings())).rejects.toBeInstanceOf(CallbackRefused);
  });

  it.each(['123456:short', '../../bot', '123456:with/slash-with/slash-with/slash-with', 'x'])(
    'refuses %j for a token and does not repeat it',
    (bot_token) => {
      const { error } = provider.settings.safeParse({ bot_token, bot_username: 'acme_login_bot' });
      expect(error!.message).toContain('must be a bot token');
      if (bot_token.length > 1) expect(error!.message).not.toContain(bot_token);
    },
  );
});
