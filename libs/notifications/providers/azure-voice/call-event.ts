import { createHash } from 'node:crypto';
import { z } from 'zod';
import { CallbackRefused, type ProviderEvent } from '../../message-provider.js';
import { reasonOf } from './call-ending.js';

/** Read here and not with the SDK's parser, which takes the first event only, forgets its id and throws at types it does not know. */
const cloudEvent = z.object({
  id: z.string().max(200).optional().catch(undefined),
  type: z.string().max(200),
  time: z.coerce.date(),
  data: z.object({
    callConnectionId: z.string().regex(/^[\w-]{1,200}$/),
    operationContext: z.string().max(200).nullish(),
    resultInformation: z
      .object({
        code: z.number().optional(),
        subCode: z.number().optional(),
        sipDetails: z.object({ code: z.number().optional() }).nullish(),
        q850Details: z.object({ code: z.number().optional() }).nullish(),
      })
      .nullish()
      .catch(undefined),
  }),
});
type CloudEvent = z.output<typeof cloudEvent>;
type Meaning = { outcome: 'delivered' | 'failed' | 'progress'; reason?: string; next?: NextStep };

/** What `react` does about an event. */
export type NextStep = 'speak' | 'hang_up';

/**
 * A call's end is always `failed`, even after the words were heard: a provider remembers nothing, and an attempt that was delivered
 * stays so. Whoever hangs up before the last word may have heard enough; nobody can tell, so the code counts as not delivered.
 */
const MEANINGS = new Map<string, (event: CloudEvent) => Meaning>([
  ['CallConnected', () => ({ outcome: 'progress', reason: 'answered', next: 'speak' })],
  ['PlayCompleted', () => ({ outcome: 'delivered', next: 'hang_up' })],
  ['PlayFailed', () => ({ outcome: 'failed', reason: 'play_failed', next: 'hang_up' })],
  ['PlayCanceled', () => ({ outcome: 'failed', reason: 'play_canceled', next: 'hang_up' })],
  ['CreateCallFailed', ({ data }) => ({ outcome: 'failed', reason: reasonOf(data.resultInformation) })],
  ['CallDisconnected', ({ data }) => ({ outcome: 'failed', reason: reasonOf(data.resultInformation) })],
]);

/** Without an id of the vendor's, all that makes the event itself. */
const derivedId = ({ type, time, data }: CloudEvent) =>
  createHash('sha256')
    .update(JSON.stringify([type, time, data.callConnectionId, data.operationContext]))
    .digest('hex');

/**
 * The events of one callback that mean something to a call with a code.
 * @throws CallbackRefused where an event belongs to another attempt than the address it came to: the token signs no body.
 */
export function callEvents(rawBody: Buffer, attempt: string | undefined): ProviderEvent[] {
  return listIn(rawBody).flatMap((candidate) => {
    const parsed = cloudEvent.safeParse(candidate);
    if (!parsed.success) return [];
    const { id, type, time, data } = parsed.data;
    const attemptId = attempt ?? data.operationContext ?? undefined;
    if (data.operationContext && data.operationContext !== attemptId) throw new CallbackRefused();

    const meaning = MEANINGS.get(type.replace(/^Microsoft\.Communication\./, ''))?.(parsed.data);
    if (!meaning) return [];
    const { next, ...told } = meaning;
    return [
      {
        type: 'receipt' as const,
        eventId: id ?? derivedId(parsed.data),
        attemptId,
        providerMessageId: data.callConnectionId,
        ...told,
        at: time,
        data: { callConnectionId: data.callConnectionId, ...(next && { next }) },
      },
    ];
  });
}

function listIn(rawBody: Buffer): unknown[] {
  try {
    const body: unknown = JSON.parse(rawBody.toString('utf8'));
    return Array.isArray(body) ? body : [body];
  } catch {
    throw new CallbackRefused();
  }
}
