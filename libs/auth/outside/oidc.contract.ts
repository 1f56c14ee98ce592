import { z } from 'zod';

const returnTo = z
  .string()
  .min(1)
  .max(1000)
  .optional()
  .describe("one of the provider's return_urls, letter by letter; none: the callback answers in JSON");
const handle = z.string().min(20).max(100);

export const startQuery = z.object({ return_to: returnTo });
export const startRequest = z.strictObject({ return_to: returnTo }).meta({ id: 'StartOutsideSignIn' });
export type StartRequest = z.output<typeof startRequest>;

export const started = z
  .object({
    authorization_url: z.string().describe('send the person there'),
    handle: z
      .string()
      .optional()
      .describe('keep it: the code that comes back is good only together with it. Not there when a cookie holds it'),
    expires_at: z.string(),
  })
  .meta({ id: 'StartedOutsideSignIn' });
export type Started = z.output<typeof started>;

export const arrived = z
  .object({
    code: z.string().nullable().describe('good once, for two minutes, for whoever began'),
    error: z.string().nullable().describe('the code of a problem, when nobody was signed in'),
  })
  .meta({ id: 'ArrivedOutsideSignIn' });
export type Arrived = z.output<typeof arrived>;

export const exchangeRequest = z
  .strictObject({
    code: z.string().min(1).max(500),
    handle: handle.optional().describe('as it was given at the start; left out where a cookie holds it'),
    device_name: z.string().trim().min(1).max(100).optional().describe('shown in the list of sessions'),
  })
  .meta({ id: 'ExchangeOutsideSignIn' });
export type ExchangeRequest = z.output<typeof exchangeRequest>;

export const startLinkRequest = z
  .strictObject({ provider: z.string().regex(/^[a-z0-9-]{1,40}$/, 'must be the name of an identity provider'), return_to: returnTo })
  .meta({ id: 'StartLink' });
export type StartLinkRequest = z.output<typeof startLinkRequest>;

export const linkRequest = z.strictObject({ code: z.string().min(1).max(500), handle }).meta({ id: 'LinkIdentity' });
export type LinkRequest = z.output<typeof linkRequest>;

export const identity = z
  .object({
    id: z.uuid(),
    issuer: z.string(),
    subject: z.string(),
    email: z.string().nullable().describe('as the issuer had it when it was linked'),
    created_at: z.string(),
    last_used_at: z.string().nullable(),
  })
  .meta({ id: 'LinkedIdentity' });
export type IdentityView = z.output<typeof identity>;
export const identityList = z.object({ data: z.array(identity), next_cursor: z.null() }).meta({ id: 'LinkedIdentityList' });
