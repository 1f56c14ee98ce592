import { z } from 'zod';
import { email, locale } from '@app/notifications';
import { pageOf } from '@app/platform';
import { anyPassword, fullName } from '../auth.contract.js';
import { role } from '../users.contract.js';

const token = z.string().min(1).max(300).describe('what stands behind #token= in the link');

export const linkToken = z.object({ token }).meta({ id: 'LinkToken' });
export const whoseEmail = z
  .object({
    email,
    company_domain: z.string().trim().min(1).max(253).optional().describe('else every company that knows the e-mail writes'),
  })
  .meta({ id: 'WhoseEmail' });
export const resetPassword = z.object({ token, new_password: anyPassword }).meta({ id: 'ResetPassword' });
export const changeEmail = z.strictObject({ new_email: email, password: anyPassword }).meta({ id: 'ChangeEmail' });
export const invite = z.strictObject({ email, role, locale: locale.optional() }).meta({ id: 'Invite' });
export type Invite = z.output<typeof invite>;
export const acceptInvitation = z
  .object({
    token,
    full_name: fullName,
    password: anyPassword,
    locale: locale.optional().describe("what they read; none: the invitation's"),
  })
  .meta({ id: 'AcceptInvitation' });
export type AcceptInvitation = z.output<typeof acceptInvitation>;

export const invitation = z
  .object({
    id: z.uuid(),
    email: z.string(),
    role,
    invited_by: z.uuid().nullable().describe('null once that person is deleted: nobody can accept it then'),
    created_at: z.string(),
    expires_at: z.string(),
  })
  .meta({ id: 'Invitation' });
export const invitationSeen = z
  .object({
    email: z.string(),
    role,
    company_name: z.string(),
    invited_by: z.string().describe('their name'),
    locale: z.string().nullable(),
    expires_at: z.string(),
  })
  .meta({ id: 'InvitationSeen' });
export const invitationPage = pageOf(invitation).meta({ id: 'InvitationPage' });
