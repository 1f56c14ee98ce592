import { ACCESS_KEY, fault } from '../../../../test/simulators/azure-resource.js';
import { AzureCalls } from '../../../../test/simulators/azure-calls.js';
import type { OutboundMessage } from '../../channel.js';
import type { ProviderEvent } from '../../message-provider.js';
import { describeProvider, outbound } from '../../testing/describe-provider.js';
import { AzureVoiceProvider } from './azure-voice.provider.js';

const TO = '+34600123456';
const account = (azure: AzureCalls) => ({
  endpoint: 'https://acme.communication.azure.com',
  access_key: ACCESS_KEY,
  from: '+18005551234',
  resource_id: azure.resourceId,
  cognitive_services_endpoint: 'https://acme.cognitiveservices.azure.com',
});

describeProvider({
  provider: new AzureVoiceProvider(),
  simulator: () => AzureCalls.start(),
  settings: (simulator) => account(simulator as AzureCalls),
  to: TO,
  namesRetryAfter: true,
  serverErrorIs: 'ambiguous',
  speaksLater: true,
});

describe('A call by Azure', () => {
  const provider = new AzureVoiceProvider();
  let azure: AzureCalls;
  beforeAll(async () => void (azure = await AzureCalls.start()));
  afterAll(() => azure.stop());

  const transport = () => ({ endpoint: azure.url, allowPrivate: true, signal: AbortSignal.timeout(5_000) });
  const settings = () => provider.settings.parse(account(azure));
  const ring = async (change: Partial<OutboundMessage> = {}) => {
    const message = outbound('voice', TO, change);
    const { providerMessageId } = await provider.send(message, settings(), transport());
    return { message, call: azure.call(providerMessageId) };
  };
  const event = (id: string, next?: string): ProviderEvent => ({
    type: 'receipt',
    eventId: 'e',
    outcome: 'progress',
    at: new Date(),
    data: { callConnectionId: id, ...(next && { next }) },
  });
  const react = (happened: ProviderEvent, message?: OutboundMessage) => provider.react(happened, message, settings(), transport());

  it('rings without telling the code, and wants to hear about its attempt', async () => {
    const { message, call } = await ring({ callbackUrl: 'https://watchword.test/api/callbacks/x/token?a=b' });
    expect(call).toMatchObject({ to: TO, operationContext: message.attemptId, spoken: [] });
    expect(call.callbackUri).toBe(`https://watchword.test/api/callbacks/x/token?a=b&attempt=${message.attemptId}`);
    expect(azure.violations).toEqual([]);
  });

  it('speaks once somebody picked up, and hangs up when told to', async () => {
    const { message, call } = await ring({ locale: 'es' });
    call.state = 'connected';
    await react(event(call.id, 'speak'), message);
    expect(call.spoken).toEqual([expect.stringContaining('4, 9, 3, 8, 1, 7')]);
    expect(call.spoken[0]).toContain('es-ES-ElviraNeural');

    await react(event(call.id, 'hang_up'), message);
    expect(call.state).toBe('disconnected');
    await react(event(call.id, 'hang_up'), message); // once more, after a crash in between
    expect(azure.violations).toEqual([]);
  });

  it('has nothing to say when the code is over', async () => {
    const { call } = await ring();
    call.state = 'connected';
    await react(event(call.id, 'speak'));
    expect(call).toMatchObject({ state: 'disconnected', spoken: [] });
  });

  it('hangs up when it may not speak', async () => {
    const { message, call } = await ring();
    await react(event(call.id, 'speak'), message); // the vendor refuses: it is still ringing
    expect(call).toMatchObject({ state: 'disconnected', spoken: [] });
  });

  it('does nothing about events that call for nothing', async () => {
    const { message, call } = await ring();
    await react(event(call.id), message);
    await react({ type: 'gone', eventId: 'e', address: TO }, message);
    expect(call.state).toBe('connecting');
  });

  it('keeps the line while the vendor may yet speak', async () => {
    const { message, call } = await ring();
    call.state = 'connected';
    azure.answer({ status: 503, body: fault('ServiceUnavailable') });
    await expect(react(event(call.id, 'speak'), message)).rejects.toMatchObject({ kind: 'retryable' });
    await react(event(call.id, 'speak'), message);
    expect(call).toMatchObject({ state: 'connected', spoken: [expect.any(String)] });
  });

  it('is called again when the vendor is out of reach', async () => {
    const { message, call } = await ring();
    const closed = { ...transport(), endpoint: 'http://127.0.0.1:9' };
    for (const next of ['speak', 'hang_up'])
      await expect(provider.react(event(call.id, next), message, settings(), closed)).rejects.toMatchObject({ kind: 'retryable' });
  });

  it.each([
    [201, {}, 'ambiguous', 'unexpected_reply'],
    [202, { callConnectionId: 'c' }, 'ambiguous', 'unexpected_reply'],
    [400, fault('8523'), 'definite', 'refused'],
    [401, fault('Denied'), 'configuration', 'credentials'],
    [403, fault('Forbidden'), 'configuration', 'permission'],
    [404, fault('NotFound'), 'configuration', 'unknown_resource'],
    [412, fault('PreconditionFailed'), 'ambiguous', 'conflict'],
    [429, fault('TooManyRequests'), 'retryable', 'throttled'],
    [500, fault('InternalServerError'), 'ambiguous', 'vendor_error'],
    [503, fault('ServiceUnavailable'), 'retryable', 'unavailable'],
  ])('takes a reply of %s %j for %s: %s', async (status, body, kind, reason) => {
    azure.answer({ status, body });
    await expect(ring()).rejects.toMatchObject({ name: 'DeliveryError', kind, reason });
  });

  it.each([
    ['endpoint', 'https://evil.example'],
    ['cognitive_services_endpoint', 'https://evil.example/cognitiveservices.azure.com'],
    ['cognitive_services_endpoint', 'https://cognitiveservices.azure.com.evil.example'],
    ['resource_id', 'acme'],
    ['from', 'Acme'],
  ])('does not take as %s: %s', (field, value) => {
    expect(provider.settings.safeParse({ ...account(azure), [field]: value }).success).toBe(false);
  });
});
