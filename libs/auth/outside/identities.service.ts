import { LockMode, UniqueConstraintViolationException } from '@mikro-orm/core';
import { Injectable } from '@nestjs/common';
import { AuditService } from '@app/audit';
import { RequestContext, type UserCaller } from '@app/platform';
import { SessionsService } from '../sessions.service.js';
import { User } from '../user.entity.js';
import { readFlowText } from './flow-text.js';
import { IdentityLink } from './identity-link.entity.js';
import type { IdentityView, LinkRequest, Started, StartLinkRequest } from './oidc.contract.js';
import { OidcFlowsService } from './oidc-flows.service.js';
import { IdentityError } from './outside.errors.js';
import { OutsidePeople } from './outside-people.service.js';

/** The identities of a person who is signed in: what else they come in by. */
@Injectable()
export class IdentitiesService {
  constructor(
    private readonly context: RequestContext,
    private readonly flows: OidcFlowsService,
    private readonly people: OutsidePeople,
    private readonly sessions: SessionsService,
    private readonly audit: AuditService,
  ) {}

  async list({ id }: UserCaller): Promise<IdentityView[]> {
    const rows = await this.context.transaction((em) => em.find(IdentityLink, { userId: id }, { orderBy: { id: 'asc' } }));
    return rows.map(view);
  }

  /** Another way in, as strong as a factor: it is added soon after signing in, with the second factor by whoever has one (@ProvenJustNow). */
  async start(caller: UserCaller, { provider, return_to }: StartLinkRequest): Promise<Started> {
    const departed = await this.flows.depart(provider, { returnTo: return_to, isInCookie: false, userId: caller.id });
    return { authorization_url: departed.authorizationUrl, handle: departed.handle, expires_at: departed.until.toISOString() };
  }

  /** By the person who began, with what they kept: nobody else's identity can be brought to their account. @throws identity.flow_over, identity.already_linked */
  async finish(caller: UserCaller, { code: text, handle }: LinkRequest): Promise<IdentityView> {
    const code = readFlowText('outside-code', text);
    if (code?.tenantId !== caller.tenantId) throw IdentityError.flowOver();
    const { identity, provider } = await this.flows.redeem(code, handle, caller.id);
    this.people.admit(identity, provider);
    try {
      return await this.context.transaction(async (em) => {
        const { issuer, subject } = identity;
        const there = await em.findOne(IdentityLink, { issuer, subject });
        if (there && there.userId !== caller.id) throw IdentityError.alreadyLinked();
        const id = there?.id ?? (await this.people.linkIn(em, caller.id, identity, { provider: provider.name, because: 'asked_for' }));
        return view(await em.findOneOrFail(IdentityLink, { id }));
      });
    } catch (error) {
      if (error instanceof UniqueConstraintViolationException) throw IdentityError.alreadyLinked();
      throw error;
    }
  }

  /** Ends the other sessions: which of them came in by it is not asked. @throws identity.link_not_found, identity.last_way_in */
  remove(caller: UserCaller, id: string): Promise<void> {
    return this.context.transaction(async (em) => {
      await this.sessions.endSignInsIn(em, caller.id);
      // Locked: of two ways in, two requests at once must not take both.
      const user = await em.findOneOrFail(User, { id: caller.id }, { populate: ['passwordHash'], lockMode: LockMode.PESSIMISTIC_WRITE });
      const links = await em.find(IdentityLink, { userId: caller.id });
      const link = links.find((one) => one.id === id);
      if (!link) throw IdentityError.linkNotFound();
      if (user.passwordHash == null && links.length === 1) throw IdentityError.lastWayIn();
      em.remove(link);
      this.audit.record('auth.identity_unlinked', { targetId: id, details: { issuer: link.issuer } });
      await this.sessions.revokeAllIn(em, caller.id, 'identity_unlinked', caller.sessionId);
    });
  }
}

const view = ({ id, issuer, subject, email, createdAt, lastUsedAt }: IdentityLink): IdentityView => ({
  id,
  issuer,
  subject,
  email: email ?? null,
  created_at: createdAt.toISOString(),
  last_used_at: lastUsedAt?.toISOString() ?? null,
});
