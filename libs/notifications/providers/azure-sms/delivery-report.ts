import { z } from 'zod';
import type { ProviderEvent } from '../../message-provider.js';
import type { GridEvent } from './event-grid.js';

const TYPE = 'Microsoft.Communication.SMSDeliveryReportReceived';

/** Documents and samples of the vendor disagree on the case of the keys (`tag`, `Tag`), so it does not count. */
const lowerCaseKeys = (data: unknown) =>
  typeof data === 'object' && data !== null
    ? Object.fromEntries(Object.entries(data).map(([key, value]) => [key.toLowerCase(), value]))
    : data;

const report = z.preprocess(
  lowerCaseKeys,
  z.object({
    messageid: z.string().min(1).max(200),
    deliverystatus: z.string().max(40),
    deliverystatusdetails: z.string().nullish().catch(undefined),
    receivedtimestamp: z.coerce.date().nullish().catch(undefined),
    tag: z.uuid().optional().catch(undefined),
  }),
);

const isFinal = z.enum(['delivered', 'failed']);

/** The details are the vendor's prose; where they open with a code (`4010 …`), that is what we keep. */
const reasonOf = (details: string | null | undefined) => /^\s*(\d{4})\b(?!\d)/.exec(details ?? '')?.[1] ?? 'undelivered';

/**
 * A receipt, or undefined when the event is not for us: other types (SMSReceived, with which people answer STOP, is the vendor's to
 * act on: it blocks the number by itself) and statuses that end nothing.
 */
export function deliveryReceipt({ id, type, time, data }: GridEvent): ProviderEvent | undefined {
  const parsed = type === TYPE ? report.safeParse(data) : undefined;
  if (!parsed?.success) return undefined;
  const { messageid, deliverystatus, deliverystatusdetails, receivedtimestamp, tag } = parsed.data;
  const outcome = isFinal.safeParse(deliverystatus.toLowerCase()).data ?? 'progress';
  return {
    type: 'receipt',
    eventId: id,
    attemptId: tag,
    providerMessageId: messageid,
    outcome,
    ...(outcome === 'failed' && { reason: reasonOf(deliverystatusdetails) }),
    at: receivedtimestamp ?? time,
  };
}
