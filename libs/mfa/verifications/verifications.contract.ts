import { z } from 'zod';
import { CHANNELS, locale } from '@app/notifications';
import { moment, pageOf, pageQuery } from '@app/platform';
import { VERIFICATION_STATUSES } from './verification.entity.js';

const channel = z.enum(CHANNELS);
const to = z
  .string()
  .trim()
  .min(1)
  .max(254)
  .describe("a phone number (E.164, or national in the company's default region), an e-mail address, or a Telegram chat id");
const provider = z.string().max(40).describe('use this provider only');

export const verificationCode = z
  .string()
  .trim()
  .regex(/^[A-Za-z0-9]{4,10}$/, 'must be 4 to 10 letters or digits');

export const createVerification = z
  .strictObject({
    to: to.optional(),
    channel: channel.optional(),
    workflow: z
      .array(z.strictObject({ channel, to, provider: provider.optional() }))
      .min(1)
      .max(5)
      .optional()
      .describe('several ways, tried in this order: the next when one fails, or when no receipt came within channel_timeout'),
    channel_timeout: z.number().int().min(10).max(540).default(60).describe('seconds until the next step of the workflow'),
    locale: locale.default('en').describe('BCP 47, such as es or es-MX'),
    code_length: z.number().int().min(4).max(10).default(6),
    code: verificationCode.optional().describe('a code of your own instead of a random one'),
    expires_in: z.number().int().min(30).max(600).default(300).describe('seconds'),
    reference: z.string().max(100).optional().describe('yours; comes back in answers and in the timeline'),
    ip_address: z.union([z.ipv4(), z.ipv6()]).optional().describe('of the person who asks for the code, for limits'),
  })
  .superRefine(({ to, channel, workflow }, context) => {
    const issue = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
    if (workflow && (to !== undefined || channel !== undefined)) issue('workflow', 'goes without to and channel');
    if (!workflow && to === undefined) issue('to', 'is required, or a workflow');
    if (!workflow && channel === undefined) issue('channel', 'is required, or a workflow');
  })
  .meta({ id: 'CreateVerification' });
export type CreateVerification = z.output<typeof createVerification>;

const step = z.object({ channel, recipient_masked: z.string(), provider: z.string().nullable() });
const status = z.enum(VERIFICATION_STATUSES);

export const createdVerification = z
  .object({
    id: z.uuid(),
    status,
    channel,
    workflow: z.array(step),
    expires_at: z.string(),
    resend_after: z.string(),
    reference: z.string().nullable(),
  })
  .meta({ id: 'CreatedVerification' });

export const verification = createdVerification
  .extend({
    step: z.number().int().describe('of the workflow, from 0'),
    attempts: z.number().int().describe('codes checked'),
    sends: z.number().int(),
    created_at: z.string(),
    ended_at: z.string().nullable(),
  })
  .meta({ id: 'Verification' });

export const verificationQuery = pageQuery.extend({
  status: status.optional(),
  channel: channel.optional().describe('where it stands, or ended'),
  reference: z.string().min(1).max(100).optional().describe('yours, the whole of it'),
  recipient: z.string().trim().min(1).max(254).optional().describe('the whole number with +, address or chat id; of any step'),
  from: moment.optional().describe('created at or after this time'),
  to: moment.optional().describe('created before this time'),
});
export type VerificationQuery = z.output<typeof verificationQuery>;
export const verificationPage = pageOf(verification).meta({ id: 'VerificationPage' });

export const checkVerification = z.strictObject({ code: z.string().trim().min(1).max(64) }).meta({ id: 'CheckVerification' });
export const checkedVerification = z
  .object({ id: z.uuid(), status, valid: z.boolean().describe('true once, for the right code') })
  .meta({ id: 'CheckedVerification' });

export const timelineEntry = z
  .object({
    at: z.string(),
    kind: z
      .string()
      .describe('sent, blocked, attempt, attempt_ended, receipt, undelivered, check_failed, check_refused, approved, expired, canceled'),
    channel: z.string().nullable(),
    provider: z.string().nullable(),
    recipient_masked: z.string().nullable(),
    outcome: z.string().nullable(),
    reason: z.string().nullable(),
    provider_message_id: z.string().nullable(),
    details: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'TimelineEntry' });
export type TimelineEntry = z.output<typeof timelineEntry>;
export const timeline = z.object({ id: z.uuid(), status, data: z.array(timelineEntry) }).meta({ id: 'Timeline' });
