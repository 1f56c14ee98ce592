import { statement } from '@app/platform';

export interface BegunSignIn {
  status: 'blocked' | 'unknown' | 'known';
  retry_after: number | null;
  tenant_id: string | null;
  user_id: string;
  email: string;
  password_hash: string | null;
  is_active: boolean;
  role: string;
  policy: unknown;
  factors: { id: string; type: string; label: string | null; recipient_masked: string | null; disabled: boolean }[] | null;
  /** The account's delay runs; this attempt was counted for an address the account has signed in from. */
  at_known_address: boolean;
  email_verified: boolean | null;
}

/** The sign-in's two round trips: what is counted and read before the password is looked at, and what is written after. */
export const BEGIN_SIGN_IN = statement<BegunSignIn>('sign_in_begin', 'select * from app.sign_in_begin($1, $2, $3, $4)');
export const FORGO_SIGN_IN = statement<void>('sign_in_forgo', 'select app.sign_in_forgo($1, $2, $3, $4)');
export const COMPLETE_SIGN_IN = statement<{ done: boolean }>(
  'sign_in_complete',
  'select app.sign_in_complete($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) as done',
);
export const CHALLENGE_SIGN_IN = statement<{ done: boolean }>(
  'sign_in_challenge',
  'select app.sign_in_challenge($1, $2, $3, $4, $5, $6, $7, $8, $9) as done',
);
export const CHECK_ENROLMENT = statement<{ email: string; company_name: string; locale: string | null }>(
  'enrolment_check',
  'select * from app.enrolment_check($1, $2, $3)',
);
