import { LockMode, UniqueConstraintViolationException } from '@mikro-orm/core';
import type { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { AuditService } from '@app/audit';
import { invalid, ONE_FACTOR, type PersonCaller, REMEMBERED, RequestContext, type UserCaller } from '@app/platform';
import { type CompanyPolicy, TenantsService } from '@app/tenants';
import { EnrolledFactor, openState, sealState } from './enrolled-factor.entity.js';
import type { Answer, Factor, Subject } from './factor.js';
import { FactorAttempts, type Proof } from './factor-attempts.js';
import { FactorRegistry } from './factor-registry.js';
import { MfaError } from './mfa.errors.js';

export const BACKUP = 'backup_codes';

/** A person's factors: set up, confirmed, listed, proved. Every answer goes through FactorAttempts. */
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
  enroll(userId: string, subject: Subject, type: string, { id = uuidv7(), label, input = {}, recipient }: Enrolment = {}) {
    const factor = this.factors.get(type);
    if (!factor.standsAlone)
      throw MfaError.unknownFactor({ errors: [{ field: 'type', message: `must be one of ${this.factors.startable.join(', ')}` }] });
    const given = factor.input.safeParse(input);
    if (!given.success) throw invalid(given.error.issues.map((issue) => ({ ...issue, path: ['input', ...issue.path] })));
    return this.context.transaction(async (em) => {
      this.requireAllowed((await this.tenants.profile(em)).policy, type);
      await em.nativeDelete(EnrolledFactor, { userId, type, confirmedAt: null });
      if (factor.most > 1) await this.requireRoom(em, userId, factor);
      const { state, reveal } = await factor.enroll(subject, given.data);
      const row = this.create(em, userId, type, state, { id, label });
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

  /** The first factor to be confirmed brings backup codes with it, shown this once, and raises the session it is confirmed in. */
  async confirm(
    caller: PersonCaller,
    answer: Answer,
    which: { id: string } | { type: string },
    label?: string,
  ): Promise<{ backupCodes: string[] | undefined }> {
    const userId = caller.id;
    const pending = await this.context.transaction((em) => em.findOne(EnrolledFactor, { ...which, userId, confirmedAt: null }));
    if (!pending) throw 'id' in which ? MfaError.notFound() : MfaError.notPending();
    const proof = await this.attempts.check({ tenantId: this.context.tenantId!, userId, answer, factorId: pending.id, pending: true });
    const { credential } = proof;
    return this.context.transaction(async (em) => {
      if (credential) await this.requireRoom(em, userId, this.factors.get(proof.type));
      else await em.nativeDelete(EnrolledFactor, { userId, type: proof.type, confirmedAt: { $ne: null } });
      const name = label ?? pending.label ?? credential?.name;
      await this.spend(em, userId, proof, {
        confirmedAt: new Date(),
        ...(name !== undefined && { label: name }),
        ...(credential && { credentialMac: credential.mac }),
      });
      this.audit.record('mfa.factor_added', { actorId: userId, targetId: proof.factorId, details: { type: proof.type } });
      if (caller.kind === 'user') await this.raiseSession(em, caller, proof);
      const hasCodes = await em.count(EnrolledFactor, { userId, type: BACKUP });
      return { backupCodes: hasCodes ? undefined : await this.issueBackupCodes(em, userId) };
    });
  }

  /** New backup codes in place of the old ones, for a fresh second factor. */
  async renewBackupCodes(userId: string, answer: Answer): Promise<string[]> {
    await this.requireEnabled(userId);
    const proof = await this.check(userId, answer);
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

  /** @throws mfa.not_found for another person's, alike */
  rename(userId: string, factorId: string, label: string): Promise<EnrolledFactor> {
    return this.context.transaction(async (em) => {
      const row = await em.findOne(EnrolledFactor, { id: factorId, userId });
      if (!row) throw MfaError.notFound();
      row.label = label;
      this.audit.record('mfa.factor_renamed', { actorId: userId, targetId: factorId, details: { type: row.type } });
      return row;
    });
  }

  /** A factor answered again, and `work` done in the transaction that spends the answer. @throws mfa.wrong_code, mfa.too_many_attempts */
  async prove<T>(
    userId: string,
    answer: Answer,
    factorId: string | undefined,
    work: (em: EntityManager, proof: Proof) => Promise<T>,
  ): Promise<T> {
    await this.requireEnabled(userId);
    const proof = await this.check(userId, answer, factorId);
    return this.context.transaction(async (em) => {
      await this.spend(em, userId, proof);
      return work(em, proof);
    });
  }

  /**
   * `auth_time` stays: it is of what opened the session, soon before. A sign-in that sets a factor up opens one as high.
   * @throws mfa.sign_in_over when the session ended meanwhile: what it began is not to be confirmed
   */
  private async raiseSession(em: EntityManager, { id: userId, sessionId }: UserCaller, proof: Proof): Promise<void> {
    // The entity is of the library above this one. What the row says under its lock counts, not what the guard saw.
    const [session] = await em.execute<{ amr: string[]; acr: string; raised: boolean }[]>(
      `update session s set
         amr = case when b.low then b.amr || array(select x from unnest(string_to_array(?, ',')) x where x <> all (b.amr)) else b.amr end,
         acr = case when b.low then ? else b.acr end
       from (select id, amr, acr, acr = any (string_to_array(?, ' ')) as low from session
              where id = ? and user_id = ? and revoked_at is null for update) b
       where s.id = b.id returning s.amr, s.acr, b.low as raised`,
      [[...proof.amr, 'mfa'].join(','), proof.acr, `${ONE_FACTOR} ${REMEMBERED}`, sessionId, userId],
    );
    if (!session) throw MfaError.signInOver();
    const { amr, acr, raised } = session;
    if (raised) this.audit.record('auth.stepped_up', { targetId: sessionId, details: { amr, acr } });
  }

  /** Of a signed-in person; not yet spent. */
  check(userId: string, answer: Answer, factorId?: string) {
    return this.attempts.check({ tenantId: this.context.tenantId!, userId, answer, factorId, sessionId: this.context.sessionId });
  }

  /** Under lock of the person's factors: two that are confirmed at once are both counted. @throws mfa.too_many */
  private async requireRoom(em: EntityManager, userId: string, { type, most }: Factor): Promise<void> {
    const rows = await em.find(EnrolledFactor, { userId, type }, { orderBy: { id: 'asc' }, lockMode: LockMode.PESSIMISTIC_WRITE });
    if (rows.filter(({ confirmedAt }) => confirmedAt != null).length >= most) throw MfaError.tooMany();
  }

  /** @throws mfa.not_enabled */
  async requireEnabled(userId: string): Promise<void> {
    const some = await this.context.transaction((em) =>
      em.findOne(EnrolledFactor, { userId, confirmedAt: { $ne: null } }, { fields: ['id'] }),
    );
    if (!some) throw MfaError.notEnabled();
  }

  private async issueBackupCodes(em: EntityManager, userId: string): Promise<string[]> {
    await em.nativeDelete(EnrolledFactor, { userId, type: BACKUP });
    const { state, reveal } = await this.factors.get(BACKUP).enroll({ account: '', issuer: '' }, {});
    const row = this.create(em, userId, BACKUP, state);
    row.confirmedAt = new Date();
    this.audit.record('mfa.backup_codes_made', { actorId: userId, targetId: row.id });
    return reveal.backupCodes as string[];
  }

  private create(
    em: EntityManager,
    userId: string,
    type: string,
    state: object,
    { id = uuidv7(), label }: { id?: string; label?: string | undefined } = {},
  ) {
    return em.create(EnrolledFactor, { id, userId, type, label: label ?? null, state: sealState(this.context.tenantId!, id, state) });
  }

  /** Part of a larger transaction: moves the factor on from exactly the state that was looked at: a code works once, however many requests race. */
  async spend(em: EntityManager, userId: string, proof: Proof, change: Confirmation = {}) {
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
    const moved = await em
      .nativeUpdate(
        EnrolledFactor,
        { id: factorId, userId, version },
        { state, version: version + 1, failures: 0, disabledAt: null, lastUsedAt: new Date(), ...change },
      )
      .catch((error: unknown) => {
        if (error instanceof UniqueConstraintViolationException) throw MfaError.credentialInUse();
        throw error;
      });
    if (moved === 0) throw MfaError.wrongCode();
    await em.execute(`select app.attempt_clear('mfa', ?)`, [userId]);
  }
}

type Confirmation = Partial<Pick<EnrolledFactor, 'confirmedAt' | 'label' | 'credentialMac'>>;

interface Enrolment {
  /** Where somebody had to know it beforehand. */
  id?: string;
  label?: string | undefined;
  input?: object;
  /** Where its codes are sent to, as it may be shown and as it is found. */
  recipient?: { masked: string; mac: string };
}
