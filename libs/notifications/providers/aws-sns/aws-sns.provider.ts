import { type MessageAttributeValue, PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { z } from 'zod';
import type { OutboundMessage } from '../../channel.js';
import { DeliveryError } from '../../delivery-error.js';
import { type Accepted, MessageProvider, type Transport } from '../../message-provider.js';
import { snsFailure } from './sns-failure.js';

const settings = z.strictObject({
  region: z
    .string()
    .regex(/^[a-z]{2}(-[a-z]{2,12}){1,2}-\d{1,2}$/)
    .describe('AWS region, such as eu-west-1'),
  access_key_id: z
    .string()
    .regex(/^[A-Z0-9]{16,128}$/)
    .describe('Access key of a user that may do sns:Publish and nothing else'),
  secret_access_key: z
    .string()
    .regex(/^[\x21-\x7e]{16,128}$/)
    .describe('Its secret')
    .meta({ secret: true }),
  sender_id: z
    .string()
    .regex(/^(?=.*[A-Za-z])[A-Za-z0-9]{3,11}$/)
    .optional()
    .describe('Name shown as sender, 3 to 11 letters and digits; some countries ignore it'),
  origination_number: z
    .string()
    .regex(/^\+?\d{5,14}$/)
    .optional()
    .describe('A number of yours that texts come from'),
  max_price: z.number().min(0.001).max(100).optional().describe('US dollars a text may cost; AWS silently drops what costs more'),
});

/**
 * Reports nothing: what became of a text stands in CloudWatch only, up to three days late. Its request has no idempotency field either, so
 * sending again is a second text.
 * @see https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
 */
export class AwsSnsProvider extends MessageProvider<typeof settings> {
  readonly id = 'aws-sns';
  readonly title = 'Amazon SNS';
  readonly channels = ['sms'] as const;
  readonly settings = settings;
  readonly reports = false;

  /** Connections of all companies: clients come and go with their credentials, sockets stay. */
  private readonly connections = new SNSClient({ region: 'us-east-1' }).config.requestHandler;

  async send({ to, text }: OutboundMessage, company: z.output<typeof settings>, { signal, endpoint }: Transport): Promise<Accepted> {
    const client = new SNSClient({
      region: company.region,
      credentials: { accessKeyId: company.access_key_id, secretAccessKey: company.secret_access_key },
      maxAttempts: 1,
      requestHandler: this.connections,
      ...(endpoint && { endpoint }),
    });
    const publish = new PublishCommand({ PhoneNumber: to, Message: text, MessageAttributes: attributes(company) });

    // The SDK's own timeouts do not abort by default; the signal does.
    const { MessageId } = await client.send(publish, { abortSignal: signal }).catch((error: unknown) => {
      throw snsFailure(error, signal);
    });
    // A 200 without a readable body resolves too.
    if (!MessageId) throw new DeliveryError('ambiguous', 'unreadable_answer');
    return { providerMessageId: MessageId };
  }
}

function attributes({ sender_id, origination_number, max_price }: z.output<typeof settings>): Record<string, MessageAttributeValue> {
  return {
    // The account's default may be Promotional: cheaper, and later than a code lives.
    'AWS.SNS.SMS.SMSType': { DataType: 'String', StringValue: 'Transactional' },
    ...(sender_id && { 'AWS.SNS.SMS.SenderID': { DataType: 'String', StringValue: sender_id } }),
    ...(origination_number && { 'AWS.MM.SMS.OriginationNumber': { DataType: 'String', StringValue: origination_number } }),
    ...(max_price && { 'AWS.SNS.SMS.MaxPrice': { DataType: 'Number', StringValue: String(max_price) } }),
  };
}
