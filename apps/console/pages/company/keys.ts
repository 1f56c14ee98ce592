/** Keys of queries: what an action on a company's settings makes out of date. */
export const API_KEYS = ['api-keys'] as const;
export const CHANNELS = ['channels'] as const;
export const IDENTITY_PROVIDERS = ['identity-providers'] as const;
export const COGNITO = ['cognito'] as const;
export const WEBHOOKS = ['webhooks'] as const;
export const webhookKey = (id: string) => ['webhook', id] as const;
export const deliveriesKey = (id: string) => ['webhook-deliveries', id] as const;
