import { LockMode } from '@mikro-orm/core';
import type { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { AuditService } from '@app/audit';
import { page, readCursor, RequestContext } from '@app/platform';
import { TenantError } from '../tenants.errors.js';
import { ApiKey } from './api-key.entity.js';
import { writeApiKey } from './api-key-text.js';
import type { ApiKeyView, CreateApiKey } from './api-keys.contract.js';

const MOST_LIVE = 100;
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
/** Long enough to rotate it without haste. */
const SOON_MS = 14 * DAY_MS;

/** The keys of a company's applications. They belong to the company: who made one may leave, and it goes on. */
@Injectable()
export class ApiKeysService {
  constructor(
    private readonly context: RequestContext,
    private readonly audit: AuditService,
  ) {}

  /** @throws company.too_many_api_keys */
  create({ name, scopes, expires_in_days: days }: CreateApiKey): Promise<ApiKeyView & { key: string }> {
    const id = uuidv7();
    const { text, hash, hint } = writeApiKey(this.context.tenantId!, id);
    return this.context.transaction(async (em) => {
      const now = await lockCompany(em);
      // One that was rotated is on its way out, and its successor counts.
      const live = await em.count(ApiKey, { revokedAt: null, rotatedTo: null, $or: [{ expiresAt: null }, { expiresAt: { $gt: now } }] });
      if (live >= MOST_LIVE)
        throw TenantError.tooManyApiKeys({ detail: `A company has at most ${MOST_LIVE} live API keys. Revoke one first.` });
      const key = em.create(ApiKey, {
        id,
        name,
        scopes: [...new Set(scopes)],
        secretHash: hash,
        hint,
        createdBy: this.context.userId ?? null,
        expiresAt: days === undefined ? null : new Date(now.getTime() + days * DAY_MS),
      });
      this.audit.record('company.api_key_created', {
        targetId: id,
        details: { name, scopes: key.scopes, expires_at: key.expiresAt?.toISOString() ?? null },
      });
      await em.flush();
      return { ...view(key), key: text };
    });
  }

  /**
   * A new key in the place of this one, which stays good for the overlap and no longer than it was. Its life is as long as this one's was.
   * @throws company.api_key_not_found, company.api_key_over
   */
  rotate(id: string, overlapHours: number): Promise<ApiKeyView & { key: string }> {
    const next = uuidv7();
    const { text, hash, hint } = writeApiKey(this.context.tenantId!, next);
    return this.context.transaction(async (em) => {
      const now = await lockCompany(em);
      const old = await em.findOne(ApiKey, { id }, { lockMode: LockMode.PESSIMISTIC_WRITE });
      if (!old) throw TenantError.apiKeyNotFound();
      if (old.revokedAt || old.rotatedTo || (old.expiresAt && old.expiresAt <= now)) throw TenantError.apiKeyOver();
      const life = old.expiresAt && old.expiresAt.getTime() - old.createdAt.getTime();
      const key = em.create(ApiKey, {
        id: next,
        name: old.name,
        scopes: old.scopes,
        secretHash: hash,
        hint,
        createdBy: this.context.userId ?? null,
        expiresAt: life ? new Date(now.getTime() + life) : null,
      });
      await em.flush();
      const end = now.getTime() + overlapHours * HOUR_MS;
      old.rotatedTo = next;
      old.expiresAt = new Date(Math.min(end, old.expiresAt?.getTime() ?? end));
      this.audit.record('company.api_key_rotated', {
        targetId: id,
        details: { name: old.name, rotated_to: next, expires_at: old.expiresAt.toISOString() },
      });
      await em.flush();
      return { ...view(key), key: text };
    });
  }

  /** Newest first; those that are over, too. */
  list(limit: number, cursor?: string) {
    const tenantId = this.context.tenantId!;
    const before = readCursor('api-keys', tenantId, cursor);
    return this.context.transaction(async (em) => {
      const rows = await em.find(ApiKey, before ? { id: { $lt: before } } : {}, { orderBy: { id: 'desc' }, limit: limit + 1 });
      const { data, next_cursor } = page('api-keys', tenantId, rows, limit, ({ id }) => id);
      return { data: data.map(view), next_cursor };
    });
  }

  /** What a person made that outlives them. Part of a larger transaction. */
  async madeBy(em: EntityManager, userId: string) {
    const rows = await em.find(ApiKey, { createdBy: userId }, { orderBy: { id: 'asc' } });
    return rows.map(({ id, name, createdAt }) => ({ id, name, created_at: createdAt.toISOString() }));
  }

  /** Felt by the key's next request, on every process. Again, it changes nothing. @throws company.api_key_not_found for another company's, alike */
  revoke(id: string): Promise<void> {
    return this.context.transaction(async (em) => {
      const revoked = await em.nativeUpdate(ApiKey, { id, revokedAt: null }, { revokedAt: new Date() });
      if (revoked > 0) return this.audit.record('company.api_key_revoked', { targetId: id });
      if ((await em.count(ApiKey, { id })) === 0) throw TenantError.apiKeyNotFound();
    });
  }
}

/** One new key at a time in a company, or two could both be the last that is allowed. Answers the database's time. */
async function lockCompany(em: EntityManager): Promise<Date> {
  const [row] = await em.execute<{ ms: string }[]>('select extract(epoch from now()) * 1000 as ms from tenant for update');
  return new Date(Number(row!.ms));
}

const view = ({ id, name, scopes, hint, createdBy, createdAt, lastUsedAt, expiresAt, revokedAt, rotatedTo }: ApiKey): ApiKeyView => ({
  id,
  name,
  scopes,
  hint,
  created_by: createdBy ?? null,
  created_at: createdAt.toISOString(),
  last_used_at: lastUsedAt?.toISOString() ?? null,
  expires_at: expiresAt?.toISOString() ?? null,
  revoked_at: revokedAt?.toISOString() ?? null,
  rotated_to: rotatedTo ?? null,
  expires_soon: !revokedAt && !rotatedTo && isSoon(expiresAt),
});

function isSoon(expiresAt: Date | null | undefined): boolean {
  const left = expiresAt ? expiresAt.getTime() - Date.now() : Infinity;
  return left > 0 && left < SOON_MS;
}
