import type { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { EnrolledFactor, openState } from './enrolled-factor.entity.js';
import { FactorRegistry } from './factor-registry.js';
import { recipientMac, Verification } from './verifications/verification.entity.js';

const iso = (time: Date | null | undefined) => time?.toISOString() ?? null;

/** What is kept of a person here, as it may be shown: for their export, and to find what goes when they are erased. Parts of larger transactions. */
@Injectable()
export class FactorRecords {
  constructor(private readonly registry: FactorRegistry) {}

  /** Where their codes are sent to, in full; of factors that were confirmed, or anybody could name anybody's. */
  async addresses(em: EntityManager, userId: string): Promise<string[]> {
    const rows = await em.find(EnrolledFactor, { userId, confirmedAt: { $ne: null } });
    return rows.flatMap(({ tenantId, id, type, state }) => this.registry.get(type).recipient?.(openState(tenantId, id, state)) ?? []);
  }

  /** What verifications are found by. */
  macs = (tenantId: string, addresses: readonly string[]) => addresses.map((address) => recipientMac(tenantId, address));

  async factors(em: EntityManager, userId: string) {
    const rows = await em.find(EnrolledFactor, { userId }, { orderBy: { id: 'asc' } });
    return rows.map((row) => ({
      id: row.id,
      type: row.type,
      label: row.label ?? null,
      recipient_masked: row.recipientMasked ?? null,
      ...this.shown(row),
      created_at: row.createdAt.toISOString(),
      confirmed_at: iso(row.confirmedAt),
      disabled_at: iso(row.disabledAt),
      last_used_at: iso(row.lastUsedAt),
    }));
  }

  /** What its owner is shown of how it was set up. */
  shown({ tenantId, id, type, state }: EnrolledFactor) {
    // While processes are replaced, one may not know yet what another has set up.
    return this.registry.find(type)?.shown?.(openState(tenantId, id, state)) ?? {};
  }

  async verifications(em: EntityManager, ids: readonly string[]) {
    const rows = await em.find(Verification, { id: { $in: [...ids] } }, { orderBy: { id: 'asc' } });
    const now = new Date();
    return rows.map((row) => ({
      id: row.id,
      purpose: row.purpose,
      status: row.statusAt(now),
      workflow: row.workflow.map(({ channel, masked }) => ({ channel, recipient_masked: masked })),
      locale: row.locale,
      reference: row.reference ?? null,
      created_at: row.createdAt.toISOString(),
      ended_at: iso(row.endedAt),
    }));
  }
}
