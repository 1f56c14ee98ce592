import { idsFrom, type Patience } from '@app/platform';

export interface VerificationCount {
  date: string;
  created: number;
  approved: number;
}

/** Codes that applications asked for, by the day they did. */
export const verificationCounts = (patience: Patience, from: Date, until: Date): Promise<VerificationCount[]> =>
  patience.read(
    `select to_char(date, 'YYYY-MM-DD') as date, created, approved from (
       select (created_at at time zone 'UTC')::date as date, count(*)::integer as created,
            count(*) filter (where status = 'approved')::integer as approved
       from verification where purpose = 'api' and id >= ? and id < ? and created_at >= ? and created_at < ? group by 1) s`,
    [...idsFrom(from, until), from, until],
  );

/** People with a factor of these types that stands. */
export async function holdersOf(patience: Patience, types: readonly string[]): Promise<number> {
  const [row] = await patience.read<{ count: number }>(
    `select count(distinct user_id)::integer as count from mfa_factor
      where type in (${types.map(() => '?').join()}) and confirmed_at is not null and disabled_at is null`,
    [...types],
  );
  return row!.count;
}
