import { UniqueConstraintViolationException } from '@mikro-orm/core';
import type { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { AuditService } from '@app/audit';
import { canonicalEmail } from '@app/notifications';
import { RequestContext, type UserCaller } from '@app/platform';
import { AccountsService } from '../accounts.service.js';
import { AuthError, UserError } from '../auth.errors.js';
import { User } from '../user.entity.js';
import type { AccountLink } from './account-link.entity.js';
import { AccountLinks } from './account-links.service.js';
import { AccountMail } from './account-mail.service.js';
import { deviceOf } from '../device-name.js';

const NOTICE_SECONDS = 24 * 3600;
/** Former addresses that are remembered of one person. */
const MOST_FORMER = 20;

/** Whose e-mail it is, proved by a link that was sent there. */
@Injectable()
export class AddressesService {
  constructor(
    private readonly context: RequestContext,
    private readonly accounts: AccountsService,
    private readonly links: AccountLinks,
    private readonly mail: AccountMail,
    private readonly audit: AuditService,
  ) {}

  /** The account's address is confirmed, or becomes the one that was asked for. @throws auth.invalid_link, users.email_taken */
  verify(token: string): Promise<void> {
    return this.links.open(['verify_email', 'change_email'], token, (read) =>
      this.context.transaction(async (em) => {
        const link = await this.links.use(em, read);
        const user = await em.findOne(User, { id: link.userId!, isActive: true });
        if (!user) throw AuthError.invalidLink();
        if (link.purpose === 'change_email') return this.move(em, user, link);
        // Another address by now: what this link proves is of no use.
        if (link.emailCanonical !== user.emailCanonical) throw AuthError.invalidLink();
        user.emailVerifiedAt = new Date();
        await this.links.withdraw(em, 'verify_email', { userId: user.id });
        this.audit.record('users.email_verified', { actorId: user.id, targetId: user.id });
      }),
    );
  }

  /** The old address stays until the new one is confirmed, and hears of both. @throws auth.wrong_password, auth.too_many_attempts */
  async change(caller: UserCaller, newEmail: string, password: string): Promise<void> {
    await this.accounts.provePassword(caller, password);
    await this.context.transaction(async (em) => {
      const user = await em.findOneOrFail(User, { id: caller.id });
      await this.links.withdraw(em, 'change_email', { userId: user.id });
      await this.links.send(em, { purpose: 'change_email', email: newEmail, locale: user.locale ?? null, userId: user.id });
      await this.tell(em, user, user.email, 'account_email_change_asked');
      this.audit.record('users.email_change_asked', { targetId: user.id });
    });
  }

  private async move(em: EntityManager, user: User, link: AccountLink): Promise<void> {
    const before = user.email;
    if (user.emailVerifiedAt != null) await this.tell(em, user, before, 'account_email_changed');
    if (user.emailVerifiedAt != null)
      user.formerEmails = [...user.formerEmails, { email: user.emailCanonical, until: new Date().toISOString() }].slice(-MOST_FORMER);
    user.email = link.email;
    user.emailCanonical = canonicalEmail(link.email);
    user.emailVerifiedAt = new Date();
    // Links to the old address open nothing any more: whoever reads it may be the reason.
    for (const purpose of ['verify_email', 'change_email', 'reset_password'] as const)
      await this.links.withdraw(em, purpose, { userId: user.id });
    this.audit.record('users.email_changed', { actorId: user.id, targetId: user.id });
    await em.flush().catch((error) => {
      throw error instanceof UniqueConstraintViolationException ? UserError.emailTaken() : error;
    });
  }

  private async tell(em: EntityManager, user: User, to: string, template: string): Promise<void> {
    if (user.emailVerifiedAt == null) return;
    const variables = { when: new Date().toISOString().slice(0, 16).replace('T', ' '), device: deviceOf(this.context.origin.userAgent) };
    await this.mail.send(em, {
      id: uuidv7(),
      to,
      template,
      locale: user.locale ?? 'en',
      variables,
      seconds: NOTICE_SECONDS,
      counted: null,
    });
  }
}
