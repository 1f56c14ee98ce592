import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { type Callback, CallbackRefused, type ProviderEvent } from '../../message-provider.js';

/** Reports are repeated for a while, each time stamped anew. Older than this is a replay. */
const MAX_AGE_SECONDS = 300;

const report = z.object({
  request_id: z.string().min(1).max(200),
  payload: z.uuid().optional().catch(undefined),
  delivery_status: z.object({
    status: z.string().max(40),
    updated_at: z.int().nonnegative(),
  }),
});

/** `sent` is only on its way: with a time to live, `expired` may still follow. */
const OUTCOMES = new Map<string, 'delivered' | 'failed' | 'progress'>(
  Object.entries({
    sent: 'progress',
    delivered: 'delivered',
    read: 'delivered',
    expired: 'failed',
    revoked: 'failed',
  }),
);

/**
 * Signature: hex HMAC-SHA256 over timestamp, line feed and body, keyed with the SHA-256 of the API token.
 * @see https://core.telegram.org/gateway/api#checking-report-integrity
 */
function verify({ headers, rawBody }: Callback, apiToken: string) {
  const timestamp = headers['x-request-timestamp'] ?? '';
  const signature = headers['x-request-signature'] ?? '';
  const key = createHash('sha256').update(apiToken).digest();
  const expected = createHmac('sha256', key).update(`${timestamp}\n`).update(rawBody).digest();
  const shown = Buffer.from(/^[0-9a-f]{64}$/i.test(signature) ? signature : '', 'hex');
  if (shown.length !== expected.length || !timingSafeEqual(shown, expected)) throw new CallbackRefused('signature');
  if (!/^\d{1,12}$/.test(timestamp) || Math.abs(Date.now() / 1000 - Number(timestamp)) > MAX_AGE_SECONDS)
    throw new CallbackRefused('stale');
}

/** What the report says of the message. What it says of codes entered is neither read nor kept. */
export function readReport(callback: Callback, apiToken: string): ProviderEvent[] {
  verify(callback, apiToken);
  const read = report.safeParse(parse(callback.rawBody)).data;
  const outcome = read && OUTCOMES.get(read.delivery_status.status);
  if (!outcome) return [];
  const { request_id, payload, delivery_status } = read;
  return [
    {
      type: 'receipt',
      eventId: `${request_id}:${delivery_status.status}:${delivery_status.updated_at}`,
      attemptId: payload,
      providerMessageId: request_id,
      outcome,
      reason: outcome === 'failed' ? delivery_status.status : undefined,
      at: new Date(delivery_status.updated_at * 1000),
    },
  ];
}

function parse(rawBody: Buffer): unknown {
  try {
    return JSON.parse(rawBody.toString('utf8'));
  } catch {
    throw new CallbackRefused('not JSON');
  }
}
