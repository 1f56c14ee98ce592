import { isIP } from 'node:net';
import { LockMode } from '@mikro-orm/core';
import type { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { AuditService } from '@app/audit';
import { config, invalid, page, readCursor, RequestContext } from '@app/platform';
import { isLocalName, isPublic } from '../public-address.js';
import { hostOf } from './webhook-call.js';
import { sealSecret, WebhookEndpoint } from './webhook.entity.js';
import { newWebhookSecret } from './webhook-signature.js';
import type { CreateWebhook, UpdateWebhook, WebhookView } from './webhooks.contract.js';
import { WebhookError } from './webhooks.errors.js';

const MOST = 20;
const OVERLAP_HOURS = 24;

/** Where a company is told of its events. A secret goes out once, when it is made, and is never read back. */
@Injectable()
export class WebhooksService {
  constructor(
    private readonly context: RequestContext,
    private readonly audit: AuditService,
  ) {}

  /** Newest first. */
  list(limit: number, cursor?: string) {
    const tenantId = this.context.tenantId!;
    const before = readCursor('webhooks', tenantId, cursor);
    return this.context.transaction(async (em) => {
      const which = { removedAt: null, ...(before && { id: { $lt: before } }) };
      const rows = await em.find(WebhookEndpoint, which, { orderBy: { id: 'desc' }, limit: limit + 1 });
      const { data, next_cursor } = page('webhooks', tenantId, rows, limit, ({ id }) => id);
      return { data: data.map(view), next_cursor };
    });
  }

  /** @throws webhooks.not_found */
  get(id: string): Promise<WebhookView> {
    return this.context.transaction(async (em) => view(await found(em, id)));
  }

  /** @throws request.invalid, webhooks.too_many */
  create({ url, event_types, description, enabled }: CreateWebhook): Promise<WebhookView & { secret: string }> {
    requireDestination(url);
    const id = uuidv7();
    const secret = newWebhookSecret();
    return this.context.transaction(async (em) => {
      // One at a time in a company, or two could both be the last that is allowed.
      await em.execute('select from tenant for update');
      if ((await em.count(WebhookEndpoint, { removedAt: null })) >= MOST)
        throw WebhookError.tooMany({ detail: `A company has at most ${MOST} webhooks. Remove one first.` });
      const row = em.create(WebhookEndpoint, {
        id,
        url,
        eventTypes: event_types,
        description,
        isEnabled: enabled,
        secret: sealSecret(this.context.tenantId!, id, secret),
      });
      this.audit.record('company.webhook_created', { targetId: id, details: { host: new URL(url).host, event_types, enabled } });
      await em.flush();
      return { ...view(row), secret };
    });
  }

  /** @throws request.invalid, webhooks.not_found */
  update(id: string, { url, event_types, description, enabled }: UpdateWebhook): Promise<WebhookView> {
    if (url !== undefined) requireDestination(url);
    return this.context.transaction(async (em) => {
      const row = await found(em, id, LockMode.PESSIMISTIC_WRITE);
      if (url !== undefined) row.url = url;
      if (event_types !== undefined) row.eventTypes = event_types;
      if (description !== undefined) row.description = description;
      if (enabled !== undefined) row.enable(enabled);
      row.updatedAt = new Date();
      this.audit.record('company.webhook_updated', {
        targetId: id,
        details: { host: new URL(row.url).host, event_types: row.eventTypes, enabled: row.isEnabled },
      });
      return view(row);
    });
  }

  /** The row stays for its deliveries, without a secret. @throws webhooks.not_found */
  remove(id: string): Promise<void> {
    return this.context.transaction(async (em) => {
      const row = await found(em, id, LockMode.PESSIMISTIC_WRITE);
      row.isEnabled = false;
      row.removedAt = new Date();
      row.secret = '';
      row.secretBefore = null;
      this.audit.record('company.webhook_removed', { targetId: id, details: { host: new URL(row.url).host } });
    });
  }

  /** Of two rotations within a day the first one's secret signs on, and none older. @throws webhooks.not_found */
  rotateSecret(id: string): Promise<WebhookView & { secret: string }> {
    const secret = newWebhookSecret();
    return this.context.transaction(async (em) => {
      const row = await em.findOne(
        WebhookEndpoint,
        { id, removedAt: null },
        { lockMode: LockMode.PESSIMISTIC_WRITE, populate: ['secret'] },
      );
      if (!row) throw WebhookError.notFound();
      const [clock] = await em.execute<{ ms: string }[]>('select extract(epoch from now()) * 1000 as ms');
      row.secretBefore = row.secret as string;
      row.secretBeforeUntil = new Date(Number(clock!.ms) + OVERLAP_HOURS * 3_600_000);
      row.secret = sealSecret(this.context.tenantId!, id, secret);
      row.updatedAt = new Date();
      this.audit.record('company.webhook_secret_rotated', { targetId: id });
      return { ...view(row), secret };
    });
  }
}

async function found(em: EntityManager, id: string, lockMode?: LockMode.PESSIMISTIC_WRITE): Promise<WebhookEndpoint> {
  const row = await em.findOne(WebhookEndpoint, { id, removedAt: null }, { ...(lockMode && { lockMode }) });
  if (!row) throw WebhookError.notFound();
  return row;
}

/** What can be told without asking a resolver; names are looked up at each call. @throws request.invalid */
function requireDestination(text: string) {
  const url = new URL(text);
  const host = hostOf(url);
  const refuse = (message: string) => {
    throw invalid([{ path: ['url'], message }]);
  };
  if (url.username || url.password) refuse('must not hold a user or password');
  if (url.hash) refuse('must not hold a fragment');
  if (config.NODE_ENV === 'production' && url.protocol !== 'https:') refuse('must be an https address');
  if (config.PRIVATE_DESTINATIONS) return;
  if ((isIP(host) && !isPublic(host)) || isLocalName(host)) refuse('must not lead into a private network');
}

const view = (row: WebhookEndpoint): WebhookView => ({
  id: row.id,
  url: row.url,
  event_types: row.eventTypes,
  description: row.description ?? null,
  enabled: row.isEnabled,
  disabled_because: (row.disabledBecause ?? null) as WebhookView['disabled_because'],
  failing_since: row.failingSince?.toISOString() ?? null,
  previous_secret_until: row.secretBeforeUntil && row.secretBeforeUntil.getTime() > Date.now() ? row.secretBeforeUntil.toISOString() : null,
  created_at: row.createdAt.toISOString(),
  updated_at: row.updatedAt.toISOString(),
});
