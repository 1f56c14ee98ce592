import { randomUUID } from 'node:crypto';
import type { VendorSimulator } from '../../libs/notifications/testing/describe-provider.js';
import { AzureResource, fault, repeatable, type SignedRequest } from './azure-resource.js';
import { CallSigner, type Forgery } from './call-signer.js';

/** What the person, or the network, does with a call. */
export type Phone = 'answers' | 'busy' | 'no_answer' | 'declined' | 'play_fails' | 'hangs_up';

export interface Call {
  id: string;
  to: string;
  callbackUri: string;
  operationContext: string;
  state: 'connecting' | 'connected' | 'disconnected';
  /** SSML, in the order of play. */
  spoken: string[];
}

interface Delivery {
  result?: object;
  forgery?: Forgery;
  /** Instead of the address of the call: to try another attempt's. */
  to?: string;
  /** Instead of what the event would say. */
  data?: object;
}

/** Milliseconds before each event (different ones put events out of order), and how often each is sent. */
export interface Autopilot {
  lag?: () => number;
  copies?: number;
}

interface CreateRequest {
  targets?: { kind?: string; phoneNumber?: { value?: string } }[];
  sourceCallerIdNumber?: { value?: string };
  operationContext?: string;
  callbackUri?: string;
  callIntelligenceOptions?: { cognitiveServicesEndpoint?: string };
}

const ENDINGS: Partial<Record<Phone, object>> = {
  busy: { code: 486, subCode: 560486, message: 'Busy Here', sipDetails: { code: 486, message: 'Busy Here' }, q850Details: { code: 17 } },
  no_answer: { code: 480, subCode: 560480, message: 'No answer', sipDetails: { code: 480 }, q850Details: { code: 19 } },
  declined: { code: 603, subCode: 560603, message: 'Decline', sipDetails: { code: 603 } },
};

/**
 * Azure Call Automation: keeps the state of each call, refuses what a call in that state cannot do, signs what it calls back.
 * With `autopilot` phones behave as `phone` says and events go out by themselves; without it, tests deliver each.
 */
export class AzureCalls extends AzureResource implements VendorSimulator {
  readonly calls: Call[] = [];
  /** Answers to callbacks, in order. */
  readonly callbackStatuses: number[] = [];
  readonly resourceId = randomUUID();
  readonly signer = new CallSigner(() => this.url, this.resourceId);
  private readonly phones = new Map<string, Phone>();
  private jwks: object = {};
  private autopilot: Autopilot | undefined;

  static async start({ port = 0, autopilot }: { port?: number; autopilot?: Autopilot } = {}): Promise<AzureCalls> {
    const calls = new AzureCalls('2026-03-12');
    calls.autopilot = autopilot;
    calls.jwks = await calls.signer.jwks();
    return calls.listen(port);
  }

  /** How whoever has this number takes the next calls. */
  phone(number: string, behaviour: Phone) {
    this.phones.set(number, behaviour);
  }

  /** Milliseconds before each event, from now on. */
  slow(lag: number) {
    this.autopilot = { ...this.autopilot, lag: () => lag };
  }

  call(id: string): Call {
    return this.calls.find((call) => call.id === id)!;
  }

  /** One event, as it stands in a callback. The same object may be delivered again, later or in another order. */
  event(call: Call, type: string, { result, data }: Delivery = {}) {
    return {
      id: randomUUID(),
      source: `calling/callConnections/${call.id}`,
      type: `Microsoft.Communication.${type}`,
      specversion: '1.0',
      time: new Date().toISOString(),
      datacontenttype: 'application/json',
      subject: `calling/callConnections/${call.id}`,
      data: {
        version: '2026-03-12',
        operationContext: call.operationContext,
        callConnectionId: call.id,
        serverCallId: randomUUID(),
        correlationId: randomUUID(),
        ...(result && { resultInformation: result }),
        ...data,
      },
    };
  }

