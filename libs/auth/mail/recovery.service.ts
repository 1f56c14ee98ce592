import { Injectable } from '@nestjs/common';
import { AuditService } from '@app/audit';
import { RequestContext } from '@app/platform';
import { TenantsService } from '@app/tenants';
import { AuthError } from '../auth.errors.js';
import { Passwords } from '../passwords.service.js';
import { SessionsService } from '../sessions.service.js';
import { User } from '../user.entity.js';
import { AccountLinks } from './account-links.service.js';

/** A new password for whoever reads the account's mail. It opens nothing by itself: signing in, and its second factor, come after. */
@Injectable()
export class RecoveryService {
  constructor(
    private readonly context: RequestContext,
    private readonly links: AccountLinks,
    private readonly passwords: Passwords,
    private readonly sessions: SessionsService,
    private readonly tenants: TenantsService,
    private readonly audit: AuditService,
  ) {}

  /** Ends every session and every sign-in under way. @throws auth.invalid_link, auth.weak_password (the link stays good), server.busy */
  reset(token: string, newPassword: string): Promise<void> {
    return this.links.open(['reset_password'], token, async (read) => {
      const { user, companyName } = await this.context.transaction(async (em) => {
        const link = await this.links.peek(em, read);
        const user = await em.findOne(User, { id: link.userId!, isActive: true, emailCanonical: link.emailCanonical });
        if (!user) throw AuthError.invalidLink();
        return { user, companyName: (await this.tenants.profile(em)).name };
      });
      const { id, email, emailCanonical, fullName } = user;
      const passwordHash = await this.passwords.hashNew(newPassword, { email, fullName, companyName }, 'new_password');
      await this.context.transaction(async (em) => {
        await this.sessions.endSignInsIn(em, id);
        await this.links.use(em, read);
        // Whoever reads the mail is whose address it is.
        const done = await em.nativeUpdate(
          User,
          { id, isActive: true, emailCanonical },
          { passwordHash, emailVerifiedAt: user.emailVerifiedAt ?? new Date() },
        );
        if (done === 0) throw AuthError.invalidLink();
        for (const purpose of ['reset_password', 'change_email'] as const) await this.links.withdraw(em, purpose, { userId: id });
        await em.execute(`select app.attempt_clear('password', ?)`, [emailCanonical]);
        this.audit.record('auth.password_reset', { actorId: id, targetId: id });
        await this.sessions.revokeAllIn(em, id, 'password_reset');
      });
    });
  }
}
