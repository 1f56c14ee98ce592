import { Injectable } from '@nestjs/common';
import { signInCounts } from '@app/audit';
import { holdersOf, verificationCounts } from '@app/mfa';
import { deliveryCounts, ProviderRegistry, spentToday } from '@app/notifications';
import { config, Patience, RequestContext } from '@app/platform';
import { policyOf } from '@app/tenants';
import type { Period, Statistics } from './statistics.contract.js';

const DAY_MS = 24 * 3_600_000;
/** For all that is read: whoever asks for more than this is told to ask for fewer days. */
const PATIENCE_MS = 5_000;
const PASSKEYS = ['webauthn', 'passkey'];

/** What a company's people, messages and codes came to. Every library counts its own rows; nothing is kept counted. */
@Injectable()
export class StatisticsService {
  constructor(
    private readonly context: RequestContext,
    private readonly providers: ProviderRegistry,
  ) {}

  /** @throws server.too_much */
  async of({ from, to }: Period, storedPolicy: unknown): Promise<Statistics> {
    const until = new Date(to.getTime() + DAY_MS);
    const counted = await this.context.transaction(async (em) => {
      const patience = new Patience(em, PATIENCE_MS);
      return {
        deliveries: await deliveryCounts(patience, from, until),
        signIns: await signInCounts(patience, from, until),
        verifications: await verificationCounts(patience, from, until),
        spent: await spentToday(patience),
        people: (
          await patience.read<{ active: number; with_factor: number }>(
            `select count(*) filter (where is_active)::integer as active, count(*) filter (where is_active and mfa_enabled)::integer as with_factor
               from user_account`,
          )
        )[0]!,
        withPasskey: await holdersOf(patience, PASSKEYS),
      };
    });
    const { deliveries, signIns, verifications, spent, people, withPasskey } = counted;
    const days = Array.from({ length: (until.getTime() - from.getTime()) / DAY_MS }, (_, at) => dayOf(from.getTime() + at * DAY_MS));
    const total = { created: sum(verifications, 'created'), approved: sum(verifications, 'approved') };
    return {
      from: days[0]!,
      to: days.at(-1)!,
      sign_ins: days.map((date) => {
        const of = (action: string) =>
          sum(
            signIns.filter((one) => one.date === date && one.action === action),
            'count',
          );
        return { date, succeeded: of('auth.signed_in'), failed: of('auth.sign_in_refused') };
      }),
      second_factors: secondFactors(signIns),
      ...deliveries,
      by_provider: deliveries.by_provider.map((one) => {
        const ended = this.providers.reporting.includes(one.provider) ? one.delivered + one.failed : 0;
        return { ...one, delivery_rate: rate(one.delivered, ended) };
      }),
      verifications: { ...total, conversion_rate: rate(total.approved, total.created) },
      by_date: days.map((date) => {
        const { created, approved } = verifications.find((one) => one.date === date) ?? { created: 0, approved: 0 };
        return { date, created, approved, conversion_rate: rate(approved, created) };
      }),
      budget: {
        day: spent.date,
        limit: policyOf(storedPolicy).daily_send_budget ?? config.SEND_BUDGET_DEFAULT,
        reserved_or_spent: spent.amount,
      },
      people: { ...people, with_passkey: withPasskey },
    };
  }
}

const dayOf = (at: number) => new Date(at).toISOString().slice(0, 10);
const rate = (part: number, whole: number) => (whole === 0 ? null : part / whole);
const sum = <K extends string>(rows: readonly Record<K, number>[], key: K) => rows.reduce((so, row) => so + row[key], 0);

function secondFactors(counts: Awaited<ReturnType<typeof signInCounts>>): Statistics['second_factors'] {
  const types = new Map<string | null, { succeeded: number; refused: number }>();
  for (const { action, factor, count } of counts) {
    if (action === 'auth.sign_in_refused' || (action === 'auth.signed_in' && factor === null)) continue;
    const type = types.get(factor) ?? { succeeded: 0, refused: 0 };
    type[action === 'auth.signed_in' ? 'succeeded' : 'refused'] += count;
    types.set(factor, type);
  }
  return [...types].map(([type, of]) => ({ type, ...of })).toSorted((a, b) => (a.type ?? '~').localeCompare(b.type ?? '~'));
}