  /** Posts events in one array, under a token of their own. @returns the status they were answered with */
  async deliver(call: Call, events: object[], { forgery, to = call.callbackUri }: Delivery = {}): Promise<number> {
    const authorization = await this.signer.authorization(forgery);
    const response = await fetch(to, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(authorization && { authorization }) },
      body: JSON.stringify(events),
    });
    return response.status;
  }

  /** Makes the call change state, and tells. */
  async tell(call: Call, type: string, delivery: Delivery = {}): Promise<number> {
    this.become(call, type);
    return this.deliver(call, [this.event(call, type, delivery)], delivery);
  }

  protected override open(path: string) {
    if (path === '/calling/keys') return this.jwks;
    if (path !== '/calling/.well-known/acsopenidconfiguration') return undefined;
    return { issuer: this.url, jwks_uri: `${this.url}/calling/keys`, id_token_signing_alg_values_supported: ['RS256'] };
  }

  protected serve(request: SignedRequest) {
    if (request.method !== 'POST') return this.violation(`${request.method} ${request.path}`);
    if (request.path === '/calling/callConnections') return this.create(request);
    const [, id, action] = /^\/calling\/callConnections\/([\w-]+):(play|terminate)$/.exec(request.path) ?? [];
    if (!id) return this.violation(`${request.method} ${request.path}`);
    const call = this.calls.find((call) => call.id === id);
    if (!call || call.state === 'disconnected') return { status: 404, body: fault('8522', 'Call not found') };
    return action === 'play' ? this.play(call, request) : this.terminate(call, request);
  }

  private create(request: SignedRequest) {
    const {
      targets = [],
      sourceCallerIdNumber,
      operationContext,
      callbackUri = '',
      callIntelligenceOptions,
    } = JSON.parse(request.body) as CreateRequest;
    const to = targets[0]?.phoneNumber?.value ?? '';
    if (targets.length !== 1 || targets[0]?.kind !== 'phoneNumber' || !/^\+[1-9]\d{6,14}$/.test(to)) return this.violation('targets');
    if (!sourceCallerIdNumber?.value) return this.violation('source caller id');
    if (!operationContext || !callIntelligenceOptions?.cognitiveServicesEndpoint) return this.violation('context or intelligence');
    if (!repeatable(request.headers['repeatability-request-id'], request.headers['repeatability-first-sent']))
      return this.violation('repeatability');
    if (!/^(https:|http:\/\/(127\.0\.0\.1|localhost)[:/])/.test(callbackUri)) return this.violation('CallbackUri is invalid');

    const take = () => {
      const call: Call = { id: randomUUID(), to, callbackUri, operationContext, state: 'connecting', spoken: [] };
      this.calls.push(call);
      this.accepted.push({ id: call.id, to, text: '', reference: operationContext });
      this.ring(call);
      return { status: 201, body: { callConnectionId: call.id, serverCallId: randomUUID(), callConnectionState: 'connecting', targets } };
    };
    return this.message(request, take, (quoted) => ({ status: 400, body: fault('8500', quoted) }));
  }

  private play(call: Call, request: SignedRequest) {
    const { playSources = [], operationContext } = JSON.parse(request.body) as {
      playSources?: { kind?: string; ssml?: { ssmlText?: string } }[];
      operationContext?: string;
    };
    const ssml = playSources[0]?.kind === 'ssml' ? playSources[0].ssml?.ssmlText : undefined;
    if (!ssml?.startsWith('<speak ') || !operationContext) return this.violation('play');
    const word = this.word();
    if (word) return word;
    if (call.state !== 'connected') return { status: 400, body: fault('8501', 'Call is not in Established state') };
    call.spoken.push(ssml);
    this.accepted.find(({ id }) => id === call.id)!.text = ssml;
    this.hear(call);
    return { status: 202 };
  }

  private terminate(call: Call, request: SignedRequest) {
    if (!repeatable(request.headers['repeatability-request-id'], request.headers['repeatability-first-sent']))
      return this.violation('repeatability');
    call.state = 'disconnected';
    this.soon(call, 'CallDisconnected', { code: 0, subCode: 0, message: 'The call has ended' });
    return { status: 204 };
  }

  private ring(call: Call) {
    const ending = ENDINGS[this.phones.get(call.to) ?? 'answers'];
    if (ending) this.soon(call, 'CreateCallFailed', ending);
    else this.soon(call, 'CallConnected');
  }

  private hear(call: Call) {
    const phone = this.phones.get(call.to) ?? 'answers';
    this.soon(call, 'PlayStarted');
    if (phone === 'hangs_up') this.soon(call, 'CallDisconnected', { code: 200, subCode: 560000 });
    else if (phone === 'play_fails') this.soon(call, 'PlayFailed', { code: 400, subCode: 8565 });
    else this.soon(call, 'PlayCompleted', { code: 200, subCode: 0 });
  }

  /** After the answer to the request that caused it. A callback that nobody takes is tried three times, then lost. */
  private soon(call: Call, type: string, result?: object) {
    if (!this.autopilot) return;
    const { lag = () => 20, copies = 1 } = this.autopilot;
    const event = this.event(call, type, { ...(result && { result }) });
    const post = async (left: number): Promise<void> => {
      const status = await this.deliver(call, [event]).catch(() => 0);
      this.callbackStatuses.push(status);
      if ((status === 0 || status >= 500) && left > 1) setTimeout(() => void post(left - 1), 500).unref();
    };
    for (let copy = 0; copy < copies; copy++)
      setTimeout(() => {
        this.become(call, type);
        void post(3);
      }, lag()).unref();
  }

  private become(call: Call, type: string) {
    if (type === 'CallConnected' && call.state === 'connecting') call.state = 'connected';
    if (type === 'CreateCallFailed' || type === 'CallDisconnected') call.state = 'disconnected';
  }
}
