import { createHash } from 'node:crypto';
import { jwtVerify } from 'jose';
import { z } from 'zod';
import { type Callback, CallbackRefused } from '../../message-provider.js';

/** Seconds that a signed callback may be old, and our clocks apart. */
export const MAX_AGE = 300;
export const CLOCK_SKEW = 30;

export const sha256 = (data: Buffer | string) => createHash('sha256').update(data).digest('hex');

/** Vonage names no event; what makes it one does. Nothing that changes when it is sent again belongs here. */
export const eventId = (...parts: (string | undefined)[]) => sha256(JSON.stringify(parts.map((part) => part ?? null)));

const claims = z.looseObject({
  iat: z.number(),
  payload_hash: z.string(),
  api_key: z.string().optional(),
  application_id: z.string().optional(),
});

/**
 * Proves by the JWT in `Authorization` that the account sent this very body just now; the query is not covered. Not with @vonage/jwt: that
 * asks for neither age nor hash, and takes two algorithms for one secret.
 * @see https://developer.vonage.com/en/getting-started/concepts/webhooks#decoding-signed-webhooks
 * @throws CallbackRefused, also for a callback that is not signed at all: the answer makes Vonage send it again
 */
export async function proven(
  { headers, rawBody }: Callback,
  secret: string,
  of: { apiKey?: string; applicationId?: string },
): Promise<Date> {
  const [, token] = /^Bearer +(\S+)$/i.exec(headers['authorization'] ?? '') ?? [];
  if (!token) throw new CallbackRefused('not signed');

  const key = new TextEncoder().encode(secret);
  const verified = await jwtVerify(token, key, { algorithms: ['HS256'], maxTokenAge: MAX_AGE, clockTolerance: CLOCK_SKEW }).catch(() => {
    throw new CallbackRefused('signature or age');
  });
  const { success, data } = claims.safeParse(verified.payload);
  if (!success || data.payload_hash.toLowerCase() !== sha256(rawBody)) throw new CallbackRefused('another body');
  // One secret serves all keys and applications of an account.
  if (data.api_key !== undefined && of.apiKey !== undefined && data.api_key !== of.apiKey) throw new CallbackRefused('another key');
  if (data.application_id !== undefined && of.applicationId !== undefined && data.application_id !== of.applicationId)
    throw new CallbackRefused('another application');
  return new Date(data.iat * 1000);
}

/** The moment in what Vonage writes, with or without zone (UTC then); otherwise `fallback`. */
export function momentOf(text: string | undefined, fallback: Date): Date {
  const [, day, time, zone = ''] = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d(?:\.\d+)?) ?(Z|[+-]\d\d:?\d\d)?$/.exec(text ?? '') ?? [];
  const moment = new Date(`${day}T${time}${zone.replace(/^([+-]\d\d)(\d\d)$/, '$1:$2') || 'Z'}`);
  return Number.isNaN(moment.getTime()) ? fallback : moment;
}

export const signatureSecret = z
  .string()
  .min(8)
  .max(256)
  .describe("The account's signature secret, which proves that callbacks are Vonage's")
  .meta({ secret: true });
