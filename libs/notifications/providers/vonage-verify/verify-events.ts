import { z } from 'zod';
import type { ProviderEvent } from '../../message-provider.js';
import { eventId, momentOf } from '../vonage/vonage-callback.js';

type Outcome = Extract<ProviderEvent, { type: 'receipt' }>['outcome'];

/**
 * What a status says about the message, at a channel (`event`) and at the whole request (`summary`), which has one channel here.
 * - completed: somebody typed the code at Vonage. Not our way of checking it, but proof that it arrived.
 * - expired: nobody typed it there, which is what always happens.
 */
const OUTCOMES: Record<string, [Outcome, reason?: string]> = {
  completed: ['delivered'],
  failed: ['failed', 'failed'],
  rejected: ['failed', 'rejected'],
  user_rejected: ['failed', 'user_rejected'],
  expired: ['progress', 'expired'],
};

const body = z.object({
  type: z.enum(['event', 'summary']),
  request_id: z.string().min(1).max(100),
  status: z.string().max(40),
  channel: z.string().max(40).optional(),
  triggered_at: z.string().max(40).optional(),
  submitted_at: z.string().max(40).optional(),
  finalized_at: z.string().max(40).optional(),
  client_ref: z.string().max(40).optional(),
});

/** Reads a proven body. What we do not know, such as a question of silent authentication, is no event of ours. */
export function readVerifyEvents(rawBody: Buffer, signedAt: Date): ProviderEvent[] {
  const { success, data } = body.safeParse(parsed(rawBody));
  const known = success && Object.hasOwn(OUTCOMES, data.status) ? OUTCOMES[data.status] : undefined;
  if (!success || !known) return [];

  const { type, request_id, channel, status, triggered_at, submitted_at, finalized_at } = data;
  return [
    {
      type: 'receipt',
      eventId: eventId(request_id, type, channel, status, triggered_at, submitted_at, finalized_at),
      providerMessageId: request_id,
      attemptId: z.uuid().safeParse(data.client_ref).data,
      outcome: known[0],
      reason: known[1],
      at: momentOf(finalized_at ?? triggered_at, signedAt),
    },
  ];
}

function parsed(rawBody: Buffer): unknown {
  try {
    return JSON.parse(rawBody.toString());
  } catch {
    return undefined;
  }
}
