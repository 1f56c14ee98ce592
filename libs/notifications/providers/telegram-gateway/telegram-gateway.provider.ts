import { z } from 'zod';
import type { OutboundMessage } from '../../channel.js';
import { DeliveryError } from '../../delivery-error.js';
import { type Accepted, type Callback, MessageProvider, type Received, type Transport } from '../../message-provider.js';
import { connectionFailure, refusal, serverFailure } from './gateway-failure.js';
import { readReport } from './gateway-report.js';

const settings = z.strictObject({
  api_token: z
    .string()
    .min(16)
    .max(200)
    .regex(/^[\w:.~+/=-]+$/, 'must be an API token')
    .describe('The API token of the Gateway account')
    .meta({ secret: true }),
  sender_username: z
    .string()
    .regex(/^[A-Za-z]\w{3,30}$/, 'must be the name of a channel, without @')
    .optional()
    .describe('A verified channel of the same account that codes come from; Telegram itself when left out'),
});
type Settings = z.output<typeof settings>;

/** The Gateway takes digits, 4 to 8 of them, and numbers in E.164. */
const CODE = /^\d{4,8}$/;
const PHONE_NUMBER = /^\+[1-9]\d{6,14}$/;

/** Seconds a message may live (https://core.telegram.org/gateway/api, since February 2025). */
const TTL = { min: 30, max: 3600 };

const reply = z.union([
  z.object({ ok: z.literal(true), result: z.object({ request_id: z.string().min(1).max(200) }) }),
  z.object({ ok: z.literal(false), error: z.string() }),
]);

/**
 * Telegram writes the words and carries only our code, to whoever registered that phone number.
 * @see https://core.telegram.org/gateway/api
 */
export class TelegramGatewayProvider extends MessageProvider<typeof settings> {
  readonly id = 'telegram-gateway';
  readonly title = 'Telegram Gateway';
  readonly channels = ['telegram'] as const;
  readonly settings = settings;
  readonly reports = true;
  override readonly byPhoneNumber = true;
  override readonly codesOnly = true;

  async send(message: OutboundMessage, { api_token, sender_username }: Settings, transport: Transport): Promise<Accepted> {
    if (!PHONE_NUMBER.test(message.to)) throw new DeliveryError('definite', 'invalid_recipient');
    if (!message.code || !CODE.test(message.code)) throw new DeliveryError('definite', 'unsupported_code');

    const { status, body } = await this.post(api_token, transport, {
      phone_number: message.to,
      code: message.code,
      ttl: timeToLive(message.expiresAt),
      payload: message.attemptId,
      callback_url: message.callbackUrl,
      ...(sender_username && { sender_username }),
    });
    const said = reply.safeParse(body).data;
    if (said?.ok) return { providerMessageId: said.result.request_id };
    throw said ? refusal(said.error, status) : serverFailure(status);
  }

  override async receive(callback: Callback, { api_token }: Settings): Promise<Received> {
    return { events: readReport(callback, api_token) };
  }

  private async post(token: string, { endpoint, signal }: Transport, fields: object): Promise<{ status: number; body: unknown }> {
    try {
      const response = await fetch(`${endpoint ?? 'https://gatewayapi.telegram.org'}/sendVerificationMessage`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify(fields),
        // A redirect would carry the code to wherever it points.
        redirect: 'error',
        signal,
      });
      return { status: response.status, body: await response.json().catch((error: Error) => unlessAborted(error)) };
    } catch (error) {
      throw connectionFailure(error);
    }
  }
}

/** A page instead of JSON is judged by its status; a reply that never came is no reply. */
function unlessAborted(error: Error): undefined {
  if (error instanceof SyntaxError) return undefined;
  throw error;
}

/** The Gateway deletes what nobody has read by then, and reports `expired`. */
function timeToLive(expiresAt: Date): number {
  const left = Math.floor((expiresAt.getTime() - Date.now()) / 1000);
  if (left <= 0) throw new DeliveryError('definite', 'expired');
  return Math.min(TTL.max, Math.max(TTL.min, left));
}
