import { AsyncLocalStorage } from 'node:async_hooks';
import { RequestContext as EntityManagerContext } from '@mikro-orm/core';
import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { signTenant } from './tenant-context.js';
import { span } from './tracing/tracing.js';

/** What an audit event says of its circumstances. */
export interface Origin {
  requestId?: string | undefined;
  /** The client's address, from trusted proxies only. */
  ip?: string | undefined;
  userAgent?: string | undefined;
}

interface Context extends Origin {
  tenantId?: string;
  /** The signed form that the database checks. */
  tenant?: string;
  userId?: string;
  /** An API key's id, where an application asks. */
  applicationId?: string;
  sessionId?: string;
}

/** Who is asking, for the length of one request or one job. Row level security follows it. */
@Injectable()
export class RequestContext {
  private readonly storage = new AsyncLocalStorage<Context>();

  constructor(private readonly em: EntityManager) {}

  /** Opens the context of an HTTP request; a guard says whose it is. */
  open<T>(origin: Origin, fn: () => T): T {
    return this.storage.run({ ...origin }, fn);
  }

  /** Called once, by whoever has authenticated the caller. */
  bind(identity: { tenantId: string; userId?: string; applicationId?: string; sessionId?: string }) {
    Object.assign(this.storage.getStore()!, identity, { tenant: signTenant(identity.tenantId) });
  }

  /** Runs a job as one tenant. */
  runAs<T>(tenantId: string, fn: () => Promise<T>, origin: Origin = {}): Promise<T> {
    return this.storage.run({ ...origin }, () => {
      this.bind({ tenantId });
      return fn();
    });
  }

  /** One use case, one transaction, bound to the current tenant. The ORM is only ever reached through here. */
  transaction<T>(fn: (em: EntityManager) => Promise<T>): Promise<T> {
    const tenant = this.tenant;
    return span('transaction', { kind: 'client', attributes: { 'db.system.name': 'postgresql' } }, () =>
      EntityManagerContext.create(this.em, () =>
        this.em.transactional(async (em) => {
          // As a parameter: every session of our role may read the text of the others' statements (pg_stat_activity).
          await em
            .getKysely<object>()
            .selectNoFrom((sql) => sql.fn('set_config', [sql.val('app.tenant'), sql.val(tenant), sql.val(true)]).as('tenant'))
            .execute();
          return fn(em as EntityManager);
        }),
      ),
    );
  }

  private get here(): Context {
    return this.storage.getStore() ?? {};
  }

  get tenantId(): string | undefined {
    return this.here.tenantId;
  }

  /** @throws Error outside a bound request or job: no tenant, no rows. */
  get tenant(): string {
    if (!this.here.tenant) throw new Error('No tenant is bound here.');
    return this.here.tenant;
  }

  get userId(): string | undefined {
    return this.here.userId;
  }

  /** Who acts, as the audit trail names them. */
  get actor(): { type: 'user' | 'application'; id: string | null } {
    const { applicationId, userId } = this.here;
    return applicationId ? { type: 'application', id: applicationId } : { type: 'user', id: userId ?? null };
  }

  get sessionId(): string | undefined {
    return this.here.sessionId;
  }

  get origin(): Origin {
    const { requestId, ip, userAgent } = this.here;
    return { requestId, ip, userAgent };
  }
}
