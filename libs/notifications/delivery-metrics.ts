import { counter, gauge, histogram } from '@app/platform';

/** Calls of vendors, by how they ended; `held_back` is a call that was not made (breaker open, all lines busy). */
export const sends = counter('sends_total', 'Calls of providers, by how they ended.', ['channel', 'provider', 'country', 'outcome']);
export const sendSeconds = histogram(
  'send_seconds',
  'Time that a call of a provider took.',
  ['provider'],
  [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 60],
);
export const receipts = counter('receipts_total', 'What providers told of messages, each event once.', ['provider', 'outcome']);
export const receiptSeconds = histogram(
  'receipt_seconds',
  "Time from an attempt to the provider's word that it was delivered, or was not.",
  ['provider'],
  [0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 900, 3600],
);
export const callbacksRefused = counter('callbacks_refused_total', 'Callbacks that were not authentic.', ['provider']);
export const claims = counter('claims_total', 'What was taken off the queue of due work, by kind.', ['kind']);
export const breakerState = gauge('breaker_state', 'Circuit breaker in this process: 0 closed, 1 half open, 2 open.', [
  'provider',
  'country',
]);

/** As a label: ISO 3166, or none. */
export const countryLabel = (country: string | null) => (country && /^[A-Z]{2}$/.test(country) ? country : 'none');

/** The time that a UUID of version 7 was made at, in milliseconds (RFC 9562 §5.7). Attempts have such ids. */
export const madeAt = (id: string) => Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
