import { idsFrom, type Patience } from '@app/platform';

/** Long enough to see an outage, short enough to be of now. */
export const WINDOW_MINUTES = 10;

export interface RecentCalls {
  provider: string;
  sent: number;
  failed: number;
}

/** The last calls of a company's providers, by any process: those that were taken, and those that failed by the vendor's fault. */
export function recentCalls(patience: Patience, now: Date): Promise<RecentCalls[]> {
  const from = new Date(now.getTime() - WINDOW_MINUTES * 60_000);
  return patience.read(
    `select provider, count(*) filter (where outcome = 'accepted')::integer as sent,
            count(*) filter (where outcome = 'ambiguous' or outcome = 'retryable' and reason not in ('throttled', 'concurrent'))::integer as failed
       from delivery_attempt where id >= ? and created_at >= ? group by provider`,
    [idsFrom(from, from)[0], from],
  );
}
