import { z } from 'zod';
import { CHANNELS } from '@app/notifications';

const DAY_MS = 24 * 3_600_000;
const LONGEST_DAYS = 92;
const USUAL_DAYS = 30;

/** A Date writes the day after it as `+010000-01-01`, which PostgreSQL does not read. */
const LAST_DAY = Date.UTC(9999, 11, 31);

/** What PostgreSQL and Date read alike, the day after it, too: a day or a time. */
const moment = z
  .union([z.iso.date(), z.iso.datetime({ offset: true })])
  .refine((text) => Date.parse(text) >= 0 && Date.parse(text) < LAST_DAY, 'must be a day or a time from 1970-01-01 to 9999-12-30');

/** Of the day (UTC) that holds it. */
const dayOf = (text: string | undefined, otherwise: number) => {
  const at = text === undefined ? otherwise : Date.parse(text);
  return at - (at % DAY_MS);
};

export const statisticsQuery = z
  .object({
    from: moment.optional().describe('first day (UTC), or a time in it; 29 days before the last'),
    to: moment.optional().describe('last day (UTC), or a time in it; today'),
  })
  .transform(({ from, to }, context) => {
    const last = dayOf(to, Date.now());
    const first = dayOf(from, last - (USUAL_DAYS - 1) * DAY_MS);
    const days = (last - first) / DAY_MS + 1;
    if (days < 1) context.addIssue({ code: 'custom', path: ['to'], message: 'must not be before from' });
    if (days > LONGEST_DAYS)
      context.addIssue({ code: 'custom', path: ['from'], message: `must be at most ${LONGEST_DAYS} days before to` });
    return { from: new Date(first), to: new Date(last) };
  });
export type Period = z.output<typeof statisticsQuery>;

const count = z.int();
const cost = z.number().describe("in the currency of the operator's prices");
const date = z.iso.date().describe('a day, UTC');
const share = z.number().min(0).max(1).nullable();
const milliseconds = z.int().nullable();
const sends = { sent: count, delivered: count, failed: count, cost };

export const statistics = z
  .object({
    from: date,
    to: date.describe('the last day, UTC, and counted'),
    sign_ins: z.array(z.object({ date, succeeded: count, failed: count })).describe('each day of the period'),
    second_factors: z.array(
      z.object({
        type: z.string().nullable().describe('such as totp; null: of an answer that could have been meant for several'),
        succeeded: count.describe('sign-ins that it finished'),
        refused: count.describe('wrong answers, and answers that came too often'),
      }),
    ),
    sends: z
      .array(z.object({ date, channel: z.enum(CHANNELS), ...sends }))
      .describe(
        'each day of the period, with every channel that was used in it; sent: given to a provider. Messages and verifications are kept for 30 days, and counted as long',
      ),
    by_provider: z
      .array(
        z.object({
          provider: z.string(),
          channel: z.enum(CHANNELS),
          ...sends,
          delivery_rate: share.describe('of those whose end is known: delivered, or failed for good; null: of none'),
          latency_p50_ms: milliseconds.describe('from our call to the receipt that says delivered; null: no receipts'),
          latency_p95_ms: milliseconds,
        }),
      )
      .describe('calls of providers: one message may be several'),
    by_country: z.array(z.object({ country: z.string().nullable().describe('of phone numbers'), ...sends })),
    verifications: z.object({ created: count, approved: count, conversion_rate: share.describe('null: none created') }),
    by_date: z
      .array(z.object({ date, created: count, approved: count, conversion_rate: share }))
      .describe('verifications of each day they were created'),
    budget: z.object({
      day: date.describe('today'),
      limit: z.number().nullable(),
      reserved_or_spent: z.number(),
      currency: z.string().optional().describe('not said where the operator has not said it'),
    }),
    people: z.object({ active: count, with_factor: count, with_passkey: count }),
  })
  .meta({ id: 'CompanyStatistics' });
export type Statistics = z.output<typeof statistics>;
