import { defineEntity, p } from '@mikro-orm/core';
import { statement, tenantOwned } from '@app/platform';
import type { Channel } from './channel.js';

export const STATUSES = ['queued', 'sending', 'accepted', 'delivered', 'failed', 'unknown', 'expired', 'canceled'] as const;

const delivery = defineEntity({
  name: 'Delivery',
  tableName: 'delivery',
  ...tenantOwned({
    verificationId: p.uuid().nullable(),
    /** Of the verification's workflow. */
    step: p.integer().default(0),
    channel: p.string().$type<Channel>(),
    recipient: p.text(),
    recipientMasked: p.text(),
    country: p.text().nullable(),
    provider: p.text().nullable(),
    template: p.text(),
    locale: p.text(),
    payload: p.text().nullable(),
    reference: p.text().nullable(),
    status: p.string().$type<(typeof STATUSES)[number]>(),
    reason: p.text().nullable(),
    tries: p.integer().default(0),
    expiresAt: p.datetime(),
    endedAt: p.datetime().nullable(),
  }),
});

/** One message to one person over one channel, and how far it got. Written by the database's functions alone. */
export class Delivery extends delivery.class {}
delivery.setClass(Delivery);

const attempt = defineEntity({
  name: 'DeliveryAttempt',
  tableName: 'delivery_attempt',
  ...tenantOwned({
    deliveryId: p.uuid(),
    provider: p.text(),
    endedAt: p.datetime().nullable(),
    outcome: p.text().nullable(),
    reason: p.text().nullable(),
    vendorCode: p.text().nullable(),
    providerMessageId: p.text().nullable(),
    receipt: p.text().nullable(),
    receiptReason: p.text().nullable(),
    receiptAt: p.datetime().nullable(),
    cost: p.decimal('number').default(0),
  }),
});

/** One call of one provider. */
export class DeliveryAttempt extends attempt.class {}
attempt.setClass(DeliveryAttempt);

const receipt = defineEntity({
  name: 'DeliveryReceipt',
  tableName: 'delivery_receipt',
  ...tenantOwned({
    provider: p.text(),
    eventId: p.text(),
    attemptId: p.uuid().nullable(),
    providerMessageId: p.text().nullable(),
    outcome: p.text(),
    reason: p.text().nullable(),
    at: p.datetime(),
    takenAt: p.datetime().defaultRaw('clock_timestamp()'),
    handledAt: p.datetime().nullable(),
    expiresAt: p.datetime(),
  }),
});

/** What a vendor told us of an attempt, each event once. */
export class DeliveryReceipt extends receipt.class {}
receipt.setClass(DeliveryReceipt);

/** What a message is made of. The code and the variables are sealed until it is composed. */
export interface Content {
  channel: Channel;
  recipient: string;
  code: string | null;
  payload: string | null;
  template: string;
  locale: string;
  verification_id: string | null;
  expires_at: Date;
  company_name: string;
  policy: unknown;
  templates: { locale: string; subject: string | null; body: string; html: string | null }[] | null;
  /** It goes out over the operator's own mail server. */
  operated?: boolean;
}

export interface BegunDelivery extends Content {
  outcome: 'go' | 'over' | 'busy' | 'later' | 'budget';
  provider: string;
  settings: string | null;
  country: string | null;
  created_at: Date;
  /** W3C traceparent of the request that wanted it, where requests are traced. */
  trace: string | null;
  wait: number | null;
}

export const BEGIN_DELIVERY = statement<BegunDelivery>('delivery_begin', 'select * from app.delivery_begin($1, $2, $3)');
export const FINISH_DELIVERY = statement<{ again: boolean; status: string | null }>(
  'delivery_finish',
  'select * from app.delivery_finish($1, $2, $3)',
);
export const CLAIM_DUE = statement<{ id: string; tenant_id: string; kind: string }>('due_claim', 'select * from app.due_claim($1, $2, $3)');
export const VERIFICATION_DUE = statement<{ sent: boolean; rule: string | null }>(
  'verification_due',
  'select * from app.verification_due($1, $2, $3)',
);
export const DELIVERY_OF_ATTEMPT = statement<Content & { delivery_id: string }>(
  'delivery_of_attempt',
  'select * from app.delivery_of_attempt($1, $2)',
);
export const PUT_RECEIPT = statement<{ fresh: boolean; first: boolean; attempt_id: string | null; delivery_id: string | null }>(
  'receipt_put',
  'select * from app.receipt_put($1, $2, $3)',
);
export const RECEIPT_HANDLED = statement<void>('receipt_handled', 'select app.receipt_handled($1, $2, $3, $4)');
