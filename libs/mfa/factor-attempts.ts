import { Injectable } from '@nestjs/common';
import { AuditService } from '@app/audit';
import { HotStatements, PHISHING_RESISTANT, signTenant, statement, TWO_FACTORS, TWO_STEPS } from '@app/platform';
import { type Attempt, countAttempt } from './counted-attempt.js';
import { credentialMac, openState, sealState } from './enrolled-factor.entity.js';
import { type Challenge, Compromised, type Factor } from './factor.js';
import { FactorRegistry, takes } from './factor-registry.js';
import { MfaError } from './mfa.errors.js';
import { codeMac } from './verifications/verification.entity.js';

const SETTLE = statement<{ outcome: 'opened' | 'stale' | 'gone' }>(
  'factor_settle',
  'select app.factor_settle($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) as outcome',
);
const SETTLE_ENROLMENT = statement<{ outcome: 'opened' | 'stale' | 'gone' }>(
  'factor_settle_enrolment',
  'select app.factor_settle_enrolment($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) as outcome',
);
const REST = statement<{ done: boolean }>('factor_rest', 'select app.factor_rest($1, $2, $3, $4, $5) as done');
/** What app.factor_settle raises, to undo all it did, when the account was disabled meanwhile. */
const ACCOUNT_DISABLED = 'WW001';
/** … and when the code that was sent, or its factor, was over meanwhile. */
const CODE_OVER = 'WW002';

/** A right answer, not yet spent: it moves its factor from `version` to `state`, once. */
export interface Proof {
  factorId: string;
  type: string;
  amr: string[];
  acr: string;
  /** Policy demands a passkey, there is none yet, and this was none: one is to be set up before a session opens. */
  passkeyDue: boolean;
  version: number;
  state: string;
  /** Of a factor that a person may have several of: which of them it is, and what it is called unless its owner has said. */
  credential: { mac: Buffer; name: string } | null;
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
  async check(attempt: Attempt): Promise<Proof> {
    const { tenantId, userId, answer, factorId } = attempt;
    const { row, types, signed } = await countAttempt(this.statements, this.factors, attempt);
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
    const isResistant = types.length > 0 && types.every((type) => this.factors.get(type).isPhishingResistant);
    // Whoever answers: at a session that is open, a code would add a passkey and take the owner's away. Setting one up takes nothing away.
    const needsPasskey = !attempt.pending && row.policy.phishingResistant === true && !isResistant;
    if (needsPasskey && row.policy.hasPasskey) {
      await refused('passkey_required');
      throw MfaError.passkeyRequired();
    }
    for (const { id, type, state, version, challenge, mac } of row.factors ?? []) {
      const factor = this.factors.get(type);
      const asked = signed ?? challengeOf(tenantId, challenge, mac);
      const next = takes(factor, answer) && (await factor.verify(openState(tenantId, id, state), answer, row.now, row.policy, asked));
      if (next instanceof Compromised) {
        await this.statements.one(REST, [signTenant(tenantId), userId, id, next.reason, this.audit.origin]);
        await refused(next.reason);
        throw MfaError.wrongCode();
      }
      if (next) {
        const credentialId = factor.signs?.credentialOf(next);
        const { email, role, device_name: deviceName } = row;
        const beside = row.factors!.map((other) => other.id).filter((other) => other !== id);
        return {
          factorId: id,
          type,
          amr: factor.amrOf(next),
          acr: acrOf(factor),
          passkeyDue: needsPasskey,
          credential: credentialId === undefined ? null : { mac: credentialMac(credentialId), name: factor.nameOf!(next) },
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
    await refused(REASONS[row.status] ?? 'wrong_code');
    throw MfaError.wrongCode();
  }

  /**
   * Answers a pending sign-in. When another request moved the factor on meanwhile, the answer is looked at once more against the new
   * state, where a code just spent is wrong and another good one is still good. `ending` says the session to open, as `app.factor_settle` takes
   * it; of a proof after which a passkey is due, the sign-in to set it up in, as `app.factor_settle_enrolment` does.
   */
  async settleSignIn(attempt: Attempt & { signInId: string }, ending: (proof: Proof) => unknown[]): Promise<Proof> {
    for (let round = 0; round < 3; round++) {
      const proof = await this.check(attempt);
      const { outcome } = await this.statements
        .one(proof.passkeyDue ? SETTLE_ENROLMENT : SETTLE, [
          signTenant(attempt.tenantId),
          attempt.userId,
          attempt.signInId,
          proof.factorId,
          proof.version,
          proof.state,
          proof.challenge,
          proof.beside,
          ...ending(proof),
          this.audit.origin,
        ])
        .catch((error: { code?: string }) => {
          if (error.code === CODE_OVER) return { outcome: 'stale' as const };
          if (error.code === ACCOUNT_DISABLED) throw MfaError.signInOver();
          throw error;
        });
      if (outcome === 'opened') return proof;
      if (outcome === 'gone') throw MfaError.signInOver();
      // Its challenge is spent: there is nothing to look at once more.
      if (typeof attempt.answer === 'object') break;
    }
    throw MfaError.wrongCode();
  }
}

const REASONS: Record<string, string> = { no_factor: 'no_such_factor', challenge_over: 'challenge_over' };

const acrOf = ({ isPhishingResistant, provesPossession }: Factor) =>
  isPhishingResistant ? PHISHING_RESISTANT : provesPossession ? TWO_FACTORS : TWO_STEPS;

const challengeOf = (tenantId: string, id: string | null, mac: string | null): Challenge | undefined =>
  id && mac ? { mac: Buffer.from(mac, 'hex'), macOf: (answer) => codeMac(tenantId, id, answer) } : undefined;
