import { GrammyError, HttpError } from 'grammy';
import { DeliveryError } from '../../delivery-error.js';

/** The request never left: no address, no connection. */
const NOT_CONNECTED = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);

/** The person never pressed Start, deleted the account, or gave an id that is nobody's. */
const NOBODY = /chat not found|user not found|PEER_ID_INVALID|USER_ID_INVALID|user is deactivated/i;

/** What the Bot API's refusals mean. Nothing of what they say goes on. */
export function botFailure(error: unknown): DeliveryError {
  if (error instanceof GrammyError) return refusal(error);
  const cause = error instanceof HttpError ? (error.error as { code?: unknown; name?: unknown }) : {};
  if (typeof cause.code === 'string' && NOT_CONNECTED.has(cause.code)) return new DeliveryError('retryable', 'unreachable');
  return new DeliveryError('ambiguous', cause.name === 'AbortError' ? 'timeout' : 'connection_lost');
}

function refusal({ error_code: code, description, parameters }: GrammyError): DeliveryError {
  const vendorCode = String(code);
  if (code === 429) return new DeliveryError('retryable', 'throttled', { vendorCode, retryAfter: parameters.retry_after });
  // 404: the address, and with it the token, is no bot's.
  if (code === 401 || code === 404) return new DeliveryError('configuration', 'credentials', { vendorCode });
  // 403: blocked, deactivated, or never spoken to.
  if (code === 403) return new DeliveryError('definite', 'recipient_gone', { vendorCode, recipientGone: true });
  if (code === 400 && NOBODY.test(description)) return new DeliveryError('definite', 'recipient_gone', { vendorCode, recipientGone: true });
  if (code >= 400 && code < 500) return new DeliveryError('definite', 'refused', { vendorCode });
  // There is no idempotency key, and Telegram does not say that a failed request did nothing.
  return new DeliveryError('ambiguous', 'vendor_error', { vendorCode });
}
