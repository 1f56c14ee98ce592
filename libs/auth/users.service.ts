import type { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { AuditService } from '@app/audit';
import { FactorRemoval } from '@app/mfa';
import { page, readCursor, RequestContext, type Role, type UserCaller } from '@app/platform';
import { UserError } from './auth.errors.js';
import { AccountLink } from './mail/account-link.entity.js';
import { SessionsService } from './sessions.service.js';
import { User } from './user.entity.js';
import type { UpdateUser, UserQuery, UserView } from './users.contract.js';

/** The people of a company, as its administrators and they themselves see and change them. */
@Injectable()
export class UsersService {
  constructor(
    private readonly context: RequestContext,
    private readonly sessions: SessionsService,
    private readonly removal: FactorRemoval,
    private readonly audit: AuditService,
  ) {}

  list({ tenantId, companyName }: UserCaller, { limit, cursor, search }: UserQuery) {
    const after = readCursor('users', tenantId, cursor);
    return this.context.transaction(async (em) => {
      const wanted = { ...(after && { id: { $gt: after } }), ...(search && called(search)) };
      const rows = await em.find(User, wanted, { orderBy: { id: 'asc' }, limit: limit + 1 });
      const { data, next_cursor } = page('users', tenantId, rows, limit, ({ id }) => id);
      return { data: data.map((user) => viewOf(user, companyName)), next_cursor };
    });
  }

  get({ companyName }: UserCaller, id: string) {
    return this.context.transaction(async (em) => viewOf(await found(em, id), companyName));
  }

  update({ companyName }: UserCaller, id: string, changes: UpdateUser) {
    return this.context.transaction(async (em) => {
      const user = await found(em, id);
      const { full_name, phone_number, locale } = changes;
      if (full_name !== undefined) user.fullName = full_name;
      if (phone_number !== undefined) user.phoneNumber = phone_number;
      if (locale !== undefined) user.locale = locale;
      this.audit.record('users.updated', {
        targetId: id,
        details: { fields: Object.keys(changes) },
      });
      return viewOf(user, companyName);
    });
  }

  /** A changed role is felt by the person's next request: no token carries authority. @throws users.last_admin */
  changeRole({ companyName }: UserCaller, id: string, role: Role) {
    return this.context.transaction(async (em) => {
      const user = await this.exclusively(em, id);
      const before = user.role;
      if (before === 'admin' && role !== 'admin') await this.keepAnAdmin(em, id);
      user.role = role;
      this.audit.record('users.role_changed', { targetId: id, details: { from: before, to: role } });
      return viewOf(user, companyName);
    });
  }

  /** @throws users.last_admin, users.not_yourself */
  setActive({ id: callerId, companyName }: UserCaller, id: string, isActive: boolean) {
    return this.context.transaction(async (em) => {
      const user = await this.exclusively(em, id);
      if (!isActive) {
        if (id === callerId) throw UserError.notYourself();
        if (user.role === 'admin') await this.keepAnAdmin(em, id);
        // In the order of whoever confirms a factor meanwhile: the person, then their sessions.
        await this.sessions.endSignInsIn(em, id);
        user.isActive = false;
        await em.flush();
        await this.sessions.revokeAllIn(em, id, 'account_deactivated');
        // Nor does what was asked for before open the account once it is let in again.
        const links = { userId: id, purpose: { $in: ['reset_password' as const, 'change_email' as const] }, usedAt: null };
        await em.nativeUpdate(AccountLink, links, { usedAt: new Date() });
      }
      user.isActive = isActive;
      this.audit.record(isActive ? 'users.activated' : 'users.deactivated', { targetId: id });
      return viewOf(user, companyName);
    });
  }

  /** @throws users.last_admin, users.not_yourself */
  remove({ id: callerId }: UserCaller, id: string): Promise<void> {
    return this.context.transaction(async (em) => {
      const user = await this.exclusively(em, id);
      if (id === callerId) throw UserError.notYourself();
      if (user.role === 'admin') await this.keepAnAdmin(em, id);
      await em.nativeDelete(User, { id });
      this.audit.record('users.deleted', { targetId: id });
    });
  }

  /** For a person who lost every factor: all of them go, and every session with them. One's own go for a code (mfa/disable). @throws users.not_yourself */
  resetMfa({ id: callerId }: UserCaller, id: string): Promise<void> {
    return this.context.transaction(async (em) => {
      await found(em, id);
      if (id === callerId) throw UserError.notYourself();
      // In the order of whoever confirms a factor meanwhile: the factors, then the sessions.
      await this.sessions.endSignInsIn(em, id);
      await this.removal.removeAll(em, id);
      await this.sessions.revokeAllIn(em, id, 'mfa_reset');
      this.audit.record('mfa.reset', { targetId: id });
    });
  }

  /** Part of a larger transaction that takes this person away, who may be gone already. @throws users.last_admin, users.not_yourself */
  async leaving(em: EntityManager, callerId: string, id: string): Promise<void> {
    await em.execute('select from tenant for update');
    if (id === callerId) throw UserError.notYourself();
    const user = await em.findOne(User, { id });
    if (user?.role === 'admin') await this.keepAnAdmin(em, id);
  }

  /** One change of who administers at a time in a company: two administrators cannot remove each other. */
  private async exclusively(em: EntityManager, id: string): Promise<User> {
    await em.execute('select from tenant for update');
    return found(em, id);
  }

  private async keepAnAdmin(em: EntityManager, leaving: string) {
    const another = await em.findOne(User, { role: 'admin', isActive: true, id: { $ne: leaving } }, { fields: ['id'] });
    if (!another) throw UserError.lastAdmin();
  }
}

/** Read through the company's own people in the order of the list: under its policy no index of words would be used. */
function called(text: string) {
  const $ilike = `%${text.replace(/[\\%_]/g, '\\$&')}%`;
  return { $or: [{ fullName: { $ilike } }, { email: { $ilike } }] };
}

async function found(em: EntityManager, id: string): Promise<User> {
  const user = await em.findOne(User, { id });
  if (!user) throw UserError.notFound();
  return user;
}

export const viewOf = (user: User, companyName: string): UserView => ({
  id: user.id,
  email: user.email,
  email_verified: user.emailVerifiedAt != null,
  phone_number: user.phoneNumber ?? null,
  full_name: user.fullName,
  locale: user.locale ?? null,
  role: user.role,
  company_id: user.tenantId,
  company_name: companyName,
  is_active: user.isActive,
  mfa_enabled: user.mfaEnabled,
  created_at: user.createdAt.toISOString(),
  last_login: user.lastLoginAt?.toISOString() ?? null,
});
