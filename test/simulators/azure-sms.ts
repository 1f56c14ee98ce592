import { randomUUID } from 'node:crypto';
import type { VendorSimulator } from '../../libs/notifications/testing/describe-provider.js';
import { AzureResource, repeatable, type SignedRequest } from './azure-resource.js';

interface SendRequest {
  from?: string;
  smsRecipients?: { to?: string; repeatabilityRequestId?: string; repeatabilityFirstSent?: string }[];
  message?: string;
  smsSendOptions?: { enableDeliveryReport?: boolean; tag?: string };
}

/** Azure Communication Services, SMS: 202 for all it could read, with each recipient's fate inside. */
export class AzureSms extends AzureResource implements VendorSimulator {
  static start({ port = 0 } = {}): Promise<AzureSms> {
    return new AzureSms('2021-03-07').listen(port);
  }

  protected serve(request: SignedRequest) {
    if (request.method !== 'POST' || request.path !== '/sms') return this.violation(`${request.method} ${request.path}`);
    const { from, smsRecipients = [], message, smsSendOptions } = JSON.parse(request.body) as SendRequest;
    const [recipient] = smsRecipients;
    if (!from || !message || message.length > 2048) return this.violation('sender or message');
    if (smsRecipients.length !== 1 || !/^\+[1-9]\d{6,14}$/.test(recipient?.to ?? '')) return this.violation('recipients');
    if (!repeatable(recipient!.repeatabilityRequestId, recipient!.repeatabilityFirstSent)) return this.violation('repeatability');
    if (!smsSendOptions?.enableDeliveryReport || !smsSendOptions.tag) return this.violation('no report asked for');

    const to = recipient!.to!;
    const take = () => {
      const id = `Outgoing_${randomUUID()}_noam`;
      this.accepted.push({ id, to, text: message, reference: smsSendOptions.tag });
      return recipientAnswer({ to, messageId: id, httpStatusCode: 202, successful: true, repeatabilityResult: 'accepted' });
    };
    return this.message(request, take, (quoted) =>
      recipientAnswer({ to, httpStatusCode: 400, successful: false, errorMessage: `Invalid To phone number: ${quoted}` }),
    );
  }
}

export const recipientAnswer = (recipient: object) => ({ status: 202, body: { value: [recipient] } });
