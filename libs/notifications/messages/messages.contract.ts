import { z } from 'zod';
import { moment, pageOf, pageQuery } from '@app/platform';
import { CHANNELS } from '../channel.js';
import { locale } from '../locale.js';
import { STATUSES } from '../delivery.entity.js';

export const sendMessage = z
  .strictObject({
    channel: z.enum(CHANNELS),
    recipient: z.string().trim().min(1).max(254),
    template: z
      .string()
      .regex(/^[a-z0-9_-]{1,40}$/)
      .optional()
      .describe("one of the company's templates"),
    variables: z.record(z.string().regex(/^[a-z_]{1,30}$/), z.string().max(200)).optional(),
    message: z.string().min(1).max(1600).optional().describe('words of your own (scope messages:raw)'),
    locale: locale.default('en'),
    provider: z.string().max(40).optional().describe('use this provider only'),
    reference: z.string().max(100).optional(),
  })
  .superRefine(({ template, message, variables }, context) => {
    const issue = (path: string, text: string) => context.addIssue({ code: 'custom', path: [path], message: text });
    if ((template === undefined) === (message === undefined)) issue('template', 'either template or message');
    if (message !== undefined && variables !== undefined) issue('variables', 'goes with a template');
  })
  .meta({ id: 'SendMessage' });
export type SendMessage = z.output<typeof sendMessage>;

const attempt = z.object({
  provider: z.string(),
  at: z.string(),
  outcome: z.string().nullable(),
  reason: z.string().nullable(),
  vendor_code: z.string().nullable(),
  provider_message_id: z.string().nullable(),
  receipt: z.string().nullable(),
  cost: z.number(),
});
export const messageView = z
  .object({
    id: z.uuid(),
    channel: z.enum(CHANNELS),
    recipient_masked: z.string(),
    status: z.enum(STATUSES),
    reason: z.string().nullable(),
    template: z.string(),
    reference: z.string().nullable(),
    created_at: z.string(),
    ended_at: z.string().nullable(),
    attempts: z.array(attempt),
  })
  .meta({ id: 'MessageState' });
export const messageQuery = pageQuery.extend({
  status: z.enum(STATUSES).optional(),
  channel: z.enum(CHANNELS).optional(),
  reference: z.string().min(1).max(100).optional().describe('yours, the whole of it'),
  recipient: z.string().trim().min(1).max(254).optional().describe('the whole number with +, address or chat id'),
  from: moment.optional().describe('created at or after this time'),
  to: moment.optional().describe('created before this time'),
});
export type MessageQuery = z.output<typeof messageQuery>;
export const messagePage = pageOf(messageView).meta({ id: 'MessagePage' });
