import type { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { Delivery } from '../delivery.entity.js';
import { openRecipient } from '../message-composer.js';
import { maskOf } from '../recipients.js';

const PAGE = 1_000;

/** Plain messages by where they went, for whoever asks what is kept of them, or wants it gone. */
@Injectable()
export class SentMessages {
  /** Part of a larger transaction. Where a message went is sealed: those with a like mask are opened, one by one. */
  async to(em: EntityManager, addresses: readonly string[]): Promise<Delivery[]> {
    const masks = addresses.map(maskOf).filter((mask) => mask !== undefined);
    if (masks.length === 0) return [];
    const found: Delivery[] = [];
    for (let after: string | undefined; ;) {
      const page: Delivery[] = await em.find(
        Delivery,
        { verificationId: null, recipientMasked: { $in: masks }, ...(after && { id: { $gt: after } }) },
        { orderBy: { id: 'asc' }, limit: PAGE },
      );
      found.push(...page.filter(({ tenantId, id, recipient }) => addresses.includes(openRecipient(tenantId, id, recipient))));
      if (page.length < PAGE) return found;
      after = page.at(-1)!.id;
      em.clear();
    }
  }
}
