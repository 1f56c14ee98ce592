import type { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { canonicalEmail } from '@app/notifications';
import { config, RequestContext, type Role } from '@app/platform';
import { AuthError } from '../auth.errors.js';
import { AccountLink, LINK_HOURS, type LinkPurpose, newLinkToken, readLinkToken } from './account-link.entity.js';
import { AccountMail } from './account-mail.service.js';

export interface NewLink {
  purpose: LinkPurpose;
  /** Where it goes, and what it proves. */
  email: string;
  locale: string | null;
  userId?: string;
  role?: Role;
  invitedBy?: string;
}

/** Of the path that a link leads to: a front end finds the token behind #, which no server, log or Referer ever sees. */
const PATHS: Record<LinkPurpose, string> = {
  verify_email: 'verify-email',
  change_email: 'verify-email',
  reset_password: 'reset-password',
  invitation: 'accept-invitation',
};

/** Links by e-mail that say who somebody is, once. */
@Injectable()
export class AccountLinks {
  constructor(
    private readonly context: RequestContext,
    private readonly mail: AccountMail,
  ) {}

  /**
   * Part of a larger transaction. Undefined: a cap holds the mail back, and then there is no link. Those before stay good until one is used:
   * whoever may ask for a link by an address alone must not be able to make its owner's useless.
   */
  async send(em: EntityManager, { purpose, email, locale, userId, role, invitedBy }: NewLink): Promise<AccountLink | undefined> {
    const tenantId = this.context.tenantId!;
    const id = uuidv7();
    const { token, hash } = newLinkToken(purpose, tenantId, id);
    const sent = await this.mail.send(em, {
      id,
      to: email,
      template: `account_${purpose}`,
      locale: locale ?? 'en',
      variables: { url: `${linkBase()}/${PATHS[purpose]}#token=${token}`, hours: String(LINK_HOURS[purpose]) },
      seconds: LINK_HOURS[purpose] * 3600,
      counted: 'account',
    });
    if (!sent) return undefined;
    const link = em.create(AccountLink, {
      id,
      purpose,
      userId: userId ?? null,
      tokenHash: hash,
      email,
      emailCanonical: canonicalEmail(email),
      role: role ?? null,
      locale,
      invitedBy: invitedBy ?? null,
      expiresAt: new Date(Date.now() + LINK_HOURS[purpose] * 3_600_000),
    });
    await em.flush();
    return link;
  }

  withdraw(em: EntityManager, purpose: LinkPurpose, whose: { userId: string } | { emailCanonical: string }): Promise<number> {
    return em.nativeUpdate(AccountLink, { purpose, usedAt: null, ...whose }, { usedAt: new Date() });
  }

  /** Does the work as the link's company. @throws auth.invalid_link alike for one that is used, old, withdrawn, altered or never was */
  open<T>(
    purposes: LinkPurpose[],
    token: string,
    work: (token: { id: string; hash: Buffer; purpose: LinkPurpose }) => Promise<T>,
  ): Promise<T> {
    const read = readLinkToken(purposes, token);
    if (!read) throw AuthError.invalidLink();
    return this.context.runAs(read.tenantId, () => work(read), this.context.origin);
  }

  /** Looks without using it, before something that costs. */
  async peek(em: EntityManager, { id, hash, purpose }: { id: string; hash: Buffer; purpose: LinkPurpose }): Promise<AccountLink> {
    const link = await em.findOne(AccountLink, { id, purpose, tokenHash: hash, usedAt: null, expiresAt: { $gt: new Date() } });
    if (!link) throw AuthError.invalidLink();
    return link;
  }

  /** Uses it, in one guarded statement of the transaction that does what it is for: of all who come with it, one. */
  async use(em: EntityManager, { id, hash, purpose }: { id: string; hash: Buffer; purpose: LinkPurpose }): Promise<AccountLink> {
    const used = await em.execute<unknown[]>(
      'update account_link set used_at = now() where id = ? and purpose = ? and token_hash = ? and used_at is null and expires_at > now() returning id',
      [id, purpose, hash],
    );
    if (used.length === 0) throw AuthError.invalidLink();
    return em.findOneOrFail(AccountLink, { id }, { refresh: true });
  }
}

const linkBase = () => (config.LINK_URL ?? config.PUBLIC_URL).replace(/\/$/, '');
