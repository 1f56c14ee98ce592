import { LockMode } from '@mikro-orm/core';
import type { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { AuditService } from '@app/audit';
import { invalid, RequestContext, type UserCaller } from '@app/platform';
import { type CompanyPolicy, TenantsService } from '@app/tenants';
import { EnrolledFactor, openState, sealState } from './enrolled-factor.entity.js';
import type { Subject } from './factor.js';
import { FactorAttempts, type Proof } from './factor-attempts.js';
import { FactorRegistry } from './factor-registry.js';
import { MfaError } from './mfa.errors.js';

const BACKUP = 'backup_codes';

/** A person's factors: set up, confirmed, listed, removed. Every answer goes through FactorAttempts. */
@Injectable()
export class MfaService {
  constructor(
    private readonly context: RequestContext,
    private readonly factors: FactorRegistry,
    private readonly attempts: FactorAttempts,
    private readonly tenants: TenantsService,
    private readonly audit: AuditService,
  ) {}

  list(userId: string) {
    return this.context.transaction((em) => em.find(EnrolledFactor, { userId }, { orderBy: { createdAt: 'asc' } }));
  }

  /** Starts a factor. An earlier one of the type stays good until this one is confirmed; an earlier start is forgotten. */
  enroll(userId: string, subject: Subject, type: string, { label, input = {}, recipient }: Enrolment = {}) {
    const factor = this.factors.get(type);
    if (!factor.standsAlone)
      throw MfaError.unknownFactor({ errors: [{ field: 'type', message: `must be one of ${this.factors.startable.join(', ')}` }] });
    const given = factor.input.safeParse(input);
    if (!given.success) throw invalid(given.error.issues.map((issue) => ({ ...issue, path: ['input', ...issue.path] })));
    return this.context.transaction(async (em) => {
      this.requireAllowed((await this.tenants.profile(em)).policy, type);
      await em.nativeDelete(EnrolledFactor, { userId, type, confirmedAt: null });
      const { state, reveal } = factor.enroll(subject, given.data);
      const row = this.create(em, userId, type, state, label);
      if (recipient) Object.assign(row, { recipientMasked: recipient.masked, recipientMac: recipient.mac });
      this.audit.record('mfa.enrolment_started', { actorId: userId, targetId: row.id, details: { type } });
      return { factorId: row.id, reveal };
    });
  }

  /** @throws mfa.not_allowed */
  requireAllowed({ allowed_factors }: CompanyPolicy, type: string): void {
    if (allowed_factors && !allowed_factors.includes(type))
      throw MfaError.notAllowed({ detail: `Your company allows ${allowed_factors.join(', ')}.` });
  }

  /** The first factor to be confirmed brings backup codes with it, shown this once. */
  async confirm(userId: string, answer: string, which: { id: string } | { type: string }): Promise<{ backupCodes: string[] | undefined }> {
    const pending = await this.context.transaction((em) => em.findOne(EnrolledFactor, { ...which, userId, confirmedAt: null }));
    if (!pending) throw 'id' in which ? MfaError.notFound() : MfaError.notPending();
    const proof = await this.attempts.check({ tenantId: this.context.tenantId!, userId, answer, factorId: pending.id, pending: true });
    return this.context.transaction(async (em) => {
      await em.nativeDelete(EnrolledFactor, { userId, type: proof.type, confirmedAt: { $ne: null } });
      await this.spend(em, userId, proof, { confirmedAt: new Date() });
      this.audit.record('mfa.factor_added', { actorId: userId, targetId: proof.factorId, details: { type: proof.type } });
      const hasCodes = await em.count(EnrolledFactor, { userId, type: BACKUP });
      return { backupCodes: hasCodes ? undefined : await this.issueBackupCodes(em, userId) };
    });
  }

  /** New backup codes in place of the old ones, for a fresh second factor. */
  async renewBackupCodes(userId: string, answer: string): Promise<string[]> {
    await this.requireEnabled(userId);
    const proof = await this.attempts.check({ tenantId: this.context.tenantId!, userId, answer });
    return this.context.transaction(async (em) => {
      await this.spend(em, userId, proof);
      return this.issueBackupCodes(em, userId);
    });
  }

  async backupCodesLeft(userId: string): Promise<{ remaining: number; createdAt: Date | null }> {
    const row = await this.context.transaction((em) => em.findOne(EnrolledFactor, { userId, type: BACKUP }));
    if (!row) return { remaining: 0, createdAt: null };
    return { remaining: this.factors.get(BACKUP).remaining!(openState(row.tenantId, row.id, row.state)), createdAt: row.createdAt };
  }

  /** Removes one factor for a fresh second factor; with the last one go the backup codes. @throws mfa.required_by_policy */
  async remove({ id: userId, mfaDemanded }: UserCaller, factorId: string, answer: string): Promise<void> {
    const rows = await this.list(userId);
    const row = rows.find(({ id }) => id === factorId);
    if (!row) throw MfaError.notFound();
    if (mfaDemanded) keepsOne(rows, row);
    const proof = await this.attempts.check({ tenantId: this.context.tenantId!, userId, answer });
    await this.context.transaction(async (em) => {
      // Under lock: two requests cannot each leave the other's factor as the last.
      if (mfaDemanded)
        keepsOne(
          await em.find(
            EnrolledFactor,
            { userId },
            { orderBy: { id: 'asc' }, lockMode: LockMode.PESSIMISTIC_WRITE, fields: ['type', 'confirmedAt', 'disabledAt'] },
          ),
          row,
        );
      await this.spend(em, userId, proof);
      await em.nativeDelete(EnrolledFactor, { id: factorId, userId });
      const others = await em.count(EnrolledFactor, { userId, confirmedAt: { $ne: null }, type: { $ne: BACKUP } });
      if (others === 0) await em.nativeDelete(EnrolledFactor, { userId });
      this.audit.record('mfa.factor_removed', { actorId: userId, targetId: factorId, details: { type: row.type } });
    });
  }

  /** Every factor goes, for a fresh second factor. @throws mfa.required_by_policy */
  async disable({ id: userId, mfaDemanded }: UserCaller, answer: string): Promise<void> {
    await this.requireEnabled(userId);
    if (mfaDemanded) throw MfaError.requiredByPolicy();
    const proof = await this.attempts.check({ tenantId: this.context.tenantId!, userId, answer });
    await this.context.transaction(async (em) => {
      await this.spend(em, userId, proof);
      await this.removeAll(em, userId);
      this.audit.record('mfa.disabled', { actorId: userId, targetId: userId });
    });
  }

  /** Part of a larger transaction: an administrator lets a person who lost everything begin anew. */
  async removeAll(em: EntityManager, userId: string): Promise<void> {
    await em.nativeDelete(EnrolledFactor, { userId });
    await em.execute(`select app.attempt_clear('mfa', ?)`, [userId]);
  }

  /** A factor answered again, and `work` done in the transaction that spends the answer. @throws mfa.wrong_code, mfa.too_many_attempts */
  async prove<T>(
    userId: string,
    answer: string,
    factorId: string | undefined,
    work: (em: EntityManager, proof: Proof) => Promise<T>,
  ): Promise<T> {
    await this.requireEnabled(userId);
    const proof = await this.attempts.check({ tenantId: this.context.tenantId!, userId, answer, factorId });
    return this.context.transaction(async (em) => {
      await this.spend(em, userId, proof);
      return work(em, proof);
    });
  }

  private async requireEnabled(userId: string): Promise<void> {
    const some = await this.context.transaction((em) =>
      em.findOne(EnrolledFactor, { userId, confirmedAt: { $ne: null } }, { fields: ['id'] }),
    );
    if (!some) throw MfaError.notEnabled();
  }

  private async issueBackupCodes(em: EntityManager, userId: string): Promise<string[]> {
    await em.nativeDelete(EnrolledFactor, { userId, type: BACKUP });
    const { state, reveal } = this.factors.get(BACKUP).enroll({ account: '', issuer: '' }, {});
    const row = this.create(em, userId, BACKUP, state);
    row.confirmedAt = new Date();
    this.audit.record('mfa.backup_codes_made', { actorId: userId, targetId: row.id });
    return reveal.backupCodes as string[];
  }

  private create(em: EntityManager, userId: string, type: string, state: object, label?: string) {
    const id = uuidv7();
    return em.create(EnrolledFactor, { id, userId, type, label: label ?? null, state: sealState(this.context.tenantId!, id, state) });
  }

  /** Moves the factor on from exactly the state that was looked at: a code works once, however many requests race. */
  private async spend(em: EntityManager, userId: string, proof: Proof, change: { confirmedAt?: Date } = {}) {
    const { factorId, version, state, challenge, beside } = proof;
    if (challenge || beside) {
      const [used] = await em.execute<{ ok: boolean }[]>(
        `select app.factor_used(?, ?, ?, ?, string_to_array(?, ',')::uuid[], ?, ?::jsonb) as ok`,
        [
          this.context.tenant,
          userId,
          factorId,
          challenge,
          beside?.join(',') ?? null,
          this.context.sessionId ?? null,
          JSON.stringify(this.audit.origin),
        ],
      );
      if (!used!.ok) throw MfaError.wrongCode();
    }
    const moved = await em.nativeUpdate(
      EnrolledFactor,
      { id: factorId, userId, version },
      { state, version: version + 1, failures: 0, disabledAt: null, lastUsedAt: new Date(), ...change },
    );
    if (moved === 0) throw MfaError.wrongCode();
    await em.execute(`select app.attempt_clear('mfa', ?)`, [userId]);
  }
}

interface Enrolment {
  label?: string | undefined;
  input?: object;
  /** Where its codes are sent to, as it may be shown and as it is found. */
  recipient?: { masked: string; mac: string };
}

type Standing = Pick<EnrolledFactor, 'id' | 'type' | 'confirmedAt' | 'disabledAt'>;
const stands = ({ type, confirmedAt, disabledAt }: Standing) => type !== BACKUP && confirmedAt != null && disabledAt == null;

/** Where policy demands a factor, the last that stands stays. */
function keepsOne(rows: Standing[], leaving: Standing) {
  if (leaving.type !== BACKUP && leaving.confirmedAt != null && !rows.some((row) => row.id !== leaving.id && stands(row)))
    throw MfaError.requiredByPolicy();
}
