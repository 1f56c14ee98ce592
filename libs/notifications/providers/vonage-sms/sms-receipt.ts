import { z } from 'zod';
import type { ProviderEvent } from '../../message-provider.js';
import { eventId, momentOf } from '../vonage/vonage-callback.js';
import type { Fields } from './receipt-signature.js';

type Outcome = Extract<ProviderEvent, { type: 'receipt' }>['outcome'];

/** `unknown` is the carrier keeping silent: neither arrived nor lost. */
const OUTCOMES: Record<string, Outcome> = {
  delivered: 'delivered',
  accepted: 'progress',
  buffered: 'progress',
  unknown: 'progress',
  failed: 'failed',
  expired: 'failed',
  rejected: 'failed',
  deleted: 'failed',
};

/** Reads a proven receipt; its names are kebab-case, but for one. An incoming text or a status we do not know is no event of ours. */
export function readReceipt(fields: Fields, signedAt: Date): ProviderEvent[] {
  const { messageId, status = '', scts, 'err-code': code, 'client-ref': reference, 'message-timestamp': pushedAt } = fields;
  const outcome = Object.hasOwn(OUTCOMES, status) ? OUTCOMES[status] : undefined;
  if (!messageId || messageId.length > 100 || !outcome) return [];

  return [
    {
      type: 'receipt',
      // Not the moment of pushing: that is another one when the same receipt comes again.
      eventId: eventId(messageId, status, code, scts),
      providerMessageId: messageId,
      attemptId: z.uuid().safeParse(reference).data,
      outcome,
      reason: outcome === 'delivered' ? undefined : reasonOf(status, code),
      at: momentOf(pushedAt, signedAt),
    },
  ];
}

/** @see https://developer.vonage.com/en/messaging/sms/guides/delivery-receipts#dlr-error-codes */
const reasonOf = (status: string, code = '') => (/^[1-9]\d{0,3}$/.test(code) ? `${status}_${code}` : status);
