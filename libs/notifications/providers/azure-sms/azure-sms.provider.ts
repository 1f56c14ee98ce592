import { z } from 'zod';
import type { OutboundMessage } from '../../channel.js';
import { DeliveryError } from '../../delivery-error.js';
import { type Accepted, type Callback, MessageProvider, type Received, type Transport } from '../../message-provider.js';
import { communicationAccount, CommunicationClients } from '../azure/communication-account.js';
import { communicationFailure, judgeStatus } from '../azure/communication-failure.js';
import { receiveEventGrid } from './event-grid.js';
import { deliveryReceipt } from './delivery-report.js';

const settings = z.strictObject({
  ...communicationAccount,
  from: z
    .string()
    .regex(/^(\+[1-9]\d{6,14}|\d{3,8}|(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11})$/, 'must be a number with +, a short code or a sender name')
    .describe('Sender: a number of the resource with +, a short code, or an alphanumeric sender name'),
  event_grid_key: z
    .string()
    .min(16)
    .max(200)
    .meta({ secret: true })
    .optional()
    .describe(
      'When set, Event Grid must show it: as static delivery property x-watchword-key, or as query parameter key of the webhook address',
    ),
});
type Settings = z.output<typeof settings>;

/**
 * The vendor's 202 says only that it read the request: what became of each recipient stands inside.
 * Receipts come from an Event Grid subscription to SMSDeliveryReportReceived that points to our callback address.
 * @see https://learn.microsoft.com/rest/api/communication/sms
 */
export class AzureSmsProvider extends MessageProvider<typeof settings> {
  readonly id = 'azure-sms';
  readonly title = 'Azure Communication Services SMS';
  readonly channels = ['sms'] as const;
  readonly settings = settings;
  readonly reports = true;

  private readonly clients = new CommunicationClients(async (address, credential, options) => {
    const { SmsClient } = await import('@azure/communication-sms');
    return new SmsClient(address, credential, options);
  });

  async send({ to, text, attemptId }: OutboundMessage, account: Settings, transport: Transport): Promise<Accepted> {
    const client = await this.clients.get(account, transport);
    const results = await client
      .send({ from: account.from, to: [to], message: text }, { enableDeliveryReport: true, tag: attemptId, abortSignal: transport.signal })
      .catch((error: unknown) => {
        throw communicationFailure(error);
      });

    // The SDK's type promises an array; a 202 without one resolves to undefined.
    const result = Array.isArray(results) ? results[0] : undefined;
    if (!result) throw new DeliveryError('ambiguous', 'unexpected_reply');
    if (!result.successful) throw refusal(result.httpStatusCode);
    if (!result.messageId) throw new DeliveryError('ambiguous', 'unexpected_reply');
    return { providerMessageId: result.messageId };
  }

  override async receive(callback: Callback, { event_grid_key }: Settings): Promise<Received> {
    return receiveEventGrid(callback, event_grid_key, deliveryReceipt);
  }
}

/** A recipient's status means what the reply's own would, but for 400: that is the number. */
const refusal = (status: number) =>
  status === 400
    ? new DeliveryError('definite', 'invalid_recipient', { vendorCode: '400' })
    : new DeliveryError(...judgeStatus(status), { vendorCode: String(status) });
