import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { AuditService } from '@app/audit';
import { canonicalEmail } from '@app/notifications';
import { RequestContext, type UserCaller } from '@app/platform';
import { TenantsService } from '@app/tenants';
import type { RegisterRequest } from './auth.contract.js';
import { AuthError } from './auth.errors.js';
import { AccountLinks } from './mail/account-links.service.js';
import { Passwords } from './passwords.service.js';
import { SessionsService } from './sessions.service.js';
import { User } from './user.entity.js';
import type { UserView } from './users.contract.js';
import { viewOf } from './users.service.js';

/** How accounts begin, and how their owners change what proves them. */
@Injectable()
export class AccountsService {
  constructor(
    private readonly context: RequestContext,
    private readonly passwords: Passwords,
    private readonly tenants: TenantsService,
    private readonly sessions: SessionsService,
    private readonly links: AccountLinks,
    private readonly audit: AuditService,
  ) {}

  /** A new company and its first administrator. @throws company.domain_taken, auth.weak_password */
  async register({ email, password, full_name, company_name, company_domain, locale }: RegisterRequest): Promise<UserView> {
    const passwordHash = await this.passwords.hashNew(
      password,
      { email, fullName: full_name, companyName: company_name, companyDomain: company_domain },
      'password',
    );
    const tenantId = uuidv7();
    return this.context.runAs(
      tenantId,
      () =>
        this.context.transaction(async (em) => {
          const tenant = await this.tenants.create(em, { id: tenantId, name: company_name, domain: company_domain });
          const user = em.create(User, {
            email,
            emailCanonical: canonicalEmail(email),
            fullName: full_name,
            role: 'admin',
            passwordHash,
            locale: locale ?? null,
          });
          await em.flush();
          this.audit.record('users.created', { actorId: user.id, targetId: user.id, details: { role: 'admin' } });
          await this.links.send(em, { purpose: 'verify_email', email, locale: locale ?? null, userId: user.id });
          return viewOf(user, tenant.name);
        }),
      this.context.origin,
    );
  }

  /** Ends every other session, every sign-in that the old password began, and every link that was asked for under it. @throws auth.wrong_password, auth.too_many_attempts, auth.weak_password */
  async changePassword(caller: UserCaller, current: string, next: string): Promise<void> {
    await this.provePassword(caller, current);
    const { id, email, companyName } = caller;
    const passwordHash = await this.passwords.hashNew(
      next,
      { email, fullName: String(caller.profile.full_name), companyName },
      'new_password',
    );
    await this.context.transaction(async (em) => {
      await this.sessions.endSignInsIn(em, id);
      await em.nativeUpdate(User, { id }, { passwordHash });
      // Whoever asked for these may be why the password changes.
      await this.links.withdraw(em, 'reset_password', { userId: id });
      await this.links.withdraw(em, 'change_email', { userId: id });
      this.audit.record('auth.password_changed', { targetId: id });
      await this.sessions.revokeAllIn(em, id, 'password_changed', caller.sessionId);
    });
  }

  /** Counted with the sign-in's attempts, committed before the password is looked at. */
  async provePassword({ id, email }: UserCaller, password: string): Promise<void> {
    const subject = canonicalEmail(email);
    const wait = await this.context.transaction(
      async (em) =>
        (
          await em.execute<{ wait: number | null }[]>(`select app.attempt_take('password', ?, ?) as wait`, [
            subject,
            this.context.origin.ip ?? null,
          ])
        )[0]!.wait,
    );
    if (wait !== null) throw AuthError.tooManyAttempts({ retryAfter: wait });
    const user = await this.context.transaction((em) => em.findOneOrFail(User, { id }, { populate: ['passwordHash'] }));
    if (!(await this.passwords.verify(user.passwordHash ?? null, password))) {
      await this.audit.recordNow('auth.password_refused', this.context.tenantId!, { actorId: id });
      throw AuthError.wrongPassword();
    }
    await this.context.transaction((em) => em.execute(`select app.attempt_clear('password', ?)`, [subject]));
  }
}
