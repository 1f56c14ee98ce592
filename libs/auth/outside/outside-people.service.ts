import { LockMode, UniqueConstraintViolationException } from '@mikro-orm/core';
import type { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { AuditService } from '@app/audit';
import { canonicalEmail, email as emailAddress } from '@app/notifications';
import { RequestContext } from '@app/platform';
import { fullName } from '../auth.contract.js';
import { SessionsService } from '../sessions.service.js';
import { User } from '../user.entity.js';
import type { ProviderSettings } from './identity-providers.contract.js';
import { IdentityLink } from './identity-link.entity.js';
import type { OutsideIdentity } from './open-id.js';
import { IdentityError } from './outside.errors.js';

/** A provider, as far as it decides who comes in. */
export interface Admission {
  name: string;
  settings: Pick<ProviderSettings, 'allowed_email_domains' | 'just_in_time' | 'role' | 'link_verified_emails'>;
}

export interface KnownPerson {
  userId: string;
  linkId: string;
}

/** Which person of the company an identity is. It is the issuer's name for them that says so; an e-mail never does by itself. */
@Injectable()
export class OutsidePeople {
  constructor(
    private readonly context: RequestContext,
    private readonly sessions: SessionsService,
    private readonly audit: AuditService,
  ) {}

  /** @throws identity.not_admitted, identity.link_required */
  async find(identity: OutsideIdentity, provider: Admission): Promise<KnownPerson> {
    this.admit(identity, provider);
    try {
      return await this.known(identity, provider);
    } catch (error) {
      // Two who arrive at once as the same new person: the second one finds what the first has made.
      if (error instanceof UniqueConstraintViolationException) return this.known(identity, provider);
      throw error;
    }
  }

  /** Whether the provider's settings let this identity in, whoever it is here. @throws identity.not_admitted */
  admit({ email, emailVerified }: OutsideIdentity, { settings: { allowed_email_domains: domains } }: Admission): void {
    if (domains.length === 0) return;
    const address = emailAddress.safeParse(email);
    const isTheirs = emailVerified && address.success && domains.includes(canonicalEmail(address.data).split('@').at(-1)!);
    if (!isTheirs) throw IdentityError.notAdmitted({ detail: 'Only people with a verified e-mail of certain domains may sign in here.' });
  }

  private known(identity: OutsideIdentity, provider: Admission): Promise<KnownPerson> {
    const { issuer, subject } = identity;
    return this.context.transaction(async (em) => {
      const link = () => em.findOne(IdentityLink, { issuer, subject });
      const found = await link();
      if (found) return { userId: found.userId, linkId: found.id };
      const address = emailAddress.safeParse(identity.email);
      // An e-mail that nobody verified tells nothing here, not even whether somebody has it.
      const namesake =
        address.success && identity.emailVerified
          ? await em.findOne(User, { emailCanonical: canonicalEmail(address.data) }, { lockMode: LockMode.PESSIMISTIC_WRITE })
          : null;
      if (namesake) {
        // Of two who arrive at once as the same new person, the other may have made account and link since the first look.
        const made = await link();
        return made ? { userId: made.userId, linkId: made.id } : this.join(em, namesake, identity, provider);
      }
      return this.create(em, address.success ? address.data : undefined, identity, provider);
    });
  }

  /** Somebody of this company has that e-mail: only an account that nobody else can have a hand in becomes theirs. */
  private async join(em: EntityManager, user: User, identity: OutsideIdentity, { name, settings }: Admission): Promise<KnownPerson> {
    if (!settings.link_verified_emails || !identity.emailVerified || (await usedUnverified(em, user))) throw IdentityError.linkRequired();
    if (user.emailVerifiedAt == null) {
      // Whoever set this password never showed that the address is theirs.
      user.passwordHash = null;
      user.emailVerifiedAt = new Date();
      await this.sessions.endSignInsIn(em, user.id);
    }
    const linkId = await this.linkIn(em, user.id, identity, { provider: name, because: 'verified_email' });
    return { userId: user.id, linkId };
  }

  private async create(
    em: EntityManager,
    email: string | undefined,
    identity: OutsideIdentity,
    { name, settings }: Admission,
  ): Promise<KnownPerson> {
    if (!settings.just_in_time || !email || !identity.emailVerified)
      throw IdentityError.notAdmitted({ detail: 'You have no account here. Ask an administrator of your company for one.' });
    const called = fullName.safeParse(identity.name);
    const user = em.create(User, {
      email,
      emailCanonical: canonicalEmail(email),
      emailVerifiedAt: new Date(),
      fullName: called.success ? called.data : email,
      role: settings.role,
      passwordHash: null,
    });
    await em.flush();
    this.audit.record('users.created', { actorId: user.id, targetId: user.id, details: { role: settings.role, provider: name } });
    return { userId: user.id, linkId: await this.linkIn(em, user.id, identity, { provider: name, because: 'just_in_time' }) };
  }

  /** Part of a larger transaction. */
  async linkIn(
    em: EntityManager,
    userId: string,
    { issuer, subject, email }: OutsideIdentity,
    details: Record<string, string>,
  ): Promise<string> {
    const link = em.create(IdentityLink, { userId, issuer, subject, email });
    await em.flush();
    this.audit.record('auth.identity_linked', { actorId: userId, targetId: link.id, details: { ...details, issuer } });
    return link.id;
  }
}

/**
 * Whether somebody used the account before its e-mail was verified, or while it is not: that may have been anybody, who would keep a way in
 * (a password, a session, a factor) to what is then another's account.
 * @see https://msrc.microsoft.com/blog/2022/05/pre-hijacking-attacks/
 */
async function usedUnverified(em: EntityManager, { id, emailVerifiedAt, lastLoginAt }: User): Promise<boolean> {
  if (emailVerifiedAt == null && lastLoginAt != null) return true;
  const [row] = await em.execute<{ used: boolean }[]>(
    `select exists (select from session where user_id = ? and created_at < coalesce(u.email_verified_at, 'infinity'))
         or exists (select from sign_in where user_id = ? and created_at < coalesce(u.email_verified_at, 'infinity'))
         or exists (select from mfa_factor where user_id = ? and created_at < coalesce(u.email_verified_at, 'infinity'))
         or exists (select from audit_event where actor_id = ? and action in ('auth.signed_in', 'auth.second_factor_due')
                       and created_at < coalesce(u.email_verified_at, 'infinity')) as used
       from user_account u where u.id = ?`,
    [id, id, id, id, id],
  );
  return row!.used;
}
