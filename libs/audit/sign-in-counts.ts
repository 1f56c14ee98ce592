import { idsFrom, type Patience } from '@app/platform';

export interface SignInCount {
  date: string;
  action: 'auth.signed_in' | 'auth.sign_in_refused' | 'mfa.code_refused';
  /** The second factor's, where one is told. */
  factor: string | null;
  count: number;
}

/** How people signed in, and did not, from the beginning of a day to the end of another. By the index of company and action. */
export const signInCounts = (patience: Patience, from: Date, until: Date): Promise<SignInCount[]> =>
  patience.read(
    `select to_char(date, 'YYYY-MM-DD') as date, action, factor, count from (
       select (created_at at time zone 'UTC')::date as date, action, details ->> 'factor' as factor, count(*)::integer as count
       from audit_event
      where action in ('auth.signed_in', 'auth.sign_in_refused', 'mfa.code_refused')
        and id >= ? and id < ? and created_at >= ? and created_at < ?
      group by 1, 2, 3) s`,
    [...idsFrom(from, until), from, until],
  );
