import { parsePhoneNumber } from './phone-number.js';
import { z } from 'zod';
import { locale } from '@app/notifications';
import { pageOf, pageQuery, ROLES } from '@app/platform';
import { fullName } from './auth.contract.js';

export const role = z.enum(ROLES);

export const user = z
  .object({
    id: z.uuid(),
    email: z.string(),
    email_verified: z.boolean(),
    phone_number: z.string().nullable(),
    full_name: z.string(),
    locale: z.string().nullable().describe('what they read, such as es-MX; null: nobody has said'),
    role,
    company_id: z.uuid(),
    company_name: z.string(),
    is_active: z.boolean(),
    mfa_enabled: z.boolean(),
    created_at: z.string(),
    last_login: z.string().nullable(),
  })
  .meta({ id: 'User' });
export type UserView = z.output<typeof user>;

export const userPage = pageOf(user).meta({ id: 'UserPage' });

export const userQuery = pageQuery.extend({
  search: z.string().trim().min(1).max(100).optional().describe('only people with this in their name or e-mail, in capitals or not'),
});
export type UserQuery = z.output<typeof userQuery>;

const phone = z
  .string()
  .transform((text, context) => {
    const number = parsePhoneNumber(text);
    if (!number) context.addIssue({ code: 'custom', message: 'must be an international number such as +34612345678' });
    return number ?? z.NEVER;
  })
  .meta({ type: 'string' });

/** What a person may change of themselves. Address, role and confirmations have ways of their own. */
export const updateUser = z
  .strictObject({ full_name: fullName.optional(), phone_number: phone.nullable().optional(), locale: locale.nullable().optional() })
  .meta({ id: 'UpdateUser' });
export type UpdateUser = z.output<typeof updateUser>;

export const changeRole = z.strictObject({ role }).meta({ id: 'ChangeRole' });
