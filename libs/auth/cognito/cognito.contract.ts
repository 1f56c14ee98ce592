import { z } from 'zod';
import { domain } from '../auth.contract.js';

const settings = {
  just_in_time: z
    .boolean()
    .default(false)
    .describe('whoever the pool signs in and has no account yet gets one; needs an e-mail that the pool verified'),
  role: z.enum(['user', 'manager']).default('user').describe('of people who get an account this way'),
  allowed_email_domains: z
    .array(domain as unknown as z.ZodType<string>)
    .max(100)
    .default([])
    .describe('where there are any, only people whose verified e-mail is in one of them come in'),
  link_verified_emails: z
    .boolean()
    .default(false)
    .describe("an account with the same e-mail becomes this pool user's, if nobody ever used it before that e-mail was verified"),
  second_factor_counts: z
    .boolean()
    .default(true)
    .describe(
      'a second factor that the pool asked for counts as one; false: ours is asked for besides, where there is one or policy demands it',
    ),
  migrate_passwords: z
    .boolean()
    .default(false)
    .describe(
      'with both: a password that the pool took is kept here (as a hash) for people who have none here, if no second factor is lost by it',
    ),
};
const cognitoSettings = z.object(settings);
/** What `identity_provider.settings` holds of a user pool. */
export type CognitoSettings = z.output<typeof cognitoSettings>;
export const readSettings = (stored: unknown): CognitoSettings => cognitoSettings.parse(stored);

export const putCognito = z
  .strictObject({
    auth_provider: z
      .enum(['native', 'cognito', 'both'])
      .describe('native: set up, not asked; cognito: asked alone; both: asked after the password kept here'),
    user_pool_id: z
      .string()
      .max(55)
      .regex(/^[a-z0-9-]{1,30}_[0-9a-zA-Z]{1,50}$/, 'must be a user pool id such as eu-west-1_AbCdEf123')
      .describe('such as eu-west-1_AbCdEf123: its region stands in it'),
    client_id: z
      .string()
      .max(128)
      .regex(/^[\w+]+$/, 'must be the id of an app client')
      .describe('of an app client that has ALLOW_USER_PASSWORD_AUTH'),
    client_secret: z
      .string()
      .min(1)
      .max(200)
      .regex(/^[\w+]+$/, 'must be the secret of an app client')
      .nullable()
      .optional()
      .describe('never read back; left out, it stays as it is while user_pool_id and client_id do; null: a client without one'),
    ...settings,
  })
  .meta({ id: 'PutCognito' });
export type PutCognito = z.output<typeof putCognito>;

export const cognitoView = z
  .object({
    auth_provider: z.enum(['native', 'cognito', 'both']),
    user_pool_id: z.string(),
    client_id: z.string(),
    has_secret: z.boolean(),
    issuer: z.string().describe('what its tokens must say'),
    just_in_time: z.boolean(),
    role: z.enum(['user', 'manager']),
    allowed_email_domains: z.array(z.string()),
    link_verified_emails: z.boolean(),
    second_factor_counts: z.boolean(),
    migrate_passwords: z.boolean(),
    created_at: z.string(),
    updated_at: z.string(),
  })
  .meta({ id: 'Cognito' });
export type CognitoView = z.output<typeof cognitoView>;
