import { randomUUID } from 'node:crypto';
import { AzureKeyCredential, type CloudEvent, EventGridPublisherClient, type SendEventGridEventInput } from '@azure/eventgrid';

type Schema = 'EventGrid' | 'CloudEvent';

export interface DeliveryReport {
  messageId: string;
  to: string;
  tag?: string | undefined;
  deliveryStatus: string;
  deliveryStatusDetails?: string;
}

/** An event as it will go out, once or more often. */
export interface PreparedEvent {
  id: string;
  type: string;
  time: Date;
  data: object;
}

const TOPIC = '/subscriptions/s/resourceGroups/g/providers/Microsoft.Communication/CommunicationServices/acme';

/** Event Grid with one subscription: shakes hands as documented, then delivers with Microsoft's own sender. Late, twice, in any order. */
export class EventGrid {
  constructor(
    private readonly webhook: string,
    private readonly schema: Schema = 'EventGrid',
    /** Static delivery properties. */
    private readonly headers: Record<string, string> = {},
  ) {}

  /** @throws when the webhook does not agree as documented. */
  async subscribe(): Promise<void> {
    return this.schema === 'EventGrid' ? this.validate() : this.preflight();
  }

  prepare(report: DeliveryReport, change: Partial<PreparedEvent> = {}): PreparedEvent {
    const now = new Date();
    return {
      id: randomUUID(),
      type: 'Microsoft.Communication.SMSDeliveryReportReceived',
      time: now,
      data: {
        deliveryStatusDetails: 'No error.',
        receivedTimestamp: now.toISOString(),
        deliveryAttempts: [{ timestamp: now.toISOString(), segmentsSucceeded: 1, segmentsFailed: 0 }],
        from: '+18005551234',
        ...report,
      },
      ...change,
    };
  }

  async deliver(...events: PreparedEvent[]): Promise<void> {
    const options = { requestOptions: { customHeaders: { 'aeg-event-type': 'Notification', ...this.headers } } };
    const transport = { allowInsecureConnection: true, retryOptions: { maxRetries: 0 } };
    const key = new AzureKeyCredential('nobody checks the key of a topic that is not there');
    if (this.schema === 'EventGrid') {
      await new EventGridPublisherClient(this.webhook, 'EventGrid', key, transport).send(events.map(inEventGridSchema), options);
    } else {
      await new EventGridPublisherClient(this.webhook, 'CloudEvent', key, transport).send(events.map(asCloudEvent), options);
    }
  }

  private async validate() {
    const validationCode = randomUUID();
    const response = await fetch(this.webhook, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'aeg-event-type': 'SubscriptionValidation', ...this.headers },
      body: JSON.stringify([
        {
          id: randomUUID(),
          topic: TOPIC,
          subject: '',
          data: { validationCode, validationUrl: 'https://rp-westeurope.eventgrid.azure.net:553/eventsubscriptions/s/validate?id=1' },
          eventType: 'Microsoft.EventGrid.SubscriptionValidationEvent',
          eventTime: new Date().toISOString(),
          metadataVersion: '1',
          dataVersion: '2',
        },
      ]),
    });
    // The vendor does not take 202.
    if (response.status !== 200) throw new Error(`validated with ${response.status}`);
    const answer = (await response.json()) as { validationResponse?: string };
    if (answer.validationResponse !== validationCode) throw new Error('another validation code');
  }

  /** @see https://github.com/cloudevents/spec/blob/main/cloudevents/http-webhook.md#4-abuse-protection */
  private async preflight() {
    const origin = 'eventgrid.azure.net';
    const response = await fetch(this.webhook, {
      method: 'OPTIONS',
      headers: { 'webhook-request-origin': origin, 'webhook-request-rate': '120' },
    });
    if (response.status !== 200) throw new Error(`allowed with ${response.status}`);
    if (!['*', origin].includes(response.headers.get('webhook-allowed-origin') ?? '')) throw new Error('another origin');
    if (!/^(\*|[1-9]\d*)$/.test(response.headers.get('webhook-allowed-rate') ?? '')) throw new Error('no rate');
  }
}

const inEventGridSchema = ({ id, type, time, data }: PreparedEvent): SendEventGridEventInput<object> => ({
  id,
  eventType: type,
  eventTime: time,
  subject: '/phonenumber/18005551234',
  dataVersion: '1.0',
  data,
});

const asCloudEvent = ({ id, type, time, data }: PreparedEvent): CloudEvent<object> => ({
  id,
  type,
  time,
  source: TOPIC,
  subject: '/phonenumber/18005551234',
  data,
});
