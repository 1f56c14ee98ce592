import { AzureCalls, type Call } from '../../../../test/simulators/azure-calls.js';
import { ACCESS_KEY } from '../../../../test/simulators/azure-resource.js';
import { callbackDoor } from '../../../../test/simulators/callback-door.js';
import type { Forgery } from '../../../../test/simulators/call-signer.js';
import { outbound } from '../../testing/describe-provider.js';
import { AzureVoiceProvider } from './azure-voice.provider.js';

describe('Callbacks of a call', () => {
  const provider = new AzureVoiceProvider();
  let azure: AzureCalls;
  let door: Awaited<ReturnType<typeof callbackDoor>>;
  const transport = (endpoint = azure.url) => ({ endpoint, allowPrivate: true, signal: AbortSignal.timeout(10_000) });
  const settings = () =>
    provider.settings.parse({
      endpoint: 'https://acme.communication.azure.com',
      access_key: ACCESS_KEY,
      from: '+18005551234',
      resource_id: azure.resourceId,
      cognitive_services_endpoint: 'https://acme.cognitiveservices.azure.com/',
    });
  beforeAll(async () => {
    azure = await AzureCalls.start();
    door = await callbackDoor((callback) => provider.receive(callback, settings(), transport()));
  });
  afterAll(() => Promise.all([azure.stop(), door.stop()]));

  const ring = async (callbackUrl = door.url) => {
    const message = outbound('voice', '+34600123456', { callbackUrl });
    const { providerMessageId } = await provider.send(message, settings(), transport());
    const from = door.events().length;
    return { message, call: azure.call(providerMessageId), heard: () => door.events().slice(from) };
  };

  it('tells that somebody picked up, with the call to speak into', async () => {
    const { message, call, heard } = await ring();
    const event = azure.event(call, 'CallConnected');
    await expect(azure.deliver(call, [event])).resolves.toBe(200);
    expect(heard()).toEqual([
      {
        type: 'receipt',
        eventId: event.id,
        attemptId: message.attemptId,
        providerMessageId: call.id,
        outcome: 'progress',
        reason: 'answered',
        at: new Date(event.time),
        data: { callConnectionId: call.id, next: 'speak' },
      },
    ]);
  });

  it.each([
    ['PlayCompleted', 'delivered', undefined, 'hang_up'],
    ['PlayFailed', 'failed', 'play_failed', 'hang_up'],
    ['PlayCanceled', 'failed', 'play_canceled', 'hang_up'],
    ['CreateCallFailed', 'failed', 'disconnected', undefined],
    ['CallDisconnected', 'failed', 'disconnected', undefined],
  ])('takes %s for %s (%s), then %s', async (type, outcome, reason, next) => {
    const { call, heard } = await ring();
    await azure.tell(call, type);
    expect(heard()).toMatchObject([{ outcome, data: { callConnectionId: call.id } }]);
    const [event] = heard() as { reason?: string; data?: Record<string, string> }[];
    expect([event!.reason, event!.data!['next']]).toEqual([reason, next]);
  });

  it.each([
    [{ code: 486, subCode: 560486 }, 'busy'],
    [{ code: 480, subCode: 560480 }, 'no_answer'],
    [{ code: 487, subCode: 540487 }, 'no_answer'],
    [{ code: 603, subCode: 560603 }, 'declined'],
    [{ code: 404, subCode: 560404 }, 'invalid_recipient'],
    [{ code: 403, subCode: 560403 }, 'not_permitted'],
    [{ code: 500, subCode: 10_000, sipDetails: { code: 600, message: 'Busy Everywhere' } }, 'busy'],
    [{ code: 480, subCode: 560480, sipDetails: { code: 480 }, q850Details: { code: 17, message: 'User busy' } }, 'busy'],
    [{ code: 500, q850Details: { code: 1 } }, 'invalid_recipient'],
    [{ code: 503, subCode: 560503 }, 'call_failed'],
    [{ code: 0, subCode: 0 }, 'disconnected'],
    [{ code: 200, subCode: 560000 }, 'disconnected'],
    [{ code: 'odd' }, 'disconnected'],
  ])('takes the end %j for %s, whichever event brings it', async (result, reason) => {
    for (const type of ['CreateCallFailed', 'CallDisconnected']) {
      const { call, heard } = await ring();
      await azure.tell(call, type, { result });
      expect(heard()).toMatchObject([{ outcome: 'failed', reason }]);
    }
  });

  it('reads every event of the array and passes over those it does not know', async () => {
    const { call, heard } = await ring();
    const types = ['PlayStarted', 'ParticipantsUpdated', 'PlayCompleted', 'SomethingNew', 'constructor', 'CallDisconnected'];
    const events = types.map((type) => azure.event(call, type));
    await expect(azure.deliver(call, [...events, { odd: true }])).resolves.toBe(200);
    expect(heard().map(({ eventId }) => eventId)).toEqual([events[2]!.id, events[5]!.id]);
  });

  it('says the same of an event that comes twice, late, or before another', async () => {
    const { call, heard } = await ring();
    const [connected, completed] = [azure.event(call, 'CallConnected'), azure.event(call, 'PlayCompleted')];
    for (const event of [completed, connected, completed]) await azure.deliver(call, [event]);
    expect(heard().map(({ eventId }) => eventId)).toEqual([completed.id, connected.id, completed.id]);
    expect(heard()[2]).toEqual(heard()[0]);
  });

  it('gives an event without an id one that is always the same', async () => {
    const { call, heard } = await ring();
    const { id: _, ...event } = azure.event(call, 'CallConnected');
    await azure.deliver(call, [event]);
    await azure.deliver(call, [event]);
    await azure.deliver(call, [{ ...event, type: 'Microsoft.Communication.PlayCompleted' }]);
    const ids = heard().map(({ eventId }) => eventId);
    expect(ids[0]).toBe(ids[1]);
    expect(ids[2]).not.toBe(ids[0]);
  });

  it.each<Forgery>(['none', 'other_key', 'other_audience', 'other_issuer', 'expired', 'unknown_key_id', 'hmac', 'unsigned', 'endless'])(
    'refuses a token that is wrong: %s',
    async (forgery) => {
      const { call, heard } = await ring();
      await expect(azure.tell(call, 'PlayCompleted', { forgery })).resolves.toBe(401);
      expect(heard()).toEqual([]);
    },
  );

  it('refuses an event of one call at the address of another', async () => {
    const [mine, other] = [await ring(), await ring()];
    await expect(azure.tell(mine.call, 'PlayCompleted', { to: other.call.callbackUri })).resolves.toBe(401);
    expect(mine.heard()).toEqual([]);
  });

  it('takes the attempt from the event where the address names none', async () => {
    const { call, message, heard } = await ring();
    await azure.tell(call, 'PlayCompleted', { to: door.url });
    expect(heard()).toMatchObject([{ attemptId: message.attemptId }]);
  });

  it('refuses nobody for good while the keys of the vendor cannot be had, and asks again', async () => {
    const gone = await AzureCalls.start();
    const { url } = gone;
    await gone.stop();
    const receive = async (authorization?: string) =>
      provider.receive(
        { method: 'POST', headers: { authorization }, query: {}, rawBody: Buffer.from('[]'), url: door.url },
        { ...settings(), resource_id: back?.resourceId ?? gone.resourceId },
        transport(url),
      );
    let back: AzureCalls | undefined;
    const early = await azure.signer.authorization();
    await expect(receive(early)).rejects.toMatchObject({ kind: 'retryable', reason: 'keys_unavailable' });

    back = await AzureCalls.start({ port: Number(new URL(url).port) });
    await expect(receive(await back.signer.authorization())).resolves.toEqual({ events: [] });
    await back.stop();
  });

  describe('with a person at the other end', () => {
    const whole = async (phone: Parameters<AzureCalls['phone']>[1], autopilot: Parameters<typeof AzureCalls.start>[0]) => {
      const pilot = await AzureCalls.start(autopilot);
      const message = outbound('voice', '+34600123456');
      const own = { ...settings(), resource_id: pilot.resourceId };
      const seen = new Set<string>();
      const told: (string | undefined)[] = [];
      const entrance = await callbackDoor(async (callback) => {
        const { events } = await provider.receive(callback, own, transport(pilot.url));
        for (const event of events) {
          if (event.type !== 'receipt' || seen.has(event.eventId)) continue;
          seen.add(event.eventId);
          told.push(event.reason ?? event.outcome);
          await provider.react(event, message, own, transport(pilot.url));
        }
        return { events };
      });
      pilot.phone(message.to, phone);
      const { providerMessageId } = await provider.send({ ...message, callbackUrl: entrance.url }, own, transport(pilot.url));
      const call: Call = pilot.call(providerMessageId);
      return { call, told, pilot, stop: () => Promise.all([pilot.stop(), entrance.stop()]) };
    };

    it.each([
      ['answers', ['answered', 'delivered', 'disconnected']],
      ['busy', ['busy']],
      ['no_answer', ['no_answer']],
      ['declined', ['declined']],
      ['play_fails', ['answered', 'play_failed', 'disconnected']],
      ['hangs_up', ['answered', 'disconnected']],
    ] as const)('%s: %j', async (phone, expected) => {
      const { call, told, pilot, stop } = await whole(phone, { autopilot: { copies: 2 } });
      await vi.waitFor(() => expect(told).toEqual(expected), 3_000);
      expect(call.state).toBe('disconnected');
      expect(pilot.violations).toEqual([]);
      expect(new Set(pilot.callbackStatuses)).toEqual(new Set([200]));
      await stop();
    });
  });
});
