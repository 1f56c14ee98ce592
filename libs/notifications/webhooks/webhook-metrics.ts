import { counter, histogram } from '@app/platform';

/** Calls of webhooks, by how they ended: `delivered`, `retry` (another follows), `failed` (none does), `superseded` (another attempt tells). */
export const webhookCalls = counter('webhook_calls_total', "Calls of companies' webhooks, by how they ended.", ['outcome']);
export const webhookSeconds = histogram(
  'webhook_seconds',
  "Time that a call of a company's webhook took.",
  [],
  [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30],
);
export const webhooksDisabled = counter(
  'webhooks_disabled_total',
  'Webhooks that were disabled because they were gone, or failed for days.',
  [],
);
