import { DeliveryError, type DeliveryErrorKind } from '../../delivery-error.js';

/** The request never left: no address, no connection. */
const NOT_CONNECTED = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT']);

/** Telegram lists no errors; these are the ones its clients know. Anything else is a refusal like any other. */
const REFUSALS = new Map<string, [DeliveryErrorKind, string]>(
  Object.entries({
    ACCESS_TOKEN_INVALID: ['configuration', 'credentials'],
    ACCESS_TOKEN_REQUIRED: ['configuration', 'credentials'],
    BALANCE_NOT_ENOUGH: ['configuration', 'balance'],
    SENDER_USERNAME_INVALID: ['configuration', 'sender'],
    SENDER_NOT_VERIFIED: ['configuration', 'sender'],
    SENDER_NOT_OWNED: ['configuration', 'sender'],
    CALLBACK_URL_INVALID: ['configuration', 'callback_url'],
    PHONE_NUMBER_INVALID: ['definite', 'invalid_recipient'],
    PHONE_NUMBER_NOT_FOUND: ['definite', 'not_on_telegram'],
    PHONE_NUMBER_NOT_AVAILABLE: ['definite', 'not_on_telegram'],
  }),
);

/** `FLOOD_WAIT_7`: the wait is part of the name. */
const FLOOD = /^FLOOD_WAIT(?:_(\d{1,6}))?$/;

/** `{ ok: false, error }`: the Gateway understood, and did nothing. */
export function refusal(error: string, status: number): DeliveryError {
  const flood = FLOOD.exec(error);
  if (flood || status === 429) return new DeliveryError('retryable', 'throttled', flood?.[1] ? { retryAfter: Number(flood[1]) } : {});
  const known = REFUSALS.get(error);
  if (known) return new DeliveryError(...known, { vendorCode: error });
  if (status === 401) return new DeliveryError('configuration', 'credentials');
  if (status >= 500) return serverFailure(status);
  // An error we do not know may quote what we sent: its words stay here.
  return new DeliveryError('definite', 'refused');
}

/** An answer that is not the Gateway's own: nobody says whether the request was carried out. */
export function serverFailure(status: number): DeliveryError {
  if (status === 429) return new DeliveryError('retryable', 'throttled');
  return new DeliveryError('ambiguous', status >= 500 ? 'vendor_error' : 'unreadable_reply', { vendorCode: String(status) });
}

/** fetch threw. Its errors may hold the address and never need to go on. */
export function connectionFailure(error: unknown): DeliveryError {
  const { name, cause } = error as { name?: string; cause?: { code?: string } };
  if (cause?.code && NOT_CONNECTED.has(cause.code)) return new DeliveryError('retryable', 'unreachable');
  return new DeliveryError('ambiguous', name === 'AbortError' || name === 'TimeoutError' ? 'timeout' : 'connection_lost');
}
