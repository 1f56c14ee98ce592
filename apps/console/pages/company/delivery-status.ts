import type { Schemas } from '../../api/client.js';

export type DeliveryStatus = Schemas['WebhookDelivery']['status'];

/** Colours of the states that a delivery can be in; all of them, or this does not compile. */
export const DELIVERY_COLOURS: Record<DeliveryStatus, string> = {
  pending: 'blue',
  sending: 'blue',
  delivered: 'verdigris',
  failed: 'red.9',
  canceled: 'gray',
};
export const DELIVERY_STATUSES = Object.keys(DELIVERY_COLOURS) as DeliveryStatus[];
export const isDeliveryStatus = (text: unknown): text is DeliveryStatus => typeof text === 'string' && text in DELIVERY_COLOURS;
