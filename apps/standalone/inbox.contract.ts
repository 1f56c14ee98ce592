import { z } from 'zod';
import { CHANNELS, type SandboxMessage } from '@app/notifications';

export const inboxQuery = z.object({ to: z.string().max(254).optional().describe('only what went to this number or address') });
export type InboxQuery = z.output<typeof inboxQuery>;

export const inboxMessage = z
  .object({
    id: z.uuid(),
    channel: z.enum(CHANNELS),
    to: z.string(),
    text: z.string(),
    subject: z.string().nullable(),
    html: z.string().optional().describe('e-mail only'),
    code: z.string().nullable().describe('the code in the text'),
    locale: z.string().describe('what it was asked for in, such as es-MX'),
    company: z.string().describe('who sent it, by the name people know'),
    taken_at: z.string(),
  })
  .meta({ id: 'InboxMessage' });
export type InboxMessage = z.output<typeof inboxMessage>;
export const inboxList = z.object({ data: z.array(inboxMessage) }).meta({ id: 'Inbox' });

export const inboxView = ({ attemptId, channel, to, text, subject, html, code, locale, brand, takenAt }: SandboxMessage): InboxMessage => ({
  id: attemptId,
  channel,
  to,
  text,
  subject: subject ?? null,
  ...(html !== undefined && { html }),
  code: code ?? null,
  locale,
  company: brand,
  taken_at: takenAt.toISOString(),
});

/** Whether a message went to whom somebody asks for. In a query, the plus of a number that nobody encoded arrives as a space. */
export const wentTo = (wanted: string | undefined) => {
  const name = wanted?.replace(/^ /, '+').trim().toLowerCase();
  return ({ to }: SandboxMessage) => !name || to.toLowerCase() === name;
};
