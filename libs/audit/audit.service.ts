import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { HotStatements, NO_TENANT, RequestContext, signTenant, statement } from '@app/platform';
import { AuditEvent } from './audit-event.entity.js';

/** Values that are safe to keep for ever: no secret, no code, no address in full. */
export type Details = Record<string, string | number | boolean | null | string[]>;

export interface Fact {
  outcome?: 'success' | 'failure';
  /** Unless said, whoever calls. */
  actorType?: 'user' | 'application' | 'system' | 'anonymous';
  actorId?: string | null;
  targetId?: string | null;
  details?: Details;
}

const RECORD = statement<void>('audit_record', 'select app.audit_record($1, $2, $3, $4, $5, $6, $7, $8, $9)');

@Injectable()
export class AuditService {
  constructor(
    private readonly em: EntityManager,
    private readonly statements: HotStatements,
    private readonly context: RequestContext,
  ) {}

  /** Joins the caller's unit of work, so that the event commits with what it describes. */
  record(action: string, { outcome = 'success', targetId, details = {}, ...fact }: Fact = {}): void {
    const { ip, userAgent, requestId } = this.context.origin;
    this.em.create(AuditEvent, {
      action,
      outcome,
      ...this.actor(fact),
      sessionId: this.context.sessionId ?? null,
      targetId: targetId ?? null,
      ipAddress: ip ?? null,
      userAgent: userAgent ?? null,
      requestId: requestId ?? null,
      details,
    });
  }

  /** Commits on its own, in one round trip: for a refusal, whose unit of work rolls back or never was. */
  async recordNow(
    action: string,
    tenantId: string | null,
    { outcome = 'failure', targetId = null, details = {}, ...fact }: Fact,
  ): Promise<void> {
    const { actorType, actorId } = this.actor(fact);
    await this.statements.run(RECORD, [
      signTenant(tenantId ?? NO_TENANT),
      action,
      outcome,
      actorType,
      actorId,
      this.context.sessionId ?? null,
      targetId,
      this.origin,
      details,
    ]);
  }

  private actor({ actorType, actorId }: Fact) {
    const { type, id } = this.context.actor;
    return actorId === undefined ? { actorType: actorType ?? type, actorId: id } : { actorType: actorType ?? 'user', actorId };
  }

  /** The circumstances, as the database's functions take them. */
  get origin() {
    const { ip, userAgent, requestId } = this.context.origin;
    return { ip, user_agent: userAgent, request_id: requestId };
  }
}
