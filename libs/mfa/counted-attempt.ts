import { type HotStatements, signTenant, statement } from '@app/platform';
import { credentialMac } from './enrolled-factor.entity.js';
import type { Answer, FactorPolicy, SpentChallenge } from './factor.js';
import type { FactorRegistry } from './factor-registry.js';
import { type ChallengePlace, readChallenge } from './signed/signed-challenge.js';

/** Whose answer, and to what. */
export interface Attempt {
  tenantId: string;
  userId: string;
  answer: Answer;
  /** The sign-in whose second factor is due; none when a signed-in person proves a factor again. */
  signInId?: string;
  /** The session of that person: a challenge that was signed must have been asked for in it. */
  sessionId?: string | undefined;
  /** One factor by name; otherwise the form of the answer says which. */
  factorId?: string | undefined;
  /** The factor named is still to be confirmed. */
  pending?: boolean;
  /** The sign-in began with this answer, and its challenge is spent. */
  firstStep?: SpentChallenge;
}

export interface CountedRow {
  status: 'counted' | 'blocked' | 'exhausted' | 'gone' | 'no_factor' | 'challenge_over';
  retry_after: number | null;
  email: string;
  role: string;
  device_name: string | null;
  now: Date;
  policy: FactorPolicy & { phishingResistant: boolean | null; hasPasskey: boolean };
  /** `challenge`: the verification that was sent for it and counted with it, and `mac` its code's. */
  factors: { id: string; type: string; state: string; version: number; challenge: string | null; mac: string | null }[] | null;
}

const ATTEMPT = statement<CountedRow>('factor_attempt', 'select * from app.factor_attempt($1, $2, $3, $4, $5, $6)');
const SIGNED_ATTEMPT = statement<CountedRow>('signed_attempt', 'select * from app.signed_attempt($1, $2, $3, $4, $5, $6, $7, $8, $9)');

/** An attempt, counted before its answer is looked at; of one that was signed, its challenge is spent with it. */
export async function countAttempt(
  statements: HotStatements,
  factors: FactorRegistry,
  attempt: Attempt,
): Promise<{ row: CountedRow; types: string[]; signed?: SpentChallenge }> {
  const { tenantId, userId, answer, signInId, factorId, pending = false, firstStep } = attempt;
  // An answer of no known form counts on every factor it could have been meant for.
  const types = factors.typesFor(answer);
  const values = [signTenant(tenantId), userId, signInId ?? null, types.length > 0 ? types : null, factorId ?? null, pending];
  if (typeof answer === 'string') return { row: await statements.one(ATTEMPT, values), types };
  if (firstStep) return { row: await statements.one(ATTEMPT, values), types, signed: firstStep };

  const { signs } = factors.signing;
  const text = signs.challengeIn(answer) ?? '';
  const challenge = readChallenge(text, placeOf(attempt));
  const more = [credentialMac(signs.credentialIn(answer)), challenge?.id ?? null, challenge?.expiresAt ?? null];
  return { row: await statements.one(SIGNED_ATTEMPT, [...values, ...more]), types, signed: { text, isFirstStep: false } };
}

function placeOf({ tenantId, userId, signInId, sessionId, factorId, pending }: Attempt): ChallengePlace {
  if (pending) return { purpose: 'registration', tenantId, userId, subject: factorId! };
  if (signInId) return { purpose: 'second_factor', tenantId, userId, subject: signInId };
  return { purpose: 'step_up', tenantId, userId, subject: sessionId! };
}
