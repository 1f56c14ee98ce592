import { randomUUID } from 'node:crypto';
import { type Answer, type Asked, type Read, ScriptedVendor } from './scripted-vendor.js';
import { signatureFault } from './sigv4.js';

const XMLNS = 'http://sns.amazonaws.com/doc/2010-03-31/';

/** Name of an attribute → its data type and form. SNS refuses what it does not know among its own. */
const ATTRIBUTES: Record<string, [type: string, form: RegExp]> = {
  'AWS.SNS.SMS.SMSType': ['String', /^(Transactional|Promotional)$/],
  'AWS.SNS.SMS.SenderID': ['String', /^(?=.*[A-Za-z])[A-Za-z0-9]{1,11}$/],
  'AWS.SNS.SMS.MaxPrice': ['Number', /^\d+(\.\d+)?$/],
  'AWS.MM.SMS.OriginationNumber': ['String', /^\+?\d{5,14}$/],
};

export const snsError = (status: number, code: string, message = ''): Answer => ({
  status,
  headers: { 'content-type': 'text/xml' },
  body: `<ErrorResponse xmlns="${XMLNS}"><Error><Type>${status < 500 ? 'Sender' : 'Receiver'}</Type><Code>${code}</Code><Message>${message}</Message></Error><RequestId>${randomUUID()}</RequestId></ErrorResponse>`,
});

/** Amazon SNS as far as texts to a number go: verifies SigV4 and the form, answers in XML. */
export class SnsSimulator extends ScriptedVendor {
  constructor(
    readonly accessKeyId = 'AKIAWATCHWORDTESTS01',
    readonly secretAccessKey = 'simulated+secret/access-key-of-forty-chars',
  ) {
    super();
  }

  // The vendor's own words repeat what they were told: they must not travel on.
  protected answers = {
    refuse: snsError(400, 'InvalidParameter', 'Invalid parameter: PhoneNumber Reason: +15005550009 is not valid to publish to'),
    throttle: snsError(400, 'Throttling', 'Rate exceeded'),
    misconfigured: snsError(403, 'AuthorizationError', 'User AKIAWATCHWORDTESTS01 is not authorized to perform: SNS:Publish'),
    error: snsError(500, 'InternalError', 'Your Acme code is 493817.'),
  };

  /** The message attributes of the last request. */
  attributes: Record<string, string> = {};

  protected read(asked: Asked): Read {
    const fault = signatureFault(asked, { accessKeyId: this.accessKeyId, secretAccessKey: this.secretAccessKey, service: 'sns' });
    if (fault) return { violation: `signature: ${fault}`, answer: snsError(403, fault, 'The security token or signature is not valid.') };

    const form = new URLSearchParams(asked.body);
    const wrong = this.wrongForm(asked, form);
    if (wrong) return { violation: `form: ${wrong}`, answer: snsError(400, 'InvalidParameter', `Invalid parameter: ${wrong}`) };

    const id = randomUUID();
    const body = `<PublishResponse xmlns="${XMLNS}"><PublishResult><MessageId>${id}</MessageId></PublishResult><ResponseMetadata><RequestId>${randomUUID()}</RequestId></ResponseMetadata></PublishResponse>`;
    return {
      message: { id, to: form.get('PhoneNumber')!, text: form.get('Message')! },
      answer: { status: 200, headers: { 'content-type': 'text/xml' }, body },
    };
  }

  private wrongForm({ method, path, headers }: Asked, form: URLSearchParams): string | undefined {
    if (method !== 'POST' || path !== '/') return 'address';
    if (!headers['content-type']?.startsWith('application/x-www-form-urlencoded')) return 'content-type';
    if (form.get('Action') !== 'Publish' || form.get('Version') !== '2010-03-31') return 'Action';
    if (!/^\+[1-9]\d{4,14}$/.test(form.get('PhoneNumber') ?? '')) return 'PhoneNumber';
    const message = form.get('Message') ?? '';
    if (message.length === 0 || message.length > 1600) return 'Message';

    this.attributes = {};
    for (let entry = 1; form.has(`MessageAttributes.entry.${entry}.Name`); entry++) {
      const [name, type, value] = ['Name', 'Value.DataType', 'Value.StringValue'].map(
        (part) => form.get(`MessageAttributes.entry.${entry}.${part}`) ?? '',
      ) as [string, string, string];
      if (ATTRIBUTES[name]?.[0] !== type || !ATTRIBUTES[name][1].test(value)) return `attribute ${name}`;
      this.attributes[name] = value;
    }
    return undefined;
  }
}
