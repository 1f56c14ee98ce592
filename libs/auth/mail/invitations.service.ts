import { UniqueConstraintViolationException } from '@mikro-orm/core';
import type { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { AuditService } from '@app/audit';
import { canonicalEmail, NotificationError } from '@app/notifications';
import { page, readCursor, RequestContext, type UserCaller } from '@app/platform';
import { TenantsService } from '@app/tenants';
import { AuthError, UserError } from '../auth.errors.js';
import { Passwords } from '../passwords.service.js';
import { User } from '../user.entity.js';
import type { UserView } from '../users.contract.js';
import { viewOf } from '../users.service.js';
import { AccountLink } from './account-link.entity.js';
import type { AcceptInvitation, Invite } from './account-mail.contract.js';
import { AccountLinks } from './account-links.service.js';

/** Of one company in an hour: more people than that come by import. */
const MOST_AN_HOUR = 100;

const waiting = () => ({ purpose: 'invitation' as const, usedAt: null, expiresAt: { $gt: new Date() } });

/** How people other than the first come into a company: asked by an administrator, by a link to their own mailbox. */
@Injectable()
export class InvitationsService {
  constructor(
    private readonly context: RequestContext,
    private readonly links: AccountLinks,
    private readonly passwords: Passwords,
    private readonly tenants: TenantsService,
    private readonly audit: AuditService,
  ) {}

  /** The one before, to the same address, is of no use any more. @throws users.email_taken, notifications.too_many_messages */
  invite(caller: UserCaller, { email, role, locale }: Invite) {
    return this.context.transaction(async (em) => {
      if (await em.count(User, { emailCanonical: canonicalEmail(email) })) throw UserError.emailTaken();
      const lately = { purpose: 'invitation' as const, createdAt: { $gt: new Date(Date.now() - 3_600_000) } };
      if ((await em.count(AccountLink, lately)) >= MOST_AN_HOUR)
        throw NotificationError.tooManyMessages({
          detail: `A company invites at most ${MOST_AN_HOUR} people in an hour.`,
          retryAfter: 600,
        });
      await this.links.withdraw(em, 'invitation', { emailCanonical: canonicalEmail(email) });
      const link = await this.links.send(em, { purpose: 'invitation', email, locale: locale ?? null, role, invitedBy: caller.id });
      if (!link) throw NotificationError.tooManyMessages({ detail: 'This address was written to too often just now.', retryAfter: 600 });
      this.audit.record('users.invited', { targetId: link.id, details: { role } });
      return view(link);
    });
  }

  list(limit: number, cursor?: string) {
    const tenantId = this.context.tenantId!;
    const after = readCursor('invitations', tenantId, cursor);
    return this.context.transaction(async (em) => {
      const rows = await em.find(
        AccountLink,
        { ...waiting(), ...(after && { id: { $gt: after } }) },
        { orderBy: { id: 'asc' }, limit: limit + 1 },
      );
      const { data, next_cursor } = page('invitations', tenantId, rows, limit, ({ id }) => id);
      return { data: data.map(view), next_cursor };
    });
  }

  /** @throws users.invitation_not_found */
  withdraw(id: string): Promise<void> {
    return this.context.transaction(async (em) => {
      if ((await em.nativeUpdate(AccountLink, { ...waiting(), id }, { usedAt: new Date() })) === 0) throw UserError.invitationNotFound();
      this.audit.record('users.invitation_withdrawn', { targetId: id });
    });
  }

  /** Uses nothing up. @throws auth.invalid_link */
  look(token: string) {
    return this.links.open(['invitation'], token, (read) =>
      this.context.transaction(async (em) => {
        const { email, role, locale, invitedBy, expiresAt } = await this.links.peek(em, read);
        const inviter = await mayInvite(em, invitedBy);
        const { name } = await this.tenants.profile(em);
        return {
          email,
          role: role!,
          company_name: name,
          invited_by: inviter.fullName,
          locale: locale ?? null,
          expires_at: expiresAt.toISOString(),
        };
      }),
    );
  }

  /** @throws auth.invalid_link, auth.weak_password (the link stays good), users.email_taken */
  accept({ token, full_name: fullName, password, locale }: AcceptInvitation): Promise<UserView> {
    return this.links.open(['invitation'], token, async (read) => {
      const { email, companyName } = await this.context.transaction(async (em) => {
        const { email } = await this.links.peek(em, read);
        return { email, companyName: (await this.tenants.profile(em)).name };
      });
      const passwordHash = await this.passwords.hashNew(password, { email, fullName, companyName }, 'password');
      return this.context.transaction(async (em) => {
        const link = await this.links.use(em, read);
        const inviter = await mayInvite(em, link.invitedBy);
        const user = em.create(User, {
          email: link.email,
          emailCanonical: link.emailCanonical,
          emailVerifiedAt: new Date(),
          fullName,
          locale: locale ?? link.locale ?? null,
          role: link.role!,
          passwordHash,
        });
        await em.flush().catch((error) => {
          throw error instanceof UniqueConstraintViolationException ? UserError.emailTaken() : error;
        });
        link.userId = user.id;
        this.audit.record('users.created', { actorId: user.id, targetId: user.id, details: { role: user.role, invited_by: inviter.id } });
        return viewOf(user, companyName);
      });
    });
  }
}

/** Whose word was taken away since, cannot let anybody in. */
async function mayInvite(em: EntityManager, id: string | null | undefined): Promise<User> {
  const inviter = id ? await em.findOne(User, { id, isActive: true, role: 'admin' }) : null;
  if (!inviter) throw AuthError.invalidLink();
  return inviter;
}

const view = ({ id, email, role, invitedBy, createdAt, expiresAt }: AccountLink) => ({
  id,
  email,
  role: role!,
  invited_by: invitedBy ?? null,
  created_at: createdAt.toISOString(),
  expires_at: expiresAt.toISOString(),
});
