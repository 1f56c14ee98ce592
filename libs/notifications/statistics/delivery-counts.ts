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

const DAY = `(created_at at time zone 'UTC')::date`;
const SUMS = 'sum(sent)::integer as sent, sum(delivered)::integer as delivered, sum(failed)::integer as failed';
/** `facts` are messages, counted already, and calls of providers, which alone cost. */
const summed = (by: string, columns: string) =>
  `(select coalesce(json_agg(s), '[]') from (
     select ${columns}, ${SUMS}, coalesce(sum(cost), 0)::double precision as cost from facts group by ${by} order by ${by}) s)`;

/**
 * What became of the messages of some days: each message once, by day and country; each call of a provider once, by provider. All in one
 * statement, for calls are read once; and no message is joined to its calls but to say which channel they were by.
 */
export async function deliveryCounts(patience: Patience, from: Date, until: Date): Promise<DeliveryCounts> {
  const [first, last] = idsFrom(from, until);
  const [row] = await patience.read<{ counts: DeliveryCounts }>(
    `with call as materialized (
       select (d.created_at at time zone 'UTC')::date as date, d.channel, d.country, a.provider, a.outcome, a.receipt, a.cost,
              greatest(extract(epoch from a.receipt_at - a.created_at)::double precision * 1000, 0) as took
         from delivery d join delivery_attempt a on a.delivery_id = d.id and a.tenant_id = d.tenant_id
        where d.id >= ? and d.id < ? and d.created_at >= ? and d.created_at < ? and a.id >= ?),
     facts as materialized (
       select ${DAY} as date, channel, country, count(*) filter (where tries > 0) as sent, count(*) filter (where status = 'delivered') as delivered,
              count(*) filter (where status in ('failed', 'expired')) as failed, null::numeric as cost
         from delivery where id >= ? and id < ? and created_at >= ? and created_at < ? group by 1, 2, 3
       union all select date, channel, country, 0, 0, 0, sum(cost) from call group by 1, 2, 3)
     select json_build_object(
       'sends', ${summed('date, channel', 'date, channel')},
       'by_country', ${summed('country', 'country')},
       'by_provider', (select coalesce(json_agg(s order by s.provider, s.channel), '[]') from (
          select provider, channel, count(*) filter (where outcome in ('accepted', 'ambiguous'))::integer as sent,
                 count(*) filter (where receipt = 'delivered')::integer as delivered,
                 count(*) filter (where receipt = 'failed' or receipt is null and outcome in ('definite', 'retryable', 'configuration'))::integer as failed,
                 sum(cost)::double precision as cost,
                 round(percentile_cont(0.5) within group (order by took) filter (where receipt = 'delivered'))::integer as latency_p50_ms,
                 round(percentile_cont(0.95) within group (order by took) filter (where receipt = 'delivered'))::integer as latency_p95_ms
            from call group by provider, channel) s)) as counts`,
    [first, last, from, until, first, first, last, from, until],
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
