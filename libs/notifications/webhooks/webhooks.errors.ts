import { defineErrors } from '@app/platform';

export const WebhookError = defineErrors('webhooks', {
  notFound: ['not_found', 'There is no such webhook.'],
  deliveryNotFound: ['not_found', 'There is no such delivery.'],
  tooMany: ['conflict', 'There are too many webhooks.'],
  disabled: ['conflict', 'This webhook is disabled. Enable it first.'],
  underWay: ['conflict', 'This delivery is under way just now.'],
});
