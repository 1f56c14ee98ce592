import { Injectable } from '@nestjs/common';
import { AuditService } from '@app/audit';
import { HotStatements, page, readCursor, RequestContext } from '@app/platform';
import { eventName, REPLAY_WEBHOOK, TEST_WEBHOOK, WebhookDelivery, WebhookEndpoint } from './webhook.entity.js';
import type { DeliveriesQuery } from './webhooks.contract.js';
import { WebhookError } from './webhooks.errors.js';

/** What was sent to a company's webhooks, as its administrators see it and send it again. */
@Injectable()
export class WebhookDeliveries {
  constructor(
    private readonly context: RequestContext,
    private readonly statements: HotStatements,
    private readonly audit: AuditService,
  ) {}

  /** @throws webhooks.not_found */
  list(endpointId: string, { limit, cursor, status }: DeliveriesQuery) {
    const tenantId = this.context.tenantId!;
    const name = `webhook-deliveries ${endpointId}`;
    const before = readCursor(name, tenantId, cursor);
    return this.context.transaction(async (em) => {
      if ((await em.count(WebhookEndpoint, { id: endpointId, removedAt: null })) === 0) throw WebhookError.notFound();
      const which = { endpointId, ...(before && { id: { $lt: before } }), ...(status && { status }) };
      const rows = await em.find(WebhookDelivery, which, { orderBy: { id: 'desc' }, limit: limit + 1 });
      const { data, next_cursor } = page(name, tenantId, rows, limit, ({ id }) => id);
      return { data: data.map(view), next_cursor };
    });
  }

  /** @throws webhooks.not_found, webhooks.delivery_not_found, webhooks.disabled, webhooks.under_way */
  async replay(endpointId: string, id: string): Promise<{ id: string }> {
    const { type, id: actorId } = this.context.actor;
    const actor = { type, id: actorId, session: this.context.sessionId ?? null };
    const { outcome } = await this.statements.one(REPLAY_WEBHOOK, [this.context.tenant, endpointId, id, actor, this.audit.origin]);
    if (outcome === 'gone') throw WebhookError.deliveryNotFound();
    if (outcome === 'disabled') throw WebhookError.disabled();
    if (outcome === 'busy') throw WebhookError.underWay();
    return { id };
  }

  /** @throws webhooks.not_found, webhooks.disabled */
  async test(endpointId: string): Promise<{ id: string }> {
    const { outcome, id } = await this.statements.one(TEST_WEBHOOK, [this.context.tenant, endpointId]);
    if (outcome === 'gone') throw WebhookError.notFound();
    if (outcome === 'disabled') throw WebhookError.disabled();
    return { id: id! };
  }
}

const view = (row: WebhookDelivery) => ({
  id: row.id,
  event_id: eventName(row.eventId),
  event_type: row.eventType,
  status: row.status,
  attempts: row.attempts,
  response_status: row.responseStatus ?? null,
  reason: row.reason ?? null,
  latency_ms: row.milliseconds ?? null,
  created_at: row.createdAt.toISOString(),
  last_attempt_at: row.attemptedAt?.toISOString() ?? null,
  next_attempt_at: row.nextAttemptAt?.toISOString() ?? null,
  ended_at: row.endedAt?.toISOString() ?? null,
});
