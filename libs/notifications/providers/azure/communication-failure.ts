import { DeliveryError, type DeliveryErrorDetails, type DeliveryErrorKind } from '../../delivery-error.js';

/** As much of the SDK's RestError as we trust: its message and bodies may hold number, text and key. */
interface RestFailure {
  name: string;
  message: string;
  code?: string;
  statusCode?: number;
  response?: { headers: { get(name: string): string | undefined } };
}

const BY_STATUS: Record<number, [DeliveryErrorKind, string]> = {
  401: ['configuration', 'credentials'],
  403: ['configuration', 'permission'],
  404: ['configuration', 'unknown_resource'],
  408: ['ambiguous', 'timeout'],
  // A request repeated under one id while the first is under way, or after the service forgot it.
  409: ['ambiguous', 'conflict'],
  412: ['ambiguous', 'conflict'],
  429: ['retryable', 'throttled'],
  // The one 5xx that says that the request was not taken.
  503: ['retryable', 'unavailable'],
};

/** What an HTTP status means, of the reply or of one recipient inside a 202. */
export const judgeStatus = (status: number | undefined): [DeliveryErrorKind, string] => {
  if (status === undefined) return ['ambiguous', 'unexpected_reply'];
  if (BY_STATUS[status]) return BY_STATUS[status];
  if (status >= 400 && status < 500) return ['definite', 'refused'];
  return ['ambiguous', status >= 500 ? 'vendor_error' : 'unexpected_reply'];
};

/** Failures before the first byte of a request: no name, no connection, no trust in the certificate. */
const NEVER_LEFT = /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|.*CERT.*|UNABLE_TO_.*|ERR_TLS_.*)$/;

/** Vendor codes are words or short numbers; anything else might be the vendor quoting us. */
const CODE = /^([A-Za-z][A-Za-z_]{0,39}|\d{1,4})$/;

const detailsOf = (failure: RestFailure): DeliveryErrorDetails => {
  const seconds = Number(failure.response?.headers.get('retry-after') ?? Number.NaN);
  return {
    ...(failure.code && CODE.test(failure.code) && { vendorCode: failure.code }),
    ...(Number.isInteger(seconds) && seconds > 0 && seconds <= 86_400 && { retryAfter: seconds }),
  };
};

const isRestFailure = (error: unknown): error is RestFailure => error instanceof Error && error.name === 'RestError';

/** @returns a DeliveryError for whatever the SDK threw: RestError, AbortError, and in one place a bare string. */
export function communicationFailure(error: unknown): DeliveryError {
  if (error instanceof DeliveryError) return error;
  if (error instanceof Error && error.name === 'AbortError') return new DeliveryError('ambiguous', 'timeout');
  if (!isRestFailure(error)) return new DeliveryError('ambiguous', 'unexpected_reply');
  if (error.statusCode !== undefined) return new DeliveryError(...judgeStatus(error.statusCode), detailsOf(error));
  // ETIMEDOUT is also what a dead connection says; only while connecting does it prove anything.
  const neverLeft = NEVER_LEFT.test(error.code ?? '') || (error.code === 'ETIMEDOUT' && error.message.startsWith('connect '));
  return neverLeft ? new DeliveryError('retryable', 'unreachable') : new DeliveryError('ambiguous', 'connection_lost');
}

/** The status the vendor answered with, for callers to whom some of them are good news. */
export const statusOf = (error: unknown): number | undefined => (isRestFailure(error) ? error.statusCode : undefined);
