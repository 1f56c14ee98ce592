import { generateKeyPairSync } from 'node:crypto';
import { received, verifyEvent, verifySummary, withToken } from '../../../../test/simulators/vonage-callbacks.js';
import { problem, VonageVerifySimulator } from '../../../../test/simulators/vonage.js';
import { describeProvider, outbound } from '../../testing/describe-provider.js';
import { VonageVerifyProvider } from './vonage-verify.provider.js';

const provider = new VonageVerifyProvider();
const to = '+34600111222';
const filledIn = ({ applicationId, privateKey, signatureSecret }: VonageVerifySimulator) => ({
  application_id: applicationId,
  private_key: privateKey,
  signature_secret: signatureSecret,
});

describeProvider({
  provider,
  simulator: () => new VonageVerifySimulator().start(),
  settings: (simulator) => filledIn(simulator as VonageVerifySimulator),
  to,
  namesRetryAfter: true,
  serverErrorIs: 'ambiguous',
});

describe('Codes over Vonage Verify', () => {
  let vonage: VonageVerifySimulator;
  beforeAll(async () => void (vonage = await new VonageVerifySimulator().start()));
  afterAll(() => vonage.stop());

  const company = (change: object = {}) => provider.settings.parse({ ...filledIn(vonage), ...change });
  const send = (message: object = {}, change: object = {}) =>
    provider.send(outbound('sms', to, message), company(change), {
      endpoint: vonage.url,
      allowPrivate: true,
      signal: AbortSignal.timeout(5_000),
    });
  const request = () => JSON.parse(vonage.last!.body) as Record<string, unknown>;

  it('name the attempt, the number without its plus, and our own code', async () => {
    const message = outbound('voice', to);
    await send(message);
    expect(request()).toEqual({
      brand: 'Acme',
      locale: 'en-us',
      code: '493817',
      client_ref: message.attemptId,
      channel_timeout: 60,
      workflow: [{ channel: 'voice', to: '34600111222' }],
    });
    await send({}, { from: 'Acme' });
    expect(request()['workflow']).toEqual([{ channel: 'sms', to: '34600111222', from: 'Acme' }]);
    expect(vonage.violations).toEqual([]);
  });

  it.each([
    ['en', 'en-us'],
    ['es-MX', 'es-mx'],
    ['es-AR', 'es-es'],
    ['pt', 'pt-br'],
    ['zh-Hant-TW', 'en-us'],
  ])('in %s are spoken in %s', async (locale, spoken) => {
    await send({ locale });
    expect(request()['locale']).toBe(spoken);
  });

  it.each([
    ['Acme', 'Acme'],
    ['A company with a long name', 'A company with a'],
    ['Acme/{evil}: $5', 'Acme  evil    5'],
    ['://', 'Code'],
  ])('of %s are from %s', async (brand, shown) => {
    await send({ brand });
    expect(request()['brand']).toBe(shown);
    expect(vonage.violations).toEqual([]);
  });

  it.each([undefined, '', '123', '12345678901', '12-34'])('cannot be %s', async (code) => {
    const before = vonage.accepted.length;
    await expect(send({ code })).rejects.toMatchObject({ kind: 'definite', reason: 'no_code' });
    expect(vonage.accepted).toHaveLength(before);
  });

  it('are refused with a key that is not the application’s', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const private_key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    await expect(send({}, { private_key })).rejects.toMatchObject({ kind: 'configuration', reason: 'credentials' });
    expect(vonage.violations.splice(0)).toEqual(['token: signature']);
  });

  it.each([
    [400, 'bad-request', 'definite', 'refused'],
    [401, 'unauthorized', 'configuration', 'credentials'],
    [402, 'low-balance', 'configuration', 'quota'],
    [403, 'forbidden', 'configuration', 'not_permitted'],
    [404, 'not-found', 'definite', 'refused'],
    [409, 'conflict', 'retryable', 'concurrent'],
    [410, 'expired', 'definite', 'refused'],
    [422, 'invalid-params', 'definite', 'invalid_parameter'],
    [429, 'throttled', 'retryable', 'throttled'],
    [500, 'internal', 'ambiguous', 'vendor_error'],
    [502, 'gateway', 'ambiguous', 'vendor_error'],
    [503, 'unavailable', 'retryable', 'vendor_unavailable'],
  ])('answered %i %s are %s: %s', async (status, type, kind, reason) => {
    vonage.answerNext(problem(status, type));
    await expect(send()).rejects.toMatchObject({ kind, reason, details: { vendorCode: `${status} ${type}` } });
  });

  it.each([
    ['a 202 without an id', { status: 202, headers: { 'content-type': 'application/json' }, body: '{}' }, 'ambiguous', 'unreadable_answer'],
    ['a 202 of broken JSON', { status: 202, headers: { 'content-type': 'application/json' }, body: '{' }, 'ambiguous', 'unreadable_answer'],
    ['an empty 202', { status: 202 }, 'ambiguous', 'unreadable_answer'],
    ['a refusal that is no JSON', { status: 422, body: '<html>' }, 'definite', 'invalid_parameter'],
    ['a redirect, which it does not follow', { status: 307, headers: { location: 'http://127.0.0.1:9/' } }, 'definite', 'refused'],
  ])('are judged after %s', async (_, answer, kind, reason) => {
    vonage.answerNext(answer);
    await expect(send()).rejects.toMatchObject({ name: 'DeliveryError', kind, reason });
  });

  const small = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  it.each([
    ['the name of a file instead of a key', { private_key: '/etc/ssl/private/key.pem' }],
    ['a short key', { private_key: small }],
    ['an application that is no id', { application_id: 'acme' }],
    ['a short signature secret', { signature_secret: 'short' }],
    ['a host of its own', { api_host: 'https://evil.test' }],
  ])('are not set up with %s', (_, change) => {
    const { success, error } = provider.settings.safeParse({ ...filledIn(vonage), ...change });
    expect(success).toBe(false);
    expect(error!.message).not.toContain(Object.values(change)[0]);
  });

  it.each(['private_key', 'signature_secret'] as const)('keep %s marked as a secret', (name) => {
    expect(provider.settings.shape[name].meta()).toMatchObject({ secret: true, description: expect.any(String) });
  });

  describe('and what Vonage says later', () => {
    const sent = { id: 'c11236f4-00bf-4b89-84ba-88b25df97315', reference: '3f1d2a52-6f7e-4b0a-9d0e-6a1f1f0e7c55' };
    const now = new Date('2026-11-20T10:00:00.500Z');
    const hear = (callback: ReturnType<typeof withToken>) => provider.receive(received(callback), company());
    const sign = (body: object | string, options?: Parameters<typeof withToken>[2]) => withToken(body, vonage.signatureSecret, options);

    it.each([
      ['completed', 'delivered', undefined],
      ['failed', 'failed', 'failed'],
      ['rejected', 'failed', 'rejected'],
      ['user_rejected', 'failed', 'user_rejected'],
      ['expired', 'progress', 'expired'],
    ])('is understood: %s means %s', async (status, outcome, reason) => {
      const about = { type: 'receipt', providerMessageId: sent.id, attemptId: sent.reference, outcome, reason };
      const { events } = await hear(sign(verifyEvent(sent, status, now)));
      expect(events).toEqual([{ ...about, eventId: expect.stringMatching(/^[0-9a-f]{64}$/), at: now }]);
      const summary = await hear(sign(verifySummary(sent, status, now)));
      expect(summary.events).toMatchObject([about]);
      expect(summary.events[0]!.eventId).not.toBe(events[0]!.eventId);
    });

    it('is the same event when it comes twice, and another one when anything in it differs', async () => {
      const id = async (body: object) => (await hear(sign(body))).events[0]!.eventId;
      const first = await id(verifyEvent(sent, 'failed', now));
      expect(await id(verifyEvent(sent, 'failed', now))).toBe(first);
      expect(await id(verifyEvent(sent, 'completed', now))).not.toBe(first);
      expect(await id(verifyEvent(sent, 'failed', now, 'voice'))).not.toBe(first);
      expect(await id(verifyEvent({ ...sent, id: 'another' }, 'failed', now))).not.toBe(first);
    });

    it('is at its own moment, whatever the order it comes in', async () => {
      const [later, earlier] = [new Date('2026-11-20T10:05:00Z'), now];
      const ats = [];
      for (const at of [later, earlier]) ats.push(...(await hear(sign(verifyEvent(sent, 'failed', at)))).events);
      expect(ats.map((event) => event.type === 'receipt' && event.at)).toEqual([later, earlier]);
    });

    it.each([
      ['a question of silent authentication', { ...verifyEvent(sent, 'action_pending'), action: { type: 'check' } }],
      ['a status nobody knows', verifyEvent(sent, 'constructor')],
      ['another type', { ...verifyEvent(sent, 'failed'), type: 'other' }],
      ['no JSON', 'request_id=1'],
    ])('is taken without a word when it is %s', async (_, body) => {
      expect(await hear(sign(body))).toEqual({ events: [] });
    });

    it('does not name an attempt when the reference is none of ours', async () => {
      expect((await hear(sign(verifyEvent({ ...sent, reference: 'x' }, 'failed')))).events).toMatchObject([{ attemptId: undefined }]);
    });

    const ago = (seconds: number) => new Date(Date.now() - seconds * 1000);
    it.each([
      ['unsigned', (good: ReturnType<typeof sign>) => ({ ...good, headers: {} })],
      ['signed by another way', (good: ReturnType<typeof sign>) => ({ ...good, headers: { authorization: 'Basic dXNlcjpwYXNz' } })],
      ['of a swapped body', (good: ReturnType<typeof sign>) => ({ ...good, body: good.body.replace('failed', 'completed') })],
      ['forged', () => withToken(verifyEvent(sent, 'completed'), 'another-signature-secret')],
      ['signed by nobody', () => sign(verifyEvent(sent, 'completed'), { algorithm: 'none' })],
      ['signed by another algorithm', () => sign(verifyEvent(sent, 'completed'), { algorithm: 'HS512' })],
      ['late', () => sign(verifyEvent(sent, 'failed'), { at: ago(340) })],
      ['from the future', () => sign(verifyEvent(sent, 'failed'), { at: ago(-40) })],
      ['without an age', () => sign(verifyEvent(sent, 'failed'), { claims: { iat: undefined } })],
      ['without a hash', () => sign(verifyEvent(sent, 'failed'), { claims: { payload_hash: undefined } })],
      ['of another application', () => sign(verifyEvent(sent, 'failed'), { claims: { application_id: 'another' } })],
    ])('is refused when it is %s', async (_, make) => {
      await expect(hear(make(sign(verifyEvent(sent, 'failed'))))).rejects.toMatchObject({ name: 'CallbackRefused' });
    });

    it.each([320, -20])('is taken %i seconds after it was signed: clocks differ', async (seconds) => {
      expect((await hear(sign(verifyEvent(sent, 'failed'), { at: ago(seconds) }))).events).toHaveLength(1);
    });
  });
});
