import { ThrottlerException } from '@nestjs/throttler';
import { HttpException } from '@nestjs/common';
import { AppError, type ErrorKind, RequestError, ServerError } from './app-error.js';

export const STATUS: Record<ErrorKind, number> = {
  invalid: 400,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  conflict: 409,
  too_large: 413,
  unsupported_media: 415,
  rate_limited: 429,
  unavailable: 503,
};

/** Class 08 (connection), 57P0x (shutdown, starting up), 53x (out of resources) of PostgreSQL, and Node's socket errors: not our caller's fault and soon over. */
const LOST_DATABASE = /^(0800[013467]|57P0[1-5]|53...|ECONNREFUSED|ECONNRESET|EPIPE|ENOTFOUND|ETIMEDOUT|ENETUNREACH)$/;
const LOST_TEXT =
  /Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|not queryable|Query read timeout|Connection ended unexpectedly/i;

function lostDatabase(error: unknown): boolean {
  for (let at = error as { code?: unknown; message?: unknown; cause?: unknown } | undefined, depth = 0; at && depth < 5; depth++) {
    if (LOST_DATABASE.test(String(at.code)) || LOST_TEXT.test(String(at.message))) return true;
    if (at instanceof AggregateError && at.errors.some(lostDatabase)) return true;
    at = (at.cause ?? (at as { previous?: unknown }).previous) as typeof at;
  }
  return false;
}

const FASTIFY: Record<string, () => AppError> = {
  FST_ERR_CTP_INVALID_JSON_BODY: RequestError.malformed,
  FST_ERR_CTP_EMPTY_JSON_BODY: RequestError.malformed,
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: RequestError.malformed,
  FST_ERR_CTP_BODY_TOO_LARGE: RequestError.tooLarge,
  FST_ERR_CTP_INVALID_MEDIA_TYPE: RequestError.unsupportedMedia,
  FST_ERR_BAD_URL: () => RequestError.invalid({ detail: 'The address is not valid: what follows % must be UTF-8.' }),
};

/** Whatever was thrown, as the failure its client may see; undefined when it is our own fault. */
export function asAppError(error: unknown): AppError | undefined {
  if (error instanceof AppError) return error;
  if (error instanceof ThrottlerException) return RequestError.rateLimited();
  const code = (error as { code?: string } | undefined)?.code;
  if (code && FASTIFY[code]) return FASTIFY[code]();
  if (lostDatabase(error)) return ServerError.databaseUnavailable({ retryAfter: 2 });
  const status = error instanceof HttpException ? error.getStatus() : (error as { statusCode?: number } | undefined)?.statusCode;
  if (status === 404) return RequestError.notFound();
  if (status === 413) return RequestError.tooLarge();
  if (status === 415) return RequestError.unsupportedMedia();
  if (status && status >= 400 && status < 500)
    return error instanceof SyntaxError || /JSON/i.test((error as Error).message) ? RequestError.malformed() : RequestError.invalid();
  return undefined;
}
