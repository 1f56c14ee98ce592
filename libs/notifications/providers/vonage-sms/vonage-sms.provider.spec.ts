import { SMS } from '@vonage/sms';
import { smsAnswer, VonageSmsSimulator } from '../../../../test/simulators/vonage.js';
import { describeProvider, outbound } from '../../testing/describe-provider.js';
import { VonageSmsProvider } from './vonage-sms.provider.js';

const provider = new VonageSmsProvider();
const to = '+34600111222';
const filledIn = ({ apiKey, apiSecret, signatureSecret }: VonageSmsSimulator) => ({
  api_key: apiKey,
  api_secret: apiSecret,
  from: 'Acme',
  signature_secret: signatureSecret,
});

describeProvider({
  provider,
  simulator: () => new VonageSmsSimulator().start(),
  settings: (simulator) => filledIn(simulator as VonageSmsSimulator),
  to,
  serverErrorIs: 'ambiguous',
});

describe('Texts over Vonage', () => {
  let vonage: VonageSmsSimulator;
  beforeAll(async () => void (vonage = await new VonageSmsSimulator().start()));
  afterAll(() => vonage.stop());

  const send = (message: object = {}, change: object = {}) =>
    provider.send(outbound('sms', to, message), provider.settings.parse({ ...filledIn(vonage), ...change }), {
      endpoint: vonage.url,
      allowPrivate: true,
      signal: AbortSignal.timeout(5_000),
    });
  const request = () => JSON.parse(vonage.last!.body) as Record<string, unknown>;

  it('ask for a receipt that names the attempt, and go without the plus', async () => {
    const message = outbound('sms', to);
    await send(message, { from: '+34600999888' });
    expect(request()).toMatchObject({
      from: '34600999888',
      to: '34600111222',
      type: 'text',
      'status-report-req': true,
      callback: message.callbackUrl,
      'client-ref': message.attemptId,
    });
    expect(vonage.violations).toEqual([]);
  });

  it.each([
    ['as long as the code does', 120_000, 119_000, 120_000],
    ['as short as Vonage can', -1, 20_000, 20_000],
    ['a week at most', 1e9, 604_800_000, 604_800_000],
  ])('live %s', async (_, left, least, most) => {
    await send({ expiresAt: new Date(Date.now() + left) });
    expect(request()['ttl']).toBeGreaterThanOrEqual(least);
    expect(request()['ttl']).toBeLessThanOrEqual(most);
  });

  it.each([
    ['Your Acme code is 493817.', 'text'],
    ['¿Código? Ñandú 493817', 'unicode'],
    ['验证码 493817', 'unicode'],
    ['Ihr Code für Märkte: 493817 €', 'text'],
  ])('of “%s” go as %s', async (text, type) => {
    await send({ text });
    expect(request()).toMatchObject({ text, type });
  });

  it.each([
    ['1', 'retryable', 'throttled'],
    ['2', 'definite', 'invalid_parameter'],
    ['3', 'definite', 'invalid_parameter'],
    ['4', 'configuration', 'credentials'],
    ['5', 'retryable', 'vendor_error'],
    ['6', 'definite', 'invalid_recipient'],
    ['7', 'definite', 'barred_recipient'],
    ['8', 'configuration', 'account_barred'],
    ['9', 'configuration', 'quota'],
    ['10', 'retryable', 'throttled'],
    ['11', 'configuration', 'account_not_enabled'],
    ['12', 'definite', 'too_long'],
    ['14', 'configuration', 'credentials'],
    ['15', 'configuration', 'invalid_sender'],
    ['22', 'definite', 'invalid_recipient'],
    ['23', 'configuration', 'invalid_callback'],
    ['29', 'configuration', 'demo_account'],
    ['32', 'configuration', 'credentials'],
    ['33', 'definite', 'deactivated_recipient'],
    ['99', 'definite', 'refused'],
  ])('refused with status %s in a 200 are %s: %s', async (status, kind, reason) => {
    vonage.answerNext(smsAnswer({ status, 'error-text': 'to 34600111222' }));
    await expect(send()).rejects.toMatchObject({ kind, reason, details: { vendorCode: status } });
  });

  const taken = (id: string) => ({ to: '34600111222', 'message-id': id, status: '0' });
  it('of several parts are known by the first', async () => {
    vonage.answerNext(smsAnswer(taken('A1'), taken('A2')));
    expect(await send()).toEqual({ providerMessageId: 'A1' });
  });

  it('of which one part went out may not be repeated', async () => {
    vonage.answerNext(smsAnswer(taken('A1'), { status: '1' }));
    await expect(send()).rejects.toMatchObject({ kind: 'ambiguous', reason: 'partly_sent' });
  });

  it('of which no part went out may be', async () => {
    vonage.answerNext(smsAnswer({ status: '1' }, { status: '1' }));
    await expect(send()).rejects.toMatchObject({ kind: 'retryable' });
  });

  const json = { 'content-type': 'application/json' };
  it.each([
    ['an empty 200', { status: 200 }, 'ambiguous', 'unreadable_answer'],
    [
      'a 200 without messages',
      { status: 200, headers: json, body: '{"message-count":"0","messages":[]}' },
      'ambiguous',
      'unreadable_answer',
    ],
    ['a 200 of broken JSON', { status: 200, headers: json, body: '{' }, 'ambiguous', 'unreadable_answer'],
    ['a 200 with a word as status', smsAnswer({ status: 'constructor' }), 'definite', 'refused'],
    ['a 401', { status: 401 }, 'configuration', 'credentials'],
    ['a 429 that names its time', { status: 429, headers: { 'retry-after': '7' } }, 'retryable', 'throttled'],
    ['a 503', { status: 503 }, 'retryable', 'vendor_unavailable'],
    ['a redirect, which it does not follow', { status: 307, headers: { location: 'http://127.0.0.1:9/' } }, 'definite', 'refused'],
  ])('are judged after %s', async (_, answer, kind, reason) => {
    vonage.answerNext(answer);
    await expect(send()).rejects.toMatchObject({ name: 'DeliveryError', kind, reason });
  });

  it.each([
    ['a sender with signs', { from: 'Acme!' }],
    ['an algorithm that is too weak', { receipt_signature: 'md5' }],
    ['no signature secret', { signature_secret: undefined }],
    ['a host of its own', { rest_host: 'https://evil.test' }],
  ])('are not set up with %s', (_, change) => {
    const { success, error } = provider.settings.safeParse({ ...filledIn(vonage), ...change });
    expect(success).toBe(false);
    expect(error!.message).not.toContain(vonage.apiSecret);
  });

  it.each(['api_secret', 'signature_secret'] as const)('keep %s marked as a secret', (name) => {
    expect(provider.settings.shape[name].meta()).toMatchObject({ secret: true, description: expect.any(String) });
  });

  it('are not counted by the SDK, which would call one refused part a partial failure', async () => {
    vonage.answerNext(smsAnswer({ status: '7' }));
    const sdk = new SMS({ apiKey: vonage.apiKey, apiSecret: vonage.apiSecret, privateKey: '' }, { restHost: vonage.url });
    await expect(sdk.send({ from: 'Acme', to: '34600111222', text: 'x' })).rejects.toThrow('Some SMS messages failed to send');
  });
});
