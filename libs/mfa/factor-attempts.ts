import { Injectable } from '@nestjs/common';
import { AuditService } from '@app/audit';
import { HotStatements, signTenant, statement } from '@app/platform';
import { openState, sealState } from './enrolled-factor.entity.js';
import type { Challenge, FactorPolicy } from './factor.js';
import { FactorRegistry } from './factor-registry.js';
import { MfaError } from './mfa.errors.js';
import { codeMac } from './verifications/verification.entity.js';

interface CountedRow {
  status: 'counted' | 'blocked' | 'exhausted' | 'gone' | 'no_factor';
  retry_after: number | null;
  email: string;
  role: string;
  device_name: string | null;
  now: Date;
  policy: FactorPolicy;
  /** `challenge`: the verification that was sent for it and counted with it, and `mac` its code's. */
  factors: { id: string; type: string; state: string; version: number; challenge: string | null; mac: string | null }[] | null;
}

const ATTEMPT = statement<CountedRow>('factor_attempt', 'select * from app.factor_attempt($1, $2, $3, $4, $5, $6)');
const SETTLE = statement<{ outcome: 'opened' | 'stale' | 'gone' }>(
  'factor_settle',
  'select app.factor_settle($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) as outcome',
);
/** What app.factor_settle raises, to undo all it did, when the account was disabled meanwhile. */
const ACCOUNT_DISABLED = 'WW001';
/** … and when the code that was sent, or its factor, was over meanwhile. */
const CODE_OVER = 'WW002';

/** Whose answer, and to what. */
export interface Attempt {
  tenantId: string;
  userId: string;
  answer: string;
  /** The sign-in whose second factor is due; none when a signed-in person proves a factor again. */
  signInId?: string;
  /** One factor by name; otherwise the form of the answer says which. */
  factorId?: string | undefined;
  /** The factor named is still to be confirmed. */
  pending?: boolean;
}

/** A right answer, not yet spent: it moves its factor from `version` to `state`, once. */
export interface Proof {
  factorId: string;
  type: string;
  amr: string;
  provesPossession: boolean;
  version: number;
  state: string;
  /** The verification that brought the code, to be approved with it. */
  challenge: string | null;
  /** Factors that the answer was counted on beside its own. */
  beside: string[] | null;
  email: string;
  role: string;
  deviceName: string | null;
  /** Longest life of a session, where the company has decided on one. */
  sessionHours: number | null;
}

/** The one place where the answer to a factor is counted and looked at, whatever the factor and whoever asks. */
@Injectable()
export class FactorAttempts {
  constructor(
    private readonly statements: HotStatements,
    private readonly factors: FactorRegistry,
    private readonly audit: AuditService,
  ) {}

  /**
   * Counts the attempt, which commits on its own, and then looks at the answer.
   * @throws mfa.wrong_code, mfa.too_many_attempts (with Retry-After), mfa.sign_in_over
   */
  async check({ tenantId, userId, answer, signInId, factorId, pending = false }: Attempt): Promise<Proof> {
    // An answer of no known form counts on every factor it could have been meant for.
    const types = this.factors.typesFor(answer);
    const row = await this.statements.one(ATTEMPT, [
      signTenant(tenantId),
      userId,
      signInId ?? null,
      types.length > 0 ? types : null,
      factorId ?? null,
      pending,
    ]);
    // Which it was meant for, where that can be told.
    const [meant, ...others] = new Set(row.factors?.map(({ type }) => type) ?? types);
    const about = meant !== undefined && others.length === 0 ? { factor: meant } : {};
    const refused = (reason: string) =>
      this.audit.recordNow('mfa.code_refused', tenantId, { actorId: userId, targetId: factorId ?? null, details: { reason, ...about } });

    if (row.status === 'blocked') {
      await refused('too_many_attempts');
      throw MfaError.tooManyAttempts({ retryAfter: row.retry_after ?? 60 });
    }
    if (row.status === 'gone' || row.status === 'exhausted') {
      if (row.status === 'exhausted') await refused('sign_in_exhausted');
      throw MfaError.signInOver();
    }
    for (const { id, type, state, version, challenge, mac } of row.factors ?? []) {
      const factor = this.factors.get(type);
      const sent = challengeOf(tenantId, challenge, mac);
      const next = factor.accepts(answer) && factor.verify(openState(tenantId, id, state), answer, row.now, row.policy, sent);
      if (next) {
        const { amr, provesPossession } = factor;
        const { email, role, device_name: deviceName } = row;
        const beside = row.factors!.map((other) => other.id).filter((other) => other !== id);
        return {
          factorId: id,
          type,
          amr,
          provesPossession,
          version,
          state: sealState(tenantId, id, next),
          challenge,
          beside: beside.length > 0 ? beside : null,
          email,
          role,
          deviceName,
          sessionHours: row.policy.sessionHours ?? null,
        };
      }
    }
    await refused(row.status === 'no_factor' ? 'no_such_factor' : 'wrong_code');
    throw MfaError.wrongCode();
  }

  /**
   * Answers a pending sign-in. When another request moved the factor on meanwhile, the answer is looked at once more against the new
   * state, where a code just spent is wrong and another good one is still good. `session` says the session to open, as `app.factor_settle` takes it.
   */
  async settleSignIn(attempt: Attempt & { signInId: string }, session: (proof: Proof) => unknown[]): Promise<Proof> {
    for (let round = 0; round < 3; round++) {
      const proof = await this.check(attempt);
      const { outcome } = await this.statements
        .one(SETTLE, [
          signTenant(attempt.tenantId),
          attempt.userId,
          attempt.signInId,
          proof.factorId,
          proof.version,
          proof.state,
          proof.challenge,
          proof.beside,
          ...session(proof),
          this.audit.origin,
        ])
        .catch((error: { code?: string }) => {
          if (error.code === CODE_OVER) return { outcome: 'stale' as const };
          if (error.code === ACCOUNT_DISABLED) throw MfaError.signInOver();
          throw error;
        });
      if (outcome === 'opened') return proof;
      if (outcome === 'gone') throw MfaError.signInOver();
    }
    throw MfaError.wrongCode();
  }
}

const challengeOf = (tenantId: string, id: string | null, mac: string | null): Challenge | undefined =>
  id && mac ? { mac: Buffer.from(mac, 'hex'), macOf: (answer) => codeMac(tenantId, id, answer) } : undefined;
