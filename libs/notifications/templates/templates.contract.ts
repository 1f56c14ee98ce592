import { z } from 'zod';
import { pageOf } from '@app/platform';
import { CHANNELS } from '../channel.js';

export const templateName = z
  .string()
  .regex(/^[a-z0-9_-]{1,40}$/, 'must be up to 40 of a-z, 0-9, _ and -')
  .describe('`code` is the one that codes are sent with');
export const channel = z.enum(CHANNELS);

/** Control characters but for the end of a line and the tab. */
const text = (longest: number) =>
  z
    .string()
    .max(longest)
    .transform((value) => value.replaceAll(/\r\n?/g, '\n'))
    .pipe(
      z
        .string()
        .regex(/\S/, 'must not be empty')
        .regex(/^(?:[\n\t]|\P{Cc})*$/u, 'must not hold control characters'),
    )
    .meta({ type: 'string' });

export const saveTemplate = z
  .strictObject({
    subject: z
      .string()
      .trim()
      .min(1)
      .max(200)
      .regex(/^[^\p{Cc}\p{Zl}\p{Zp}]*$/u, 'must be one line')
      .nullish()
      .describe('e-mail only'),
    body: text(20_000).describe(
      'plain text; `code` may hold {code} {company} {minutes} {sender}, others {company} {sender} and variables of their own',
    ),
    html: text(40_000).nullish().describe('e-mail only; styles inline, for braces are placeholders; values are escaped'),
  })
  .meta({ id: 'SaveTemplate' });
export type SaveTemplate = z.output<typeof saveTemplate>;

export const messageTemplate = z
  .object({
    name: z.string(),
    channel,
    locale: z.string(),
    subject: z.string().nullable(),
    body: z.string(),
    html: z.string().nullable(),
    preview: z
      .object({ text: z.string(), subject: z.string().optional(), html: z.string().optional() })
      .describe('with the code 123456, 5 minutes, and every variable by its name'),
    sms: z
      .object({ encoding: z.enum(['GSM-7', 'UCS-2']), characters: z.number().int(), segments: z.number().int() })
      .nullable()
      .describe('what the preview costs by SMS: each segment is paid for'),
  })
  .meta({ id: 'MessageTemplate' });

export const templatePage = pageOf(messageTemplate)
  .extend({ built_in: z.array(messageTemplate).describe('what is sent where the company has no text of its own') })
  .meta({ id: 'MessageTemplatePage' });
