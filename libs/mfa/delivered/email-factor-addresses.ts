import type { EntityManager } from '@mikro-orm/postgresql';
import { EnrolledFactor, openState } from '../enrolled-factor.entity.js';
import type { OneTimeCodeState } from '../factors/one-time-code/one-time-code.factor.js';

/** Where the person's confirmed e-mail factors send to: addresses that are known to be theirs. */
export async function emailFactorAddresses(em: EntityManager, userId: string): Promise<string[]> {
  const rows = await em.find(EnrolledFactor, { userId, type: 'email', confirmedAt: { $ne: null }, disabledAt: null });
  return rows.flatMap(({ tenantId, id, state }) => (openState(tenantId, id, state) as OneTimeCodeState).recipient ?? []);
}
