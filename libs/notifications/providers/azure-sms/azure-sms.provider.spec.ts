import { AzureSms, recipientAnswer } from '../../../../test/simulators/azure-sms.js';
import { ACCESS_KEY, fault } from '../../../../test/simulators/azure-resource.js';
import type { DeliveryError } from '../../delivery-error.js';
import { describeProvider, outbound } from '../../testing/describe-provider.js';
import { AzureSmsProvider } from './azure-sms.provider.js';

const TO = '+34600123456';
const account = { endpoint: 'https://acme.communication.azure.com', access_key: ACCESS_KEY, from: '+18005551234' };

describeProvider({
  provider: new AzureSmsProvider(),
  simulator: () => AzureSms.start(),
  settings: () => account,
  to: TO,
  namesRetryAfter: true,
  serverErrorIs: 'ambiguous',
});

describe('SMS by Azure', () => {
  const provider = new AzureSmsProvider();
  let azure: AzureSms;
  beforeAll(async () => void (azure = await AzureSms.start()));
  afterAll(() => azure.stop());
  const send = (key = ACCESS_KEY) =>
    provider.send(outbound('sms', TO), provider.settings.parse({ ...account, access_key: key }), {
      endpoint: azure.url,
      allowPrivate: true,
      signal: AbortSignal.timeout(5_000),
    });

  it('asks for a report that names the attempt', async () => {
    const message = outbound('sms', TO);
    const transport = { endpoint: azure.url, allowPrivate: true, signal: AbortSignal.timeout(5_000) };
    await provider.send(message, provider.settings.parse(account), transport);
    expect(azure.accepted.at(-1)).toMatchObject({ to: TO, text: message.text, reference: message.attemptId });
    expect(azure.violations).toEqual([]);
  });

  it.each([
    [200, { value: [{ to: TO, messageId: 'm', httpStatusCode: 202, successful: true }] }, 'ambiguous', 'unexpected_reply'],
    [202, {}, 'ambiguous', 'unexpected_reply'],
    [202, { value: [] }, 'ambiguous', 'unexpected_reply'],
    [202, { value: 'nonsense' }, 'ambiguous', 'unexpected_reply'],
    [302, undefined, 'ambiguous', 'unexpected_reply'],
    [400, fault('BadRequest'), 'definite', 'refused'],
    [401, fault('Denied'), 'configuration', 'credentials'],
    [403, fault('Forbidden'), 'configuration', 'permission'],
    [404, fault('NotFound'), 'configuration', 'unknown_resource'],
    [408, undefined, 'ambiguous', 'timeout'],
    [409, fault('Conflict'), 'ambiguous', 'conflict'],
    [412, fault('PreconditionFailed'), 'ambiguous', 'conflict'],
    [422, fault('Unprocessable'), 'definite', 'refused'],
    [429, fault('TooManyRequests'), 'retryable', 'throttled'],
    [500, fault('InternalServerError'), 'ambiguous', 'vendor_error'],
    [502, undefined, 'ambiguous', 'vendor_error'],
    [503, fault('ServiceUnavailable'), 'retryable', 'unavailable'],
    [504, undefined, 'ambiguous', 'vendor_error'],
  ])('takes a reply of %s %j for %s: %s', async (status, body, kind, reason) => {
    azure.answer({ status, body });
    await expect(send()).rejects.toMatchObject({ name: 'DeliveryError', kind, reason });
  });

  it.each([
    [400, 'definite', 'invalid_recipient'],
    [401, 'configuration', 'credentials'],
    [404, 'configuration', 'unknown_resource'],
    [429, 'retryable', 'throttled'],
    [500, 'ambiguous', 'vendor_error'],
    [503, 'retryable', 'unavailable'],
  ])('takes %s for the recipient inside a 202 for %s: %s', async (httpStatusCode, kind, reason) => {
    azure.answer(recipientAnswer({ to: TO, httpStatusCode, successful: false, errorMessage: `no ${TO}` }));
    await expect(send()).rejects.toMatchObject({ name: 'DeliveryError', kind, reason, details: { vendorCode: String(httpStatusCode) } });
  });

  it('follows nobody elsewhere, not even within the vendor', async () => {
    const before = azure.accepted.length;
    azure.answer({ status: 307, headers: { location: '/sms?api-version=2021-03-07' } });
    await expect(send()).rejects.toMatchObject({ kind: 'ambiguous', reason: 'unexpected_reply' });
    expect(azure.accepted).toHaveLength(before);
  });

  it('knows nothing about a message that was taken without an id', async () => {
    azure.answer(recipientAnswer({ to: TO, httpStatusCode: 202, successful: true }));
    await expect(send()).rejects.toMatchObject({ kind: 'ambiguous', reason: 'unexpected_reply' });
  });

  it('keeps a code of the vendor only when it is a word or a short number', async () => {
    const codes = [];
    for (const code of ['BadRequest', '8523', TO.slice(1), `to ${TO}`]) {
      azure.answer({ status: 400, body: fault(code) });
      codes.push(await send().catch(({ details }: DeliveryError) => details.vendorCode));
    }
    expect(codes).toEqual(['BadRequest', '8523', undefined, undefined]);
  });

  it('is refused when it signs with another key', async () => {
    await expect(send(Buffer.from('some other access key').toString('base64'))).rejects.toMatchObject({ reason: 'credentials' });
    expect(azure.violations.splice(0)).toEqual(['the signature is wrong']);
  });

  it.each([
    'http://acme.communication.azure.com',
    'https://evil.example/acme.communication.azure.com',
    'https://evil.example#.communication.azure.com',
    'https://acme.communication.azure.com.evil.example',
    'https://acme.communication.azure.com:8443',
    'https://user@acme.communication.azure.com',
    'https://127.0.0.1/',
  ])('takes no other host than the vendor’s: %s', (endpoint) => {
    const { success, error } = provider.settings.safeParse({ ...account, endpoint });
    expect(success).toBe(false);
    expect(error!.message).not.toContain(endpoint);
  });

  it.each(['+18005551234', '12345', 'Acme 2FA', 'https://acme.unitedstates.communication.azure.com/'])('takes %s', (value) => {
    const field = value.startsWith('https') ? 'endpoint' : 'from';
    expect(provider.settings.safeParse({ ...account, [field]: value }).success).toBe(true);
  });
});
