import { defineErrors } from './app-error.js';
import { mac } from './sealing.js';

const IdempotencyError = defineErrors('request', {
  invalidIdempotencyKey: ['invalid', 'Idempotency-Key must be 1 to 255 printable characters.'],
});

/** Keyed: a request holds numbers and codes that are quickly guessed from a plain hash. */
const digest = (text: string) => mac('idempotency', text).toString('hex');

/** Objects with their names in order, so that the same request in another order is the same request. */
const ordered = (value: unknown): unknown =>
  typeof value !== 'object' || value === null
    ? value
    : Array.isArray(value)
      ? value.map(ordered)
      : Object.fromEntries(
          Object.entries(value)
            .toSorted(([a], [b]) => (a < b ? -1 : 1))
            .map(([name, inner]) => [name, ordered(inner)]),
        );

/**
 * What is kept of an Idempotency-Key and its request: digests in hex. `about` is the request as its schema read it.
 * @see https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
 * @throws request.invalid_idempotency_key
 */
export function idempotencyKey(key: string, about: unknown): { key: string; body: string } {
  if (!/^[\x21-\x7e]([\x20-\x7e]{0,253}[\x21-\x7e])?$/.test(key)) throw IdempotencyError.invalidIdempotencyKey();
  return { key: digest(key), body: digest(JSON.stringify(ordered(about))) };
}
