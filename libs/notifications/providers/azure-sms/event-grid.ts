import { createHash, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { type Callback, CallbackRefused, type ProviderEvent, type Received } from '../../message-provider.js';

export interface GridEvent {
  id: string;
  type: string;
  time: Date;
  data: unknown;
}

/** A time that every database can hold. */
const moment = z.coerce.date().min(new Date('2000-01-01')).max(new Date('3000-01-01'));

/** Both envelopes: Event Grid's own (`eventType`, `eventTime`) and CloudEvents 1.0 (`type`, `time`). */
const envelope = z
  .object({
    id: z
      .string()
      .min(1)
      .max(200)
      .refine((id) => id.isWellFormed() && !id.includes('\0')),
    eventType: z.string().optional(),
    eventTime: moment.optional(),
    type: z.string().optional(),
    time: moment.optional(),
    data: z.unknown(),
  })
  .transform(({ id, eventType, eventTime, type, time, data }) => ({ id, type: eventType ?? type, time: eventTime ?? time, data }))
  .pipe(z.object({ id: z.string(), type: z.string(), time: z.date(), data: z.unknown() }));

const validation = z.object({ validationCode: z.string().min(1).max(200) });
const VALIDATION = 'Microsoft.EventGrid.SubscriptionValidationEvent';

/**
 * Event Grid signs nothing. What makes a request authentic is that it knows the callback's address, and the key where one is set.
 * The key may come as header (a static delivery property) or in the webhook's query, which reaches us with every request.
 * @see https://learn.microsoft.com/azure/event-grid/end-point-validation-event-grid-events-schema
 */
export function receiveEventGrid(
  callback: Callback,
  key: string | undefined,
  read: (event: GridEvent) => ProviderEvent | undefined,
): Received {
  // The handshake of CloudEvents grants only that they may knock, and comes without delivery properties.
  if (callback.method === 'OPTIONS') return allowed(callback.headers['webhook-request-origin']);
  if (key && !shows(callback, key)) throw new CallbackRefused();

  const events = eventsIn(callback.rawBody);
  const code = events.length === 1 && events[0]!.type === VALIDATION ? validation.safeParse(events[0]!.data) : undefined;
  // Answered at once, never by calling validationUrl: an address that a stranger could have written.
  if (code?.success) return { events: [], reply: { status: 200, body: { validationResponse: code.data.validationCode } } };
  return { events: events.map(read).filter((event) => event !== undefined) };
}

const ORIGIN = /^[a-z0-9.-]{1,253}$/i;

function allowed(origin: string | undefined): Received {
  if (!origin || !ORIGIN.test(origin)) throw new CallbackRefused();
  return { events: [], reply: { status: 200, headers: { 'WebHook-Allowed-Origin': origin, 'WebHook-Allowed-Rate': '*' } } };
}

const digest = (text: string) => createHash('sha256').update(text).digest();

const shows = ({ headers, query }: Callback, key: string) =>
  [headers['x-watchword-key'], query['key']].some((shown) => shown !== undefined && timingSafeEqual(digest(shown), digest(key)));

/** An array, or with CloudEvents unbatched one object. An event we cannot read is not worth the others: it is left out. */
function eventsIn(rawBody: Buffer): GridEvent[] {
  try {
    const body: unknown = JSON.parse(rawBody.toString('utf8'));
    return (Array.isArray(body) ? body : [body])
      .map((event) => envelope.safeParse(event))
      .filter(({ success }) => success)
      .map(({ data }) => data as GridEvent);
  } catch {
    throw new CallbackRefused();
  }
}
