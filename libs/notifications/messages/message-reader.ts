import { Injectable } from '@nestjs/common';
import { RequestContext } from '@app/platform';
import { Delivery, DeliveryAttempt } from '../delivery.entity.js';
import { NotificationError } from '../notifications.errors.js';
import type { MessageQuery } from './messages.contract.js';

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

  async page(_query: MessageQuery): Promise<{ data: SentMessage[]; next_cursor: string | null }> {
    throw new Error('soon');
  }
}
