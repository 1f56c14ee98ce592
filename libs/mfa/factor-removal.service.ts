import { LockMode } from '@mikro-orm/core';
import type { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { AuditService } from '@app/audit';
import { RequestContext, type UserCaller } from '@app/platform';
import { EnrolledFactor } from './enrolled-factor.entity.js';
import type { Answer } from './factor.js';
import { FactorRegistry } from './factor-registry.js';
import { MfaError } from './mfa.errors.js';
import { BACKUP, MfaService } from './mfa.service.js';

/** How a person's factors go: by their own hand, by an administrator's, with an address that was never theirs. */
@Injectable()
export class FactorRemoval {
  constructor(
    private readonly context: RequestContext,
    private readonly factors: FactorRegistry,
    private readonly mfa: MfaService,
    private readonly audit: AuditService,
  ) {}

  /** Removes one factor for a fresh second factor; with the last one go the backup codes. @throws mfa.required_by_policy */
  async remove({ id: userId, mfaDemanded, passkeyDemanded }: UserCaller, factorId: string, answer: Answer): Promise<void> {
    const standing = passkeyDemanded ? this.factors.phishingResistant : undefined;
    const rows = await this.mfa.list(userId);
    const row = rows.find(({ id }) => id === factorId);
    if (!row) throw MfaError.notFound();
    if (mfaDemanded) keepsOne(rows, row, standing);
    const proof = await this.mfa.check(userId, answer);
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
          standing,
        );
      await this.mfa.spend(em, userId, proof);
      await em.nativeDelete(EnrolledFactor, { id: factorId, userId });
      await this.removeBackupCodesAlone(em, userId);
      this.audit.record('mfa.factor_removed', { actorId: userId, targetId: factorId, details: { type: row.type } });
    });
  }

  /** Every factor goes, for a fresh second factor. @throws mfa.required_by_policy */
  async disable({ id: userId, mfaDemanded }: UserCaller, answer: Answer): Promise<void> {
    await this.mfa.requireEnabled(userId);
    if (mfaDemanded) throw MfaError.requiredByPolicy();
    const proof = await this.mfa.check(userId, answer);
    await this.context.transaction(async (em) => {
      await this.mfa.spend(em, userId, proof);
      await this.removeAll(em, userId);
      this.audit.record('mfa.disabled', { actorId: userId, targetId: userId });
    });
  }

  /** Part of a larger transaction: an administrator lets a person who lost everything begin anew. */
  async removeAll(em: EntityManager, userId: string): Promise<void> {
    await em.nativeDelete(EnrolledFactor, { userId });
    await em.execute(`select app.attempt_clear('mfa', ?)`, [userId]);
  }

  /** Part of a larger transaction: factors that sign somebody in alone go, and backup codes with the last of all. */
  async endWaysIn(em: EntityManager, userId: string, reason: string): Promise<void> {
    const ended = await em.find(
      EnrolledFactor,
      { userId, type: { $in: this.factors.phishingResistant } },
      { fields: ['type', 'confirmedAt'] },
    );
    if (ended.length === 0) return;
    await em.nativeDelete(EnrolledFactor, { id: { $in: ended.map(({ id }) => id) }, userId });
    await this.removeBackupCodesAlone(em, userId);
    for (const { id, type, confirmedAt } of ended)
      if (confirmedAt != null)
        this.audit.record('mfa.factor_ended', { actorId: userId, targetId: id, details: { type, reason, user_id: userId } });
  }

  /** Backup codes stand in for another factor: with the last one they go, too. */
  private async removeBackupCodesAlone(em: EntityManager, userId: string): Promise<void> {
    const others = await em.count(EnrolledFactor, { userId, confirmedAt: { $ne: null }, type: { $ne: BACKUP } });
    if (others === 0) await em.nativeDelete(EnrolledFactor, { userId });
  }
}

type Standing = Pick<EnrolledFactor, 'id' | 'type' | 'confirmedAt' | 'disabledAt'>;
const stands = ({ type, confirmedAt, disabledAt }: Standing, of?: string[]) =>
  type !== BACKUP && confirmedAt != null && disabledAt == null && (!of || of.includes(type));

/** Where policy demands a factor, the last that stands stays; `of`: of the types that it demands. */
function keepsOne(rows: Standing[], leaving: Standing, of?: string[]) {
  const counts = leaving.type !== BACKUP && leaving.confirmedAt != null && (!of || of.includes(leaving.type));
  if (counts && !rows.some((row) => row.id !== leaving.id && stands(row, of))) throw MfaError.requiredByPolicy();
}
