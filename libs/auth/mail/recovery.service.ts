import type { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { AuditService } from '@app/audit';
import { FactorRemoval } from '@app/mfa';
import { RequestContext } from '@app/platform';
import { type CompanyPolicy, demandsFactor, TenantsService } from '@app/tenants';
import { AuthError } from '../auth.errors.js';
import { IdentityLink } from '../outside/identity-link.entity.js';
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
    private readonly removal: FactorRemoval,
    private readonly audit: AuditService,
  ) {}

  /** Ends every session and every sign-in under way. @throws auth.invalid_link, auth.weak_password (the link stays good), server.busy */
  reset(token: string, newPassword: string): Promise<void> {
    return this.links.open(['reset_password'], token, async (read) => {
      const { user, companyName } = await this.context.transaction(async (em) => {
        const link = await this.links.peek(em, read);
        const user = await em.findOne(
          User,
          { id: link.userId!, isActive: true, emailCanonical: link.emailCanonical },
          { populate: ['passwordHash'] },
        );
        const { name, policy } = await this.tenants.profile(em);
        if (!user || !(await mayChoosePassword(em, user, policy))) throw AuthError.invalidLink();
        return { user, companyName: name };
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
        // Whoever used the account before its address was confirmed may have been anybody: no way in of theirs stays, and a passkey is
        // one. Other factors open nothing alone, and a mailbox must not take them away.
        if (user.emailVerifiedAt == null) {
          await em.nativeDelete(IdentityLink, { userId: id });
          await this.removal.endWaysIn(em, id, 'address_unconfirmed');
        }
        for (const purpose of ['reset_password', 'change_email'] as const) await this.links.withdraw(em, purpose, { userId: id });
        await em.execute(`select app.attempt_clear('password', ?)`, [emailCanonical]);
        this.audit.record('auth.password_reset', { actorId: id, targetId: id });
        await this.sessions.revokeAllIn(em, id, 'password_reset');
      });
    });
  }
}

/**
 * Whether a password may open this account: of somebody who has none and comes from elsewhere, a mailbox must not make one that opens alone
 * what may take two steps there; and where the company's passwords are in its user pool, none of ours opens anything.
 */
export async function mayChoosePassword(em: EntityManager, user: User, policy: CompanyPolicy): Promise<boolean> {
  if (policy.auth_provider === 'cognito') return false;
  if (user.passwordHash != null || user.mfaEnabled || demandsFactor(policy, user.role)) return true;
  return (await em.count(IdentityLink, { userId: user.id })) === 0;
}
