import { defineEntity, p } from '@mikro-orm/core';
import { seal, statement, tenantOwned, unseal } from '@app/platform';

const endpoint = defineEntity({
  name: 'WebhookEndpoint',
  tableName: 'webhook_endpoint',
  ...tenantOwned({
    url: p.text(),
    eventTypes: p.array(),
    description: p.text().nullable(),
    isEnabled: p.boolean().default(true),
    disabledBecause: p.text().nullable(),
    failingSince: p.datetime().nullable(),
    secret: p.text().lazy(),
    secretBefore: p.text().nullable().lazy(),
    secretBeforeUntil: p.datetime().nullable(),
    updatedAt: p.datetime().defaultRaw('now()'),
    removedAt: p.datetime().nullable(),
  }),
});

/** Where a company wants to be told of its events. */
export class WebhookEndpoint extends endpoint.class {
  /** Enabling it anew forgives what was. */
  enable(isEnabled: boolean) {
    this.isEnabled = isEnabled;
    if (!isEnabled) return;
    this.disabledBecause = null;
    this.failingSince = null;
  }
}
endpoint.setClass(WebhookEndpoint);

export const DELIVERY_STATUSES = ['pending', 'sending', 'delivered', 'failed', 'canceled'] as const;
export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number];

const delivery = defineEntity({
  name: 'WebhookDelivery',
  tableName: 'webhook_delivery',
  ...tenantOwned({
    endpointId: p.uuid(),
    eventId: p.uuid(),
    eventType: p.text(),
    body: p.text().lazy(),
    status: p.string().$type<DeliveryStatus>(),
    attempts: p.integer().default(0),
    nextAttemptAt: p.datetime().nullable(),
    responseStatus: p.integer().nullable(),
    reason: p.text().nullable(),
    milliseconds: p.integer().nullable(),
    attemptedAt: p.datetime().nullable(),
    endedAt: p.datetime().nullable(),
  }),
});

/** One event on its way to one endpoint. Written by the database's functions alone. */
export class WebhookDelivery extends delivery.class {}
delivery.setClass(WebhookDelivery);

/** `webhook-id`: what receivers know an event by. */
export const eventName = (eventId: string) => `evt_${eventId}`;

const place = (tenantId: string, endpointId: string) => ({ tenant: tenantId, row: endpointId, purpose: 'webhook-secret' });
export const sealSecret = (tenantId: string, endpointId: string, secret: string) => seal(secret, place(tenantId, endpointId));
export const openSecret = (tenantId: string, endpointId: string, sealed: string) => unseal(sealed, place(tenantId, endpointId));

export interface DueWebhook {
  id: string;
  tenant_id: string;
  endpoint_id: string;
}
export const CLAIM_WEBHOOKS = statement<DueWebhook>('webhook_claim', 'select * from app.webhook_claim($1, $2, $3, $4, $5, $6)');

export interface BegunWebhook {
  outcome: 'go' | 'over' | 'busy';
  url: string;
  secret: string;
  /** While it still signs, too. */
  secret_before: string | null;
  event_id: string;
  body: string;
}
export const BEGIN_WEBHOOK = statement<BegunWebhook>('webhook_begin', 'select * from app.webhook_begin($1, $2, $3)');
export const FINISH_WEBHOOK = statement<{ status: DeliveryStatus | null; disabled: boolean }>(
  'webhook_finish',
  'select * from app.webhook_finish($1, $2, $3)',
);
export const REPLAY_WEBHOOK = statement<{ outcome: 'replayed' | 'gone' | 'disabled' | 'busy' }>(
  'webhook_replay',
  'select app.webhook_replay($1, $2, $3, $4, $5) as outcome',
);
export const TEST_WEBHOOK = statement<{ outcome: 'created' | 'gone' | 'disabled'; id: string | null }>(
  'webhook_test',
  'select * from app.webhook_test($1, $2)',
);
export const WEBHOOK_DEPTH = statement<{ waiting: string; oldest_seconds: number }>('webhook_depth', 'select * from app.webhook_depth($1)');
