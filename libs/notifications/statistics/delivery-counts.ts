import { idsFrom, type Patience } from '@app/platform';
import type { Channel } from '../channel.js';

interface Counts {
  sent: number;
  delivered: number;
  failed: number;
  cost: number;
}
export interface DeliveryCounts {
  sends: ({ date: string; channel: Channel } & Counts)[];
  by_provider: ({
    provider: string;
    channel: Channel;
    latency_p50_ms: number | null;
    latency_p95_ms: number | null;
  } & Counts)[];
  by_country: ({ country: string | null } & Counts)[];
}

const MESSAGES = `count(*) filter (where sent)::integer as sent, count(*) filter (where status = 'delivered')::integer as delivered,
  count(*) filter (where status in ('failed', 'expired'))::integer as failed, sum(cost)::double precision as cost`;

/** What a provider was given, or may have been. */
const GIVEN = `outcome in ('accepted', 'ambiguous')`;

/** What became of the messages of some days: each message once by day and country, each call of a provider once by provider. In one statement, for the messages are read once. */
export async function deliveryCounts(patience: Patience, from: Date, until: Date): Promise<DeliveryCounts> {
  const [row] = await patience.read<{ counts: DeliveryCounts }>(
    `with call as materialized (
       select d.id, to_char(d.created_at at time zone 'UTC', 'YYYY-MM-DD') as date, d.channel, d.country, d.status,
              a.provider, a.outcome, a.receipt, a.cost, extract(epoch from a.receipt_at - a.created_at) * 1000 as took
         from delivery d left join lateral (
           select x.provider, x.outcome, x.receipt, x.cost, x.receipt_at, x.created_at from delivery_attempt x
            where x.delivery_id = d.id and x.tenant_id = d.tenant_id) a on true
        where d.id >= ? and d.id < ? and d.created_at >= ? and d.created_at < ?),
     message as materialized (
       select date, channel, country, status, coalesce(bool_or(${GIVEN}), false) as sent, coalesce(sum(cost), 0) as cost
         from call group by id, date, channel, country, status)
     select json_build_object(
       'sends', (select coalesce(json_agg(s order by s.date, s.channel), '[]') from (select date, channel, ${MESSAGES} from message group by date, channel) s),
       'by_country', (select coalesce(json_agg(s order by s.sent desc, s.country), '[]') from (select country, ${MESSAGES} from message group by country) s),
       'by_provider', (select coalesce(json_agg(s order by s.provider, s.channel), '[]') from (
          select provider, channel, count(*) filter (where ${GIVEN})::integer as sent,
                 count(*) filter (where receipt = 'delivered')::integer as delivered,
                 count(*) filter (where receipt = 'failed' or receipt is null and outcome in ('definite', 'retryable', 'configuration'))::integer as failed,
                 sum(cost)::double precision as cost,
                 round(percentile_cont(0.5) within group (order by greatest(took, 0)) filter (where receipt = 'delivered'))::integer as latency_p50_ms,
                 round(percentile_cont(0.95) within group (order by greatest(took, 0)) filter (where receipt = 'delivered'))::integer as latency_p95_ms
            from call where provider is not null group by provider, channel) s)) as counts`,
    [...idsFrom(from, until), from, until],
  );
  return row!.counts;
}

/** What is spent today, or kept back for what is under way. */
export async function spentToday(patience: Patience): Promise<{ date: string; amount: number }> {
  const [row] = await patience.read<{ date: string; amount: number }>(
    `select to_char(now() at time zone 'UTC', 'YYYY-MM-DD') as date,
            coalesce((select amount from spend where day = (now() at time zone 'UTC')::date), 0)::double precision as amount`,
  );
  return row!;
}
