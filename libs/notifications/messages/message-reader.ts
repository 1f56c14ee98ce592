import type { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { page, Patience, readCursor, RequestContext } from '@app/platform';
import { policyOf } from '@app/tenants';
import { Delivery, DeliveryAttempt } from '../delivery.entity.js';
import { openRecipient } from '../message-composer.js';
import { NotificationError } from '../notifications.errors.js';
import { maskOf, soughtAddresses } from '../recipients.js';
import type { MessageQuery } from './messages.contract.js';

/** A company that looks for what is rarely there reads all it has. */
const PATIENCE_MS = 2_000;

type Wanted = Omit<MessageQuery, 'limit' | 'cursor' | 'recipient'>;

export interface SentMessage {
  row: Delivery;
  attempts: DeliveryAttempt[];
}

/** What became of messages that are no codes. */
@Injectable()
export class MessageReader {
  constructor(private readonly context: RequestContext) {}

  /** @throws notifications.message_not_found */
  async get(id: string): Promise<SentMessage> {
    return this.context.transaction(async (em) => {
      const row = await em.findOne(Delivery, { id, verificationId: null });
      if (!row) throw NotificationError.messageNotFound();
      const attempts = await em.find(DeliveryAttempt, { deliveryId: id }, { orderBy: { id: 'asc' }, limit: 100 });
      return { row, attempts };
    });
  }

  /** Newest first, by the primary key. @throws request.bad_cursor, request.invalid of a recipient, server.too_much */
  async page(
    { limit, cursor, recipient, ...wanted }: MessageQuery,
    policy: unknown,
  ): Promise<{ data: SentMessage[]; next_cursor: string | null }> {
    const tenantId = this.context.tenantId!;
    const before = readCursor('messages', tenantId, cursor);
    const sought = recipient === undefined ? undefined : soughtAddresses(recipient, policyOf(policy).default_region, 'recipient');
    return this.context.transaction(async (em) => {
      const rows = await this.newest(em, { limit: limit + 1, before, sought, wanted });
      const { data, next_cursor } = page('messages', tenantId, rows, limit, ({ id }) => id);
      const attempts = await em.find(DeliveryAttempt, { deliveryId: { $in: data.map(({ id }) => id) } }, { orderBy: { id: 'asc' } });
      return { data: data.map((row) => ({ row, attempts: attempts.filter(({ deliveryId }) => deliveryId === row.id) })), next_cursor };
    });
  }

  /** Where a message went is sealed: those with a like mask are opened, one by one. */
  private async newest(
    em: EntityManager,
    {
      limit,
      before,
      sought,
      wanted: { status, channel, reference, from, to },
    }: { limit: number; before: string | undefined; sought: string[] | undefined; wanted: Wanted },
  ): Promise<Delivery[]> {
    const patience = new Patience(em, PATIENCE_MS);
    const masks = sought?.map(maskOf).filter((mask) => mask !== undefined);
    const conditions = {
      'status = ?': status,
      'channel = ?': channel,
      'reference = ?': reference,
      'created_at >= ?': from,
      'created_at < ?': to,
      'recipient_masked = any (string_to_array(?, chr(10)))': masks?.join('\n'),
    };
    const found: Delivery[] = [];
    for (let last = before; ;) {
      const each = Object.entries({ ...conditions, 'id < ?': last }).filter(([, value]) => value !== undefined);
      const ids = await patience.read<{ id: string }>(
        `select id from delivery where verification_id is null ${each.map(([text]) => `and ${text}`).join(' ')} order by id desc limit ${limit}`,
        each.map(([, value]) => value),
      );
      const rows = await em.find(Delivery, { id: { $in: ids.map(({ id }) => id) } }, { orderBy: { id: 'desc' } });
      found.push(...rows.filter(({ tenantId, id, recipient }) => !sought || sought.includes(openRecipient(tenantId, id, recipient))));
      if (found.length >= limit || ids.length < limit) return found.slice(0, limit);
      last = ids.at(-1)!.id;
    }
  }
}
