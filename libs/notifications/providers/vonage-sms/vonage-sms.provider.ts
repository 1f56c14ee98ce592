import { Auth } from '@vonage/auth';
import { SMS, TypeEnum } from '@vonage/sms';
import segments from 'sms-segments-calculator';
import { z } from 'zod';
import type { OutboundMessage } from '../../channel.js';
import { DeliveryError } from '../../delivery-error.js';
import { type Accepted, type Callback, MessageProvider, type Received, type Transport } from '../../message-provider.js';
import { signatureSecret } from '../vonage/vonage-callback.js';
import { withoutPlus, withPatience } from '../vonage/vonage-client.js';
import { provenReceipt, SIGNATURES } from './receipt-signature.js';
import { readReceipt } from './sms-receipt.js';
import { smsFailure } from './sms-failure.js';

const settings = z.strictObject({
  api_key: z
    .string()
    .regex(/^[A-Za-z0-9]{4,40}$/)
    .describe("The account's API key"),
  api_secret: z
    .string()
    .regex(/^[\x21-\x7e]{8,64}$/)
    .describe('Its secret')
    .meta({ secret: true }),
  from: z
    .string()
    .regex(/^(\+?\d{5,15}|[A-Za-z0-9 ]{3,11})$/)
    .describe('Number or name that texts come from; some countries ignore names'),
  signature_secret: signatureSecret,
  receipt_signature: z
    .enum(SIGNATURES)
    .default('sha256')
    .describe(
      'How the account signs delivery receipts: the parameter `sig` by SHA-256 or SHA-512 HMAC as set in its dashboard, or a JWT. Signed receipts may have to be turned on by Vonage; unsigned ones are refused, and so are those by MD5 and SHA-1',
    ),
});

/** All of these are in GSM 03.38; to ask the calculator costs a quarter of all that sending takes. */
const PLAIN = /^[\n\r\x20-\x5f\x61-\x7e]*$/;
const isPlain = (text: string) => PLAIN.test(text) || new segments.SegmentedMessage(text).getEncodingName() !== 'UCS-2';

/** What Vonage takes as lifetime, in milliseconds. */
const TTL = { min: 20_000, max: 604_800_000 };

/** @see https://developer.vonage.com/en/api/sms */
export class VonageSmsProvider extends MessageProvider<typeof settings> {
  readonly id = 'vonage-sms';
  readonly title = 'Vonage SMS';
  readonly channels = ['sms'] as const;
  readonly settings = settings;
  readonly reports = true;

  async send(message: OutboundMessage, company: z.output<typeof settings>, { signal, endpoint }: Transport): Promise<Accepted> {
    // Without a key the SDK asks for a file named `undefined`, and Node complains.
    const auth = new Auth({ apiKey: company.api_key, apiSecret: company.api_secret, privateKey: '' });
    const sms = withPatience(new SMS(auth, endpoint ? { restHost: endpoint } : {}), signal);
    const request = {
      from: withoutPlus(company.from),
      to: withoutPlus(message.to),
      text: message.text,
      // Sent as plain text, letters outside GSM 03.38 arrive as question marks.
      type: isPlain(message.text) ? TypeEnum.TEXT : TypeEnum.UNICODE,
      ttl: Math.min(Math.max(message.expiresAt.getTime() - Date.now(), TTL.min), TTL.max),
      statusReportReq: true,
      callback: message.callbackUrl,
      clientRef: message.attemptId,
    };
    const { messages } = await sms.send(request).catch(async (error: unknown) => {
      throw await smsFailure(error, signal);
    });
    // One id for each part of a long text; a code fits in the first.
    const providerMessageId = messages?.[0]?.messageId;
    if (!providerMessageId) throw new DeliveryError('ambiguous', 'unreadable_answer');
    return { providerMessageId };
  }

  override async receive(callback: Callback, company: z.output<typeof settings>): Promise<Received> {
    const { fields, signedAt } = await provenReceipt(callback, company);
    return { events: readReceipt(fields, signedAt) };
  }
}
