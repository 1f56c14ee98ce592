import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { Api } from 'grammy';
import { z } from 'zod';
import type { OutboundMessage } from '../../channel.js';
import { DeliveryError } from '../../delivery-error.js';
import { type Accepted, type Callback, CallbackRefused, MessageProvider, type Received, type Transport } from '../../message-provider.js';
import { botFailure } from './bot-failure.js';
import { readUpdate } from './bot-update.js';

const settings = z.strictObject({
  bot_token: z
    .string()
    .max(100)
    // It becomes part of the address that is called: nothing but a token may stand there.
    .regex(/^\d{5,16}:[\w-]{30,70}$/, 'must be a bot token')
    .describe("The bot's token, from @BotFather")
    .meta({ secret: true }),
  bot_username: z
    .string()
    .regex(/^[A-Za-z]\w{3,30}$/, 'must be the name of a bot, without @')
    .describe("The bot's name without @: people open https://t.me/<name> to connect"),
});
type Settings = z.output<typeof settings>;

/** Ids of people are positive; groups and channels are not for codes. 52 bits at most (Bot API, Chat). */
const PRIVATE_CHAT = /^[1-9]\d{0,15}$/;

/** Longest text of one message (Bot API, sendMessage). */
const TEXT_LENGTH = 4096;

const sha256 = (text: string) => createHash('sha256').update(text).digest();

/** What Telegram shows us with each update. Whoever knows it knows the bot's token. */
const webhookSecret = ({ bot_token }: Settings) => createHmac('sha256', bot_token).update('webhook').digest('base64url');

/**
 * A bot cannot start a chat: a person comes to it by a link that carries a token of ours.
 * @see https://core.telegram.org/bots/api
 */
export class TelegramBotProvider extends MessageProvider<typeof settings> {
  readonly id = 'telegram-bot';
  readonly title = 'Telegram bot';
  readonly channels = ['telegram'] as const;
  readonly settings = settings;
  readonly reports = false;
  /** Telegram stops a bot at about 30 messages a second. */
  override readonly concurrency = 16;

  async send({ to, text }: OutboundMessage, settings: Settings, transport: Transport): Promise<Accepted> {
    if (!PRIVATE_CHAT.test(to)) throw new DeliveryError('definite', 'invalid_recipient');
    if (text.length > TEXT_LENGTH) throw new DeliveryError('definite', 'too_long');
    const sent = await this.ask(
      settings,
      transport,
      // No parse_mode: the text is read as it is, and nothing in it needs escaping.
      (api, signal) => api.sendMessage(Number(to), text, { protect_content: true, link_preview_options: { is_disabled: true } }, signal),
    );
    if (!Number.isSafeInteger(sent?.message_id)) throw new DeliveryError('ambiguous', 'unreadable_reply');
    return { providerMessageId: String(sent.message_id) };
  }

  override async install(settings: Settings, callbackUrl: string, transport: Transport): Promise<void> {
    const me = await this.ask(settings, transport, (api, signal) => api.getMe(signal));
    if (me?.username?.toLowerCase() !== settings.bot_username.toLowerCase()) throw new DeliveryError('configuration', 'wrong_bot_username');
    await this.ask(settings, transport, (api, signal) =>
      api.setWebhook(
        callbackUrl,
        { secret_token: webhookSecret(settings), allowed_updates: ['message', 'my_chat_member'], max_connections: 10 },
        signal,
      ),
    );
  }

  override contactLink({ bot_username }: Settings, token: string) {
    return `https://t.me/${bot_username}?start=${token}`;
  }

  override async receive({ headers, rawBody }: Callback, settings: Settings): Promise<Received> {
    const shown = headers['x-telegram-bot-api-secret-token'];
    if (!shown || !timingSafeEqual(sha256(shown), sha256(webhookSecret(settings)))) throw new CallbackRefused('secret token');
    return { events: readUpdate(rawBody) };
  }

  private async ask<T>(
    { bot_token }: Settings,
    { endpoint, signal }: Transport,
    call: (api: Api, signal: Parameters<Api['getMe']>[0]) => Promise<T>,
  ): Promise<T> {
    const api = new Api(bot_token, {
      ...(endpoint && { apiRoot: endpoint }),
      // A redirect would carry token and text to wherever it points.
      baseFetchConfig: { redirect: 'error' },
    });
    try {
      return await call(api, signal as Parameters<Api['getMe']>[0]);
    } catch (error) {
      // GrammyError holds the text and HttpError the address with the token: neither comes along, not even as a cause.
      throw botFailure(error);
    }
  }
}
