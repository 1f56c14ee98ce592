import { z } from 'zod';

export const optionsQuery = z.object({ company_domain: z.string().trim().min(1).max(253).describe('such as acme.com') });
export type OptionsQuery = z.output<typeof optionsQuery>;

export const signInOptions = z
  .object({
    company_domain: z.string(),
    company_name: z.string().nullable().describe('only of a company that names identity providers'),
    identity_providers: z.array(
      z.object({
        name: z.string().describe('for /api/auth/oidc/{company_domain}/{provider}/start'),
        display_name: z.string().optional(),
      }),
    ),
    password: z.boolean(),
    passkeys: z.boolean(),
  })
  .meta({ id: 'SignInOptions' });
export type SignInOptions = z.output<typeof signInOptions>;
