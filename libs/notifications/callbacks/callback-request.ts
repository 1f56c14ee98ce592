import type { FastifyRequest } from 'fastify';
import { AppError, log, ServerError } from '@app/platform';
import type { Received } from '../message-provider.js';
import type { CallbacksService } from './callbacks.service.js';

/** A vendor's request, wherever it came in: read as it was sent, and never answered with a 4xx for what is our own fault. */
export function takeCallback(
  callbacks: CallbacksService,
  provider: string,
  token: string,
  { method, headers, body }: FastifyRequest,
  query: Record<string, unknown>,
): Promise<NonNullable<Received['reply']>> {
  const callback = {
    method,
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value])),
    // A name that is there twice is nobody's: no vendor sends it.
    query: Object.fromEntries(Object.entries(query).filter((entry): entry is [string, string] => typeof entry[1] === 'string')),
    rawBody: Buffer.isBuffer(body) ? body : Buffer.alloc(0),
  };
  return callbacks.handle(provider, token, callback).catch((error: unknown) => {
    if (error instanceof AppError) throw error;
    // Some vendors never try again after a 4xx: what is ours to mend is a 503, always.
    log().error({ provider, kind: (error as Error).name, reason: (error as { code?: unknown }).code }, 'a callback could not be taken in');
    throw ServerError.busy({ retryAfter: 5 });
  });
}
