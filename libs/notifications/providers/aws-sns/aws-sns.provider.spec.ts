import aws4 from 'aws4';
import { SnsSimulator, snsError } from '../../../../test/simulators/sns.js';
import { describeProvider, outbound } from '../../testing/describe-provider.js';
import { AwsSnsProvider } from './aws-sns.provider.js';

const provider = new AwsSnsProvider();
const to = '+34600111222';
const filledIn = ({ accessKeyId, secretAccessKey }: SnsSimulator) => ({
  region: 'eu-west-1',
  access_key_id: accessKeyId,
  secret_access_key: secretAccessKey,
});

describeProvider({
  provider,
  simulator: () => new SnsSimulator().start(),
  settings: (simulator) => filledIn(simulator as SnsSimulator),
  to,
  serverErrorIs: 'ambiguous',
});

describe('Texts over Amazon SNS', () => {
  let sns: SnsSimulator;
  beforeAll(async () => void (sns = await new SnsSimulator().start()));
  afterAll(() => sns.stop());

  const send = (change: object = {}) =>
    provider.send(outbound('sms', to), provider.settings.parse({ ...filledIn(sns), ...change }), {
      endpoint: sns.url,
      allowPrivate: true,
      signal: AbortSignal.timeout(5_000),
    });

  it('go out as transactional, and carry nothing that was not asked for', async () => {
    await send();
    expect(sns.attributes).toEqual({ 'AWS.SNS.SMS.SMSType': 'Transactional' });
  });

  it('carry sender, number and price as the company set them', async () => {
    await send({ sender_id: 'Acme', origination_number: '+34600999888', max_price: 0.05 });
    expect(sns.attributes).toEqual({
      'AWS.SNS.SMS.SMSType': 'Transactional',
      'AWS.SNS.SMS.SenderID': 'Acme',
      'AWS.MM.SMS.OriginationNumber': '+34600999888',
      'AWS.SNS.SMS.MaxPrice': '0.05',
    });
    expect(sns.violations).toEqual([]);
  });

  it('are signed as another implementation of SigV4 signs them', async () => {
    await send();
    const { method, path, headers, body } = sns.last!;
    const { authorization, 'content-length': _length, ...rest } = headers;
    const signed = /SignedHeaders=([^,]+)/.exec(authorization!)![1]!.split(';');
    const unsigned = {
      method,
      path,
      host: headers['host']!,
      service: 'sns',
      region: 'eu-west-1',
      body,
      headers: Object.fromEntries(Object.entries(rest).filter(([name]) => signed.includes(name))),
      extraHeadersToInclude: Object.fromEntries(signed.map((name) => [name, true])),
    };
    const again = aws4.sign(unsigned, { accessKeyId: sns.accessKeyId, secretAccessKey: sns.secretAccessKey });
    expect(again.headers!['Authorization']).toBe(authorization);
  });

  it('are refused with the wrong secret, which is a matter of configuration', async () => {
    await expect(send({ secret_access_key: 'another+secret/access-key-of-40-characters' })).rejects.toMatchObject({
      kind: 'configuration',
      reason: 'credentials',
    });
    expect(sns.violations.splice(0)).toEqual(['signature: SignatureDoesNotMatch']);
  });

  it.each([
    [400, 'Throttling', 'retryable', 'throttled'],
    [429, 'Throttled', 'retryable', 'throttled'],
    [400, 'ThrottlingException', 'retryable', 'throttled'],
    [503, 'ServiceUnavailable', 'retryable', 'vendor_unavailable'],
    [400, 'InvalidParameter', 'definite', 'invalid_parameter'],
    [400, 'ParameterValueInvalid', 'definite', 'invalid_parameter'],
    [400, 'ValidationError', 'definite', 'invalid_parameter'],
    [400, 'OptedOut', 'definite', 'opted_out'],
    [400, 'SomethingNew', 'definite', 'refused'],
    [403, 'AuthorizationError', 'configuration', 'not_permitted'],
    [403, 'InvalidClientTokenId', 'configuration', 'credentials'],
    [403, 'SignatureDoesNotMatch', 'configuration', 'credentials'],
    [403, 'ExpiredToken', 'configuration', 'credentials'],
    [403, 'OptInRequired', 'configuration', 'account_not_enabled'],
    [400, 'RequestExpired', 'configuration', 'clock'],
    [403, 'SomethingNew', 'configuration', 'not_permitted'],
    [500, 'InternalError', 'ambiguous', 'vendor_error'],
    [500, 'InternalFailure', 'ambiguous', 'vendor_error'],
    [502, 'SomethingNew', 'ambiguous', 'vendor_error'],
    [400, 'constructor', 'definite', 'refused'],
  ])('answered %i %s are %s: %s', async (status, code, kind, reason) => {
    sns.answerNext(snsError(status, code));
    await expect(send()).rejects.toMatchObject({ name: 'DeliveryError', kind, reason });
  });

  it.each([
    ['an empty 200', { status: 200 }, 'ambiguous'],
    ['a 200 without an id', { status: 200, body: '<PublishResponse><PublishResult/></PublishResponse>' }, 'ambiguous'],
    ['a 200 that is no XML', { status: 200, body: '{"ok":true}' }, 'ambiguous'],
    ['a 502 of somebody between', { status: 502, body: '<html><body>Bad gateway' }, 'ambiguous'],
    ['a 503 of somebody between', { status: 503, body: 'busy' }, 'retryable'],
    ['a 404 that is no XML', { status: 404, body: 'not here' }, 'definite'],
  ])('are judged after %s', async (_, answer, kind) => {
    sns.answerNext(answer);
    await expect(send()).rejects.toMatchObject({ name: 'DeliveryError', kind });
  });

  it.each([
    ['a region that is a host', { region: 'eu-west-1.evil.test/' }],
    ['a sender without a letter', { sender_id: '12345' }],
    ['a sender too long', { sender_id: 'AcmeAcmeAcme' }],
    ['a price of nothing', { max_price: 0 }],
    ['a setting nobody knows', { endpoint: 'http://127.0.0.1' }],
  ])('are not set up with %s', (_, change) => {
    const { success, error } = provider.settings.safeParse({ ...filledIn(sns), ...change });
    expect(success).toBe(false);
    expect(error!.message).not.toContain(sns.secretAccessKey);
  });

  it('keep their secret marked', () => {
    expect(provider.settings.shape.secret_access_key.meta()).toMatchObject({ secret: true });
  });
});
