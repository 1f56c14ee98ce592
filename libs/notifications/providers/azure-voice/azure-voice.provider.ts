import { z } from 'zod';
import type { OutboundMessage } from '../../channel.js';
import {
  type Accepted,
  type Callback,
  MessageProvider,
  type ProviderEvent,
  type Received,
  type Transport,
} from '../../message-provider.js';
import { communicationAccount, CommunicationClients } from '../azure/communication-account.js';
import { communicationFailure, statusOf } from '../azure/communication-failure.js';
import { callEvents } from './call-event.js';
import { verifyCallbackToken } from './callback-token.js';
import { spokenMessage } from './spoken-message.js';

const settings = z.strictObject({
  ...communicationAccount,
  from: z
    .string()
    .regex(/^\+[1-9]\d{6,14}$/, 'must be a number with +')
    .describe('Number that calls, one of the resource, with +'),
  resource_id: z.uuid().describe('Immutable resource id of the Communication Services resource: whom its callbacks are signed for'),
  cognitive_services_endpoint: z
    .string()
    .max(200)
    .regex(/^https:\/\/[a-z0-9-]{1,64}\.cognitiveservices\.azure\.com\/?$/i, 'must be https://<resource>.cognitiveservices.azure.com')
    .describe('Azure AI services resource connected to it, which speaks: https://acme.cognitiveservices.azure.com'),
});
type Settings = z.output<typeof settings>;

/**
 * A call in three steps: `send` makes the phone ring, `react` speaks once somebody picked up, and hangs up after the last word.
 * The code itself is not part of the first request.
 * @see https://learn.microsoft.com/rest/api/communication/callautomation
 */
export class AzureVoiceProvider extends MessageProvider<typeof settings> {
  readonly id = 'azure-voice';
  readonly title = 'Azure Communication Services voice';
  readonly channels = ['voice'] as const;
  readonly settings = settings;
  readonly reports = true;

  private readonly clients = new CommunicationClients(async (address, credential, options) => {
    const { CallAutomationClient } = await import('@azure/communication-call-automation');
    return new CallAutomationClient(address, credential, options);
  });

  async send({ to, attemptId, callbackUrl }: OutboundMessage, account: Settings, transport: Transport): Promise<Accepted> {
    const callback = new URL(callbackUrl);
    callback.searchParams.set('attempt', attemptId);
    const client = await this.clients.get(account, transport);
    const { callConnectionProperties } = await client
      .createCall({ targetParticipant: { phoneNumber: to }, sourceCallIdNumber: { phoneNumber: account.from } }, callback.href, {
        operationContext: attemptId,
        callIntelligenceOptions: { cognitiveServicesEndpoint: account.cognitive_services_endpoint },
        abortSignal: transport.signal,
      })
      .catch((error: unknown) => {
        throw communicationFailure(error);
      });
    return { providerMessageId: callConnectionProperties.callConnectionId! };
  }

  override async receive(callback: Callback, { resource_id }: Settings, { endpoint }: Transport): Promise<Received> {
    await verifyCallbackToken(callback.headers['authorization'], resource_id, endpoint);
    return { events: callEvents(callback.rawBody, callback.query['attempt']) };
  }

  override async react(event: ProviderEvent, message: OutboundMessage | undefined, account: Settings, transport: Transport) {
    if (event.type !== 'receipt' || !event.data?.['next'] || !event.data['callConnectionId']) return;
    const client = await this.clients.get(account, transport);
    const call = client.getCallConnection(event.data['callConnectionId']);
    const hangUp = () => call.hangUp(true, { abortSignal: transport.signal }).catch(unlessOver);

    // Picked up after the code had ended: there is nothing to say any more.
    if (event.data['next'] === 'hang_up' || !message) return hangUp();

    await call
      .getCallMedia()
      .playToAll([{ kind: 'ssmlSource', ssmlText: spokenMessage(message) }], {
        loop: false,
        operationContext: message.attemptId,
        abortSignal: transport.signal,
      })
      .catch(async (error: unknown) => {
        const failure = communicationFailure(error);
        if (failure.kind === 'retryable' || failure.kind === 'ambiguous') throw failure;
        // Nobody listens to silence: the call's end is reported like any other.
        await hangUp();
      });
  }
}

/** A call that nobody knows any more has been hung up. */
const unlessOver = (error: unknown) => {
  if (statusOf(error) !== 404) throw communicationFailure(error);
};
