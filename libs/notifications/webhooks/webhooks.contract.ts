import { z } from 'zod';
import { pageOf, pageQuery } from '@app/platform';
import { DELIVERY_STATUSES } from './webhook.entity.js';

/** What a company may be told of. Names are API: never renamed or reused. */
export const EVENT_TYPES = [
  'verification.approved',
  'verification.failed',
  'message.status',
  'user.created',
  'user.updated',
  'user.deactivated',
  'user.deleted',
  'session.opened',
  'session.revoked',
] as const;

const fields = {
  url: z
    .url({ protocol: /^https?$/, error: 'must be an https address' })
    .max(2000)
    .describe('https; without user, password or fragment; not inside a private network'),
  event_types: z
    .array(z.enum(EVENT_TYPES))
    .min(1)
    .max(EVENT_TYPES.length)
    .refine((types) => new Set(types).size === types.length, 'must name each type once'),
  description: z
    .string()
    .trim()
    .min(1)
    .max(200)
    .regex(/^[^\p{Cc}\u200E\u200F\u202A-\u202E\u2066-\u2069]*$/u, 'must not hold control characters')
    .nullable(),
  enabled: z.boolean(),
};

export const createWebhook = z
  .strictObject({ ...fields, description: fields.description.default(null), enabled: fields.enabled.default(true) })
  .meta({ id: 'CreateWebhook' });
export type CreateWebhook = z.output<typeof createWebhook>;

export const updateWebhook = z.strictObject(fields).partial().meta({ id: 'UpdateWebhook' });
export type UpdateWebhook = z.output<typeof updateWebhook>;

const webhookShape = {
  id: z.uuid(),
  url: z.string(),
  event_types: z.array(z.string()),
  description: z.string().nullable(),
  enabled: z.boolean(),
  disabled_because: z.enum(['gone', 'failing']).nullable().describe('when nobody asked: it answered 410, or took nothing for five days'),
  failing_since: z.string().nullable().describe('it has taken nothing since'),
  previous_secret_until: z.string().nullable().describe('until then, the secret before signs beside the new one'),
  created_at: z.string(),
  updated_at: z.string(),
};
export const webhook = z.object(webhookShape).meta({ id: 'Webhook' });
export type WebhookView = z.output<typeof webhook>;
export const webhookPage = pageOf(webhook).meta({ id: 'WebhookPage' });
export const webhookWithSecret = z
  .object({ ...webhookShape, secret: z.string().describe('whsec_…, shown this once') })
  .meta({ id: 'WebhookWithSecret' });

export const deliveriesQuery = pageQuery.extend({ status: z.enum(DELIVERY_STATUSES).optional().describe('only those') });
export type DeliveriesQuery = z.output<typeof deliveriesQuery>;

export const webhookDelivery = z
  .object({
    id: z.uuid(),
    event_id: z.string().describe('webhook-id: the same at every attempt, and for every webhook that is told'),
    event_type: z.string(),
    status: z.enum(DELIVERY_STATUSES).describe('canceled: the webhook was disabled or removed before'),
    attempts: z.number().int(),
    response_status: z.number().int().nullable().describe('of the last attempt; null where nothing was answered'),
    reason: z.string().nullable().describe('why the last attempt failed'),
    latency_ms: z.number().int().nullable(),
    created_at: z.string(),
    last_attempt_at: z.string().nullable(),
    next_attempt_at: z.string().nullable(),
    ended_at: z.string().nullable(),
  })
  .meta({ id: 'WebhookDelivery' });
export const deliveryPage = pageOf(webhookDelivery).meta({ id: 'WebhookDeliveryPage' });
export const queuedDelivery = z.object({ id: z.uuid().describe('of the delivery') }).meta({ id: 'QueuedWebhookDelivery' });
