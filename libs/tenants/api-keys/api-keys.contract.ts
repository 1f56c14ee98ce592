import { z } from 'zod';
import { pageOf, type Scope, SCOPES } from '@app/platform';

const scope = z.enum(Object.keys(SCOPES) as [Scope, ...Scope[]]);
const vocabulary = Object.entries(SCOPES)
  .map(([name, meaning]) => `\`${name}\`: ${meaning}`)
  .join('; ');

export const createApiKey = z
  .strictObject({
    name: z
      .string()
      .trim()
      .min(1)
      .max(100)
      .regex(/^[^\p{Cc}\u200E\u200F\u202A-\u202E\u2066-\u2069]*$/u, 'must not hold control characters')
      .describe('what it is for, for whoever reads the list'),
    scopes: z.array(scope).min(1).max(Object.keys(SCOPES).length).describe(vocabulary),
    expires_in_days: z.number().int().min(1).max(3650).optional().describe('without it, the key is good until it is revoked'),
  })
  .meta({ id: 'CreateApiKey' });
export type CreateApiKey = z.output<typeof createApiKey>;

export const rotateApiKey = z
  .strictObject({
    overlap_hours: z
      .number()
      .int()
      .min(0)
      .max(168)
      .default(24)
      .describe('so long the key before stays good, unless it ends earlier; 0: not at all'),
  })
  .meta({ id: 'RotateApiKey' });
export type RotateApiKey = z.output<typeof rotateApiKey>;

const apiKeyShape = {
  id: z.uuid(),
  name: z.string(),
  scopes: z.array(z.string()),
  hint: z.string().describe('the last four characters of the key'),
  created_by: z.uuid().nullable().describe('null once that person is deleted; the key stays'),
  created_at: z.string(),
  last_used_at: z.string().nullable().describe('to the minute'),
  expires_at: z.string().nullable(),
  revoked_at: z.string().nullable(),
  rotated_to: z.uuid().nullable().describe('the key that took its place'),
  expires_soon: z.boolean().describe('it is still good, ends within 14 days, and no other key has taken its place'),
};
export const apiKey = z.object(apiKeyShape).meta({ id: 'ApiKey' });
export type ApiKeyView = z.output<typeof apiKey>;
export const apiKeyPage = pageOf(apiKey).meta({ id: 'ApiKeyPage' });
export const createdApiKey = z.object({ ...apiKeyShape, key: z.string().describe('shown this once') }).meta({ id: 'CreatedApiKey' });

export const ownApiKey = z
  .object({ id: z.uuid(), name: z.string(), scopes: z.array(z.string()), company_id: z.uuid(), company_name: z.string() })
  .meta({ id: 'OwnApiKey' });
