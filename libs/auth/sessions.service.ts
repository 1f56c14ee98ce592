import type { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { AuditService } from '@app/audit';
import { config, HotStatements, RequestContext, signTenant, type UserCaller } from '@app/platform';
import type { TokenResponse } from './auth.contract.js';
import { AuthError } from './auth.errors.js';
import { deviceOf } from './device-name.js';
import { REFRESH_SESSION, Session } from './session.entity.js';
import { Tokens } from './tokens.js';
import { forgetDevices } from './trusted-devices.js';

@Injectable()
export class SessionsService {
  constructor(
    private readonly context: RequestContext,
    private readonly statements: HotStatements,
    private readonly tokens: Tokens,
    private readonly audit: AuditService,
  ) {}

  /** RFC 9700 §4.14.2: rotates; the same token again within the grace gets the same successor, later it ends the session. */
  async refresh(text: string): Promise<TokenResponse> {
    const presented = this.tokens.readRefreshToken(text);
    if (!presented) throw AuthError.invalidRefreshToken();
    const { tenantId, sessionId, hash, successor } = presented;
    const row = await this.statements.one(REFRESH_SESSION, [
      signTenant(tenantId),
      sessionId,
      hash,
      successor.hash,
      config.REFRESH_GRACE_SECONDS,
      this.audit.origin,
    ]);
    if (row.status !== 'rotated' && row.status !== 'repeated') throw AuthError.invalidRefreshToken();
    const { user_id: userId, email, role, amr, acr, auth_time: authTime } = row;
    const access = this.tokens.access({ tenantId, userId, sessionId, role, email, amr, acr, authTime });
    return {
      access_token: access,
      refresh_token: successor.text,
      token_type: 'bearer',
      expires_in: config.ACCESS_TOKEN_SECONDS,
      mfa_required: false,
    };
  }

  async list({ id, sessionId }: UserCaller) {
    const rows = await this.context.transaction((em) =>
      em.find(Session, { userId: id, revokedAt: null, expiresAt: { $gt: new Date() } }, { orderBy: { id: 'desc' }, limit: 200 }),
    );
    return rows.map((row) => ({
      id: row.id,
      ip_address: row.ipAddress ?? null,
      user_agent: row.userAgent ?? null,
      device: deviceOf(row.userAgent),
      device_name: row.deviceName ?? null,
      created_at: row.createdAt.toISOString(),
      last_seen_at: row.lastSeenAt.toISOString(),
      expires_at: row.expiresAt.toISOString(),
      is_current: row.id === sessionId,
      amr: row.amr,
    }));
  }

  /** @throws auth.session_not_found for another person's, alike */
  revoke(userId: string, sessionId: string, because: string): Promise<void> {
    return this.context.transaction(async (em) => {
      if ((await this.end(em, { userId, id: sessionId }, because)) === 0) throw AuthError.sessionNotFound();
      this.audit.record('auth.session_revoked', { targetId: sessionId, details: { because } });
    });
  }

  revokeAll(userId: string, because: string): Promise<number> {
    return this.context.transaction((em) => this.revokeAllIn(em, userId, because));
  }

  /** Part of a larger transaction. `except`: the session that goes on. */
  async revokeAllIn(em: EntityManager, userId: string, because: string, except?: string): Promise<number> {
    await this.endSignInsIn(em, userId);
    await forgetDevices(em, userId);
    const ended = await this.end(em, { userId, ...(except && { id: { $ne: except } }) }, because);
    this.audit.record('auth.sessions_revoked', { targetId: userId, details: { because, count: ended } });
    return ended;
  }

  /**
   * Sign-ins whose second factor is still due were begun under what held before. Comes before anything else of the person's is locked:
   * one that is being answered now is waited for, and the session it opens is then seen.
   */
  async endSignInsIn(em: EntityManager, userId: string): Promise<void> {
    await em.execute('update sign_in set consumed_at = now() where user_id = ? and consumed_at is null', [userId]);
  }

  private end(em: EntityManager, which: object, because: string) {
    return em.nativeUpdate(Session, { ...which, revokedAt: null }, { revokedAt: new Date(), revokedBecause: because });
  }
}
