import { createHash, createHmac, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Behaviour, VendorSimulator } from '../../libs/notifications/testing/describe-provider.js';

/** A request as the vendor makes it to us. */
export interface VendorRequest {
  method: 'POST';
  headers: Record<string, string>;
  query: Record<string, string>;
  rawBody: Buffer;
  url: string;
}

/** What one endpoint does with a scripted behaviour; `accept` answers, and returns what was taken. */
type Taken = VendorSimulator['accepted'][number];

/** Listens, scripts and counts; the two services below know the protocols. Free of test tools: it also runs in a process of its own. */
abstract class TelegramServer implements VendorSimulator {
  readonly accepted: Taken[] = [];
  readonly violations: string[] = [];
  private queue: Behaviour[] = [];
  private server!: Server;
  url = '';

  protected abstract answer(path: string, body: Record<string, unknown>, request: IncomingMessage, reply: Reply): void;

  async listen(port = 0): Promise<this> {
    this.server = createServer((request, response) => void this.serve(request, response));
    await new Promise<void>((resolve) => this.server.listen(port, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
    return this;
  }

  script(...behaviours: Behaviour[]) {
    this.queue = behaviours;
  }

  async stop() {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  /** Sends what Telegram would send, and returns the status it was answered with. */
  async deliver({ url, headers, rawBody }: VendorRequest): Promise<number> {
    const response = await fetch(url, { method: 'POST', headers, body: new Uint8Array(rawBody) });
    await response.body?.cancel();
    return response.status;
  }

  /** The next behaviour, for requests that send something. */
  protected behave(
    reply: Reply,
    answers: Record<Exclude<Behaviour, 'hang' | 'reset' | 'accept'>, [number, object]>,
    take: () => Taken,
    result: (taken: Taken) => object,
  ) {
    const behaviour = this.queue.shift() ?? 'accept';
    if (behaviour === 'hang') return;
    if (behaviour !== 'accept' && behaviour !== 'reset') return reply(...answers[behaviour]);
    const taken = take();
    this.accepted.push(taken);
    if (behaviour === 'reset') return reply('reset');
    reply(200, { ok: true, result: result(taken) });
  }

  protected wrong(reply: Reply, violation: string) {
    this.violations.push(violation);
    reply(400, { ok: false, error_code: 400, error: 'BAD_REQUEST', description: `Bad Request: ${violation}` });
  }

  private async serve(request: IncomingMessage, response: ServerResponse) {
    const reply: Reply = (status: number | 'reset', body?: object) =>
      status === 'reset'
        ? request.socket.destroy()
        : response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    try {
      if (request.method !== 'POST') return this.wrong(reply, `method ${request.method}`);
      if (!request.headers['content-type']?.startsWith('application/json')) return this.wrong(reply, 'content type');
      this.answer(request.url!, JSON.parse(Buffer.concat(chunks).toString() || '{}') as Record<string, unknown>, request, reply);
    } catch (error) {
      this.wrong(reply, String(error));
    }
  }
}

type Reply = (...answer: [number, object] | ['reset']) => unknown;

/** The Bot API: getMe, setWebhook, sendMessage; and the updates it sends. @see https://core.telegram.org/bots/api */
export class TelegramBotSimulator extends TelegramServer {
  webhook: { url: string; secret_token: string; allowed_updates: string[] } | undefined;
  private messageId = 100;
  private updateId = 5_000;
  readonly token: string;
  readonly username: string;

  constructor({ token = '123456:simulated-token-of-a-bot-00000000000', username = 'acme_login_bot' } = {}) {
    super();
    this.token = token;
    this.username = username;
  }

  static start(options: { token?: string; username?: string; port?: number } = {}) {
    return new TelegramBotSimulator(options).listen(options.port);
  }

  /** What Telegram sends about `change`, signed with the secret of setWebhook unless told otherwise. */
  update(
    change: object,
    { secret = this.webhook?.secret_token, id = ++this.updateId }: { secret?: string | undefined; id?: number } = {},
  ): VendorRequest {
    return {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(secret !== undefined && { 'x-telegram-bot-api-secret-token': secret }) },
      query: {},
      rawBody: Buffer.from(JSON.stringify({ update_id: id, ...change })),
      url: this.webhook?.url ?? '',
    };
  }

  /** Somebody writes to the bot: `/start <token>` is what a deep link does. */
  says(chatId: number, text: string, change: object = {}) {
    const from = { id: chatId, is_bot: false, first_name: 'Ada', language_code: 'en' };
    return {
      message: {
        message_id: ++this.messageId,
        from,
        chat: { id: chatId, first_name: 'Ada', type: 'private' },
        date: 1_790_000_000,
        text,
        ...change,
      },
    };
  }

  blocks(chatId: number, status = 'kicked') {
    const bot = { id: 123_456, is_bot: true, first_name: 'Acme', username: this.username };
    const chat = { id: chatId, first_name: 'Ada', type: 'private' };
    const member = { my_chat_member: { chat, from: { id: chatId, is_bot: false, first_name: 'Ada' }, date: 1_790_000_000 } };
    return {
      my_chat_member: {
        ...member.my_chat_member,
        old_chat_member: { user: bot, status: 'member' },
        new_chat_member: { user: bot, status, until_date: 0 },
      },
    };
  }

  protected answer(path: string, body: Record<string, unknown>, _request: IncomingMessage, reply: Reply) {
    const [, token, method] = /^\/bot([^/]+)\/(\w+)$/.exec(path) ?? [];
    if (token !== this.token) return reply(401, { ok: false, error_code: 401, description: 'Unauthorized' });
    if (method === 'getMe')
      return reply(200, { ok: true, result: { id: 123_456, is_bot: true, first_name: 'Acme', username: this.username } });
    if (method === 'setWebhook') return this.setWebhook(body, reply);
    if (method !== 'sendMessage') return this.wrong(reply, `method ${method}`);
    const { chat_id, text, protect_content } = body;
    if (!Number.isSafeInteger(chat_id)) return this.wrong(reply, 'chat_id');
    if (typeof text !== 'string' || text.length < 1 || text.length > 4096) return this.wrong(reply, 'text');
    if (protect_content !== true) return this.wrong(reply, 'protect_content');
    const refused = (error_code: number, description: string, parameters?: object): [number, object] => [
      error_code,
      { ok: false, error_code, description, ...(parameters && { parameters }) },
    ];
    this.behave(
      reply,
      {
        refuse: refused(403, 'Forbidden: bot was blocked by the user'),
        throttle: refused(429, 'Too Many Requests: retry after 7', { retry_after: 7 }),
        misconfigured: refused(401, 'Unauthorized'),
        error: refused(500, 'Internal Server Error'),
      },
      () => ({ id: String(++this.messageId), to: String(chat_id), text }),
      ({ id }) => ({ message_id: Number(id), date: 1_790_000_000, chat: { id: chat_id, type: 'private', first_name: 'Ada' }, text }),
    );
  }

  private setWebhook({ url, secret_token, allowed_updates }: Record<string, unknown>, reply: Reply) {
    if (!/^https:|^http:\/\/127\.0\.0\.1[:/]/.test(String(url))) return this.wrong(reply, 'webhook url');
    if (!/^[\w-]{1,256}$/.test(String(secret_token))) return this.wrong(reply, 'secret_token');
    this.webhook = { url: String(url), secret_token: String(secret_token), allowed_updates: allowed_updates as string[] };
    reply(200, { ok: true, result: true });
  }
}

/** The Gateway: sendVerificationMessage, and the signed reports it sends. @see https://core.telegram.org/gateway/api */
export class TelegramGatewaySimulator extends TelegramServer {
  readonly token: string;
  private readonly callbacks = new Map<string, { url: string; phone: string; payload: string }>();

  constructor({ token = 'AAEsimulatedGatewayToken0123456789' } = {}) {
    super();
    this.token = token;
  }

  static start(options: { token?: string; port?: number } = {}) {
    return new TelegramGatewaySimulator(options).listen(options.port);
  }

  /** A report about a message that was taken. Each call is signed anew, as a repetition is. */
  report(
    id: string,
    status: string,
    { token = this.token, timestamp = Math.floor(Date.now() / 1000), updatedAt = 1_790_000_000, change = {} } = {},
  ): VendorRequest {
    const { url, phone, payload } = this.callbacks.get(id) ?? { url: '', phone: '', payload: '' };
    const body = {
      request_id: id,
      phone_number: phone,
      request_cost: 0.01,
      delivery_status: { status, updated_at: updatedAt },
      payload,
      ...change,
    };
    const rawBody = Buffer.from(JSON.stringify(body));
    const key = createHash('sha256').update(token).digest();
    const signature = createHmac('sha256', key).update(`${timestamp}\n`).update(rawBody).digest('hex');
    const headers = { 'content-type': 'application/json', 'x-request-timestamp': String(timestamp), 'x-request-signature': signature };
    return { method: 'POST', headers, query: {}, rawBody, url };
  }

  protected answer(path: string, body: Record<string, unknown>, request: IncomingMessage, reply: Reply) {
    if (path !== '/sendVerificationMessage') return this.wrong(reply, `path ${path}`);
    if (request.headers.authorization !== `Bearer ${this.token}`) return reply(200, { ok: false, error: 'ACCESS_TOKEN_INVALID' });
    const { phone_number, code, ttl, payload, callback_url } = body as Record<string, string>;
    if (!/^\+[1-9]\d{6,14}$/.test(phone_number ?? '')) return this.wrong(reply, 'phone_number');
    if (!/^\d{4,8}$/.test(code ?? '')) return this.wrong(reply, 'code');
    if (!Number.isInteger(ttl) || Number(ttl) < 30 || Number(ttl) > 3600) return this.wrong(reply, 'ttl');
    if (!payload || Buffer.byteLength(payload) > 128) return this.wrong(reply, 'payload');
    if (!/^https?:/.test(callback_url ?? '') || Buffer.byteLength(callback_url!) > 256) return this.wrong(reply, 'callback_url');
    const refused = (error: string): [number, object] => [200, { ok: false, error }];
    this.behave(
      reply,
      {
        refuse: refused('PHONE_NUMBER_NOT_FOUND'),
        throttle: refused('FLOOD_WAIT_7'),
        misconfigured: refused('ACCESS_TOKEN_INVALID'),
        error: [500, { message: 'Internal Server Error' }],
      },
      () => {
        const id = randomUUID().replaceAll('-', '');
        this.callbacks.set(id, { url: callback_url!, phone: phone_number!, payload });
        return { id, to: phone_number!, text: code!, reference: payload };
      },
      ({ id }) => ({
        request_id: id,
        phone_number,
        request_cost: 0.01,
        remaining_balance: 99.99,
        payload,
        delivery_status: { status: 'sent', updated_at: 1_790_000_000 },
      }),
    );
  }
}

/** `node test/simulators/telegram.ts`: prints both addresses and what is taken; each line read scripts both. */
if (import.meta.main) {
  const simulators = [await TelegramBotSimulator.start(), await TelegramGatewaySimulator.start()];
  console.log(JSON.stringify({ bot: simulators[0]!.url, gateway: simulators[1]!.url }));
  for await (const line of process.stdin)
    for (const simulator of simulators) simulator.script(...(JSON.parse(String(line)) as Behaviour[]));
}
