import { createPrivateKey } from 'node:crypto';
import { Auth } from '@vonage/auth';
import { Channels, Verify2, VerifyLocale } from '@vonage/verify2';
import { z } from 'zod';
import type { OutboundMessage } from '../../channel.js';
import { DeliveryError } from '../../delivery-error.js';
import { type Accepted, type Callback, MessageProvider, type Received, type Transport } from '../../message-provider.js';
import { proven, signatureSecret } from '../vonage/vonage-callback.js';
import { withoutPlus, withPatience } from '../vonage/vonage-client.js';
import { type Verdicts, vonageFailure } from '../vonage/vonage-failure.js';
import { readVerifyEvents } from './verify-events.js';

const settings = z.strictObject({
  application_id: z.uuid().describe('The application at Vonage, with the capability Verify'),
  private_key: z
    .string()
    .max(8_192)
    // Also because the SDK opens a file when it is given the name of one.
    .refine(isRsaKey, 'must be an RSA private key of 2048 bits or more, in PEM, without a passphrase')
    .describe("The application's private key")
    .meta({ secret: true }),
  signature_secret: signatureSecret,
  from: z
    .string()
    .regex(/^[A-Za-z0-9 ]{3,15}$/)
    .optional()
    .describe('Name or number shown as sender of texts; some countries ignore it'),
});

/** Vonage takes a second request to the same number only when the first has ended. We check the code ourselves, so it may end early. */
const SECONDS_A_STEP_LASTS = 60;

const VERDICTS: Verdicts<number> = {
  409: ['retryable', 'concurrent'],
  422: ['definite', 'invalid_parameter'],
};

/**
 * Vonage writes or speaks the words; the code is ours, and so is checking it. That is why `reports` is false: to Vonage a request is
 * completed when somebody types the code there, which nobody does, and arrival has no word at all. Failures are heard nevertheless.
 * The address of callbacks is set at Vonage: the application's status URL.
 * @see https://developer.vonage.com/en/api/verify.v2
 */
export class VonageVerifyProvider extends MessageProvider<typeof settings> {
  readonly id = 'vonage-verify';
  readonly title = 'Vonage Verify';
  readonly channels = ['sms', 'voice'] as const;
  readonly settings = settings;
  readonly reports = false;
  override readonly codesOnly = true;

  async send(message: OutboundMessage, company: z.output<typeof settings>, { signal, endpoint }: Transport): Promise<Accepted> {
    if (!/^[A-Za-z0-9]{4,10}$/.test(message.code ?? '')) throw new DeliveryError('definite', 'no_code');

    const auth = new Auth({ applicationId: company.application_id, privateKey: company.private_key });
    const verify = withPatience(new Verify2(auth, endpoint ? { apiHost: endpoint } : {}), signal);
    const to = withoutPlus(message.to);
    const request = {
      brand: brandOf(message.brand),
      locale: localeOf(message.locale),
      code: message.code!,
      clientRef: message.attemptId,
      channelTimeout: SECONDS_A_STEP_LASTS,
      workflow: [
        message.channel === 'voice'
          ? { channel: Channels.VOICE as const, to }
          : { channel: Channels.SMS as const, to, ...(company.from && { from: company.from }) },
      ],
    };
    const { requestId } = await verify.newRequest(request).catch(async (error: unknown) => {
      throw await vonageFailure(error, signal, VERDICTS);
    });
    if (!requestId) throw new DeliveryError('ambiguous', 'unreadable_answer');
    return { providerMessageId: requestId };
  }

  override async receive(callback: Callback, company: z.output<typeof settings>): Promise<Received> {
    const signedAt = await proven(callback, company.signature_secret, { applicationId: company.application_id });
    return { events: readVerifyEvents(callback.rawBody, signedAt) };
  }
}

function isRsaKey(pem: string): boolean {
  try {
    const { asymmetricKeyType, asymmetricKeyDetails } = createPrivateKey(pem);
    return asymmetricKeyType === 'rsa' && (asymmetricKeyDetails?.modulusLength ?? 0) >= 2048;
  } catch {
    return false;
  }
}

/** At most 16 characters, and none of those. */
const brandOf = (name: string) =>
  name
    .replaceAll(/[\\/{}:$]/g, ' ')
    .trim()
    .slice(0, 16)
    .trim() || 'Code';

/** The nearest that Vonage speaks: the same, the same language elsewhere, English. */
function localeOf(locale: string): string {
  const spoken: string[] = Object.values(VerifyLocale);
  const wanted = locale.toLowerCase();
  const language = `${wanted.split('-')[0]}-`;
  return spoken.find((one) => one === wanted) ?? spoken.find((one) => one.startsWith(language)) ?? VerifyLocale.EN_US;
}
