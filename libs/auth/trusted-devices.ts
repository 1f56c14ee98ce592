import type { EntityManager } from '@mikro-orm/postgresql';
import { defineEntity, p } from '@mikro-orm/core';
import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { AuditService } from '@app/audit';
import { HotStatements, RequestContext, signTenant, statement, tenantOwned } from '@app/platform';
import { type CompanyPolicy, TenantsService } from '@app/tenants';
import { AuthError } from './auth.errors.js';
import { deviceOf } from './device-name.js';
import { newOpaqueToken, readOpaqueToken } from './opaque-token.js';

const KIND = 'trusted-device';

const schema = defineEntity({
  name: 'TrustedDevice',
  tableName: 'trusted_device',
  ...tenantOwned({
    userId: p.uuid(),
    tokenHash: p.blob().lazy(),
    deviceName: p.string().nullable(),
    userAgent: p.string().nullable(),
    ipAddress: p.string().nullable(),
    lastUsedAt: p.datetime().nullable(),
    expiresAt: p.datetime(),
    revokedAt: p.datetime().nullable(),
  }),
});

/** A device that is not asked for a second factor for a while. */
export class TrustedDevice extends schema.class {}
schema.setClass(TrustedDevice);

const USE = statement<{ known: boolean }>('device_use', 'select app.device_use($1, $2, $3, $4, $5) as known');

/** Devices that people wanted remembered when they answered a second factor; only where their company lets them. */
@Injectable()
export class TrustedDevices {
  constructor(
    private readonly context: RequestContext,
    private readonly statements: HotStatements,
    private readonly tenants: TenantsService,
    private readonly audit: AuditService,
  ) {}

  /** What the device shows next time; undefined where the company remembers none. */
  remember(tenantId: string, userId: string, deviceName: string | null): Promise<string | undefined> {
    return this.context.runAs(
      tenantId,
      () =>
        this.context.transaction(async (em) => {
          const days = (await this.tenants.profile(em)).policy.remember_device_days;
          if (days === 0) return undefined;
          const id = uuidv7();
          const { token, hash } = newOpaqueToken(KIND, tenantId, id);
          const { ip, userAgent } = this.context.origin;
          em.create(TrustedDevice, {
            id,
            userId,
            tokenHash: hash,
            deviceName,
            userAgent: userAgent ?? null,
            ipAddress: ip ?? null,
            expiresAt: new Date(Date.now() + days * 86_400_000),
          });
          this.audit.record('auth.device_remembered', { actorId: userId, targetId: id });
          return token;
        }),
      this.context.origin,
    );
  }

  /** Whether this device of this very person need not be asked. */
  async knows(tenantId: string, userId: string, token: string, policy: CompanyPolicy): Promise<boolean> {
    const read = readOpaqueToken([KIND], token);
    if (policy.remember_device_days === 0 || read?.tenantId !== tenantId) return false;
    return (await this.statements.one(USE, [signTenant(tenantId), userId, read.id, read.hash, policy.remember_device_days])).known;
  }

  async list(userId: string) {
    const rows = await this.context.transaction((em) =>
      em.find(TrustedDevice, { userId, revokedAt: null, expiresAt: { $gt: new Date() } }, { orderBy: { id: 'desc' }, limit: 200 }),
    );
    return rows.map((row) => ({
      id: row.id,
      device: deviceOf(row.userAgent),
      device_name: row.deviceName ?? null,
      ip_address: row.ipAddress ?? null,
      created_at: row.createdAt.toISOString(),
      last_used_at: row.lastUsedAt?.toISOString() ?? null,
      expires_at: row.expiresAt.toISOString(),
    }));
  }

  /** @throws auth.device_not_found for another person's, alike */
  forget(userId: string, id: string): Promise<void> {
    return this.context.transaction(async (em) => {
      if ((await em.nativeUpdate(TrustedDevice, { id, userId, revokedAt: null }, { revokedAt: new Date() })) === 0)
        throw AuthError.deviceNotFound();
      this.audit.record('auth.device_forgotten', { targetId: id });
    });
  }
}

/** Part of a larger transaction. */
export const forgetDevices = (em: EntityManager, userId: string) =>
  em.nativeUpdate(TrustedDevice, { userId, revokedAt: null }, { revokedAt: new Date() });
