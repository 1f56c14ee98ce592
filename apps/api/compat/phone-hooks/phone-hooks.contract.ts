import { z } from 'zod';
import { verificationCode } from '@app/mfa';

/** What identity providers send grows with them: what is not named here is left out, not refused. */
const number = z.string().max(100).nullish().describe("national in the company's default region, or with +");
const address = z.union([z.ipv4(), z.ipv6()]).optional().catch(undefined);
const code = verificationCode.nullish();

const oktaFields = {
  eventType: z.string().max(100).optional().describe('of an Okta inline hook: then the answer is its `commands`'),
  eventId: z.string().max(100).optional().describe('the same again: nothing is sent twice'),
};
const messageProfile = z.object({
  phoneNumber: number,
  msgTemplate: z.string().max(1600).nullish().describe("its code is taken out and goes in the company's own template"),
  otpCode: code,
  otpExpires: z.string().max(40).nullish(),
  deliveryChannel: z.string().max(20).nullish().describe('SMS or CALL'),
  locale: z.string().max(40).nullish(),
});
const data = z.object({
  messageProfile: messageProfile.nullish(),
  context: z
    .object({ request: z.object({ ipAddress: address }).optional() })
    .optional()
    .catch(undefined),
});

export const sendTextCode = z.object({ ...oktaFields, data: data.nullish() }).meta({ id: 'SendTextCode' });
export const sendVoiceCode = z.object({ ...oktaFields, phoneNumber: number, code, data: data.nullish() }).meta({ id: 'SendVoiceCode' });
export type HookRequest = z.output<typeof sendVoiceCode>;

const outcome = z.object({
  status: z.enum(['SUCCESSFUL', 'PENDING', 'FAILED']),
  provider: z.string(),
  transactionId: z.string().describe('of the verification, or the message; empty where there is none'),
  transactionMetadata: z.string(),
});
export const hookAnswer = z
  .object({
    status: z.string().optional(),
    commands: z.array(z.object({ type: z.string(), value: z.array(outcome) })).optional(),
  })
  .meta({ id: 'HookAnswer' });
export type HookAnswer = z.output<typeof hookAnswer>;

export const auth0Message = z
  .object({
    recipient: z.string().min(1).max(100),
    message_type: z.enum(['text', 'voice', 'sms']).default('text'),
    code,
    text: z.string().max(1600).nullish().describe('sent as it is where there is no code, and only with the scope messages:raw'),
    action: z.string().max(80).nullish().describe('second-factor-authenticator, second-factor-authentication, enrollment …'),
    language: z.string().max(40).nullish(),
    from: z.string().max(40).nullish().describe("is not used: the sender is the company's"),
    ip_address: address.describe('of the person, for limits'),
  })
  .meta({ id: 'Auth0Message' });
export type Auth0Message = z.output<typeof auth0Message>;

export const taken = z.object({ status: z.literal('accepted'), id: z.uuid() }).meta({ id: 'MessageTaken' });
