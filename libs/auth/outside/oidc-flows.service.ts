import { Injectable } from '@nestjs/common';
import * as openid from 'openid-client';
import { v7 as uuidv7 } from 'uuid';
import { AuditService } from '@app/audit';
import { AppError, HotStatements, log, RequestContext, signLookup, signTenant } from '@app/platform';
import { canonicalDomain } from '@app/tenants';
import { type FlowText, hashOf, newHandle, readFlowText, writeFlowText } from './flow-text.js';
import * as flow from './identity-flow.entity.js';
import type { IdentityProvider } from './identity-provider.entity.js';
import { clientOf, IdentityProvidersService, redirectUri } from './identity-providers.service.js';
import { OpenId, type OutsideIdentity, reasonOf } from './open-id.js';
import { IdentityError } from './outside.errors.js';

/** From the start until the person is back. */
export const LIFE_SECONDS = 600;
/** From coming back until the client has asked for what the code stands for. */
const CODE_SECONDS = 120;

interface Departed {
  flowId: string;
  authorizationUrl: string;
  handle: string;
  until: Date;
}

/** Somebody's way to a provider and back. Ends with a code, which is worth something only to whoever began. */
@Injectable()
export class OidcFlowsService {
  constructor(
    private readonly context: RequestContext,
    private readonly statements: HotStatements,
    private readonly providers: IdentityProvidersService,
    private readonly openId: OpenId,
    private readonly audit: AuditService,
  ) {}

  /** A sign-in. @throws identity.provider_not_found (for an unknown company, too), identity.return_not_allowed, identity.provider_unavailable */
  async start(companyDomain: string, name: string, returnTo: string | undefined, isInCookie: boolean): Promise<Departed> {
    const domain = canonicalDomain(companyDomain);
    const { tenant_id } = domain ? await this.statements.one(flow.FIND_COMPANY, [domain, signLookup(domain)]) : { tenant_id: null };
    if (!tenant_id) throw IdentityError.providerNotFound();
    return this.context.runAs(tenant_id, () => this.depart(name, { returnTo, isInCookie, userId: null }), this.context.origin);
  }

  /** By whoever is bound: a sign-in of nobody yet, or a link that a person who is signed in asks for. */
  async depart(
    name: string,
    { returnTo, isInCookie, userId }: { returnTo: string | undefined; isInCookie: boolean; userId: string | null },
  ): Promise<Departed> {
    const provider = await this.providers.open({ name });
    if (returnTo !== undefined && !provider.settings.return_urls.includes(returnTo))
      throw IdentityError.returnNotAllowed({ errors: [{ field: 'return_to', message: 'must be one of the return_urls of the provider' }] });
    const configuration = await this.openId.configuration(clientOf(provider));
    const tenantId = this.context.tenantId!;
    const [flowId, handle, nonce, verifier] = [uuidv7(), newHandle(), openid.randomNonce(), openid.randomPKCECodeVerifier()];
    const state = writeFlowText('outside-state', tenantId, flowId);
    const { issuer, clientId } = provider;
    const { until } = await this.statements.one(flow.BEGIN_FLOW, [
      signTenant(tenantId),
      flowId,
      provider.id,
      userId,
      flow.sealDeparture(tenantId, flowId, { verifier, nonce, returnTo: returnTo ?? null, issuer, clientId }),
      isInCookie,
      hashOf(handle),
      state.hash,
      LIFE_SECONDS,
    ]);
    const address = openid.buildAuthorizationUrl(configuration, {
      response_type: 'code',
      redirect_uri: redirectUri(provider.id),
      scope: provider.settings.scopes.join(' '),
      state: state.text,
      nonce,
      code_challenge: await openid.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    });
    return { flowId, authorizationUrl: address.href, handle, until };
  }

  /**
   * Somebody is back, with the query they brought. `cookie`: what this browser holds of a flow.
   * @throws identity.flow_over when the state is spent, late, another provider's, another browser's, or none of ours
   */
  async arrive(
    providerId: string,
    query: URLSearchParams,
    cookie: (flowId: string) => string | undefined,
  ): Promise<{ returnTo: string | null; code: string | null; error: AppError | null }> {
    const [text, ...more] = query.getAll('state');
    const state = text === undefined || more.length > 0 ? undefined : readFlowText('outside-state', text);
    if (!state) throw IdentityError.flowOver();
    return this.context.runAs(
      state.tenantId,
      async () => {
        const away = await this.spend(state, providerId, cookie(state.flowId));
        const provider = await this.providers.open({ id: providerId });
        if (provider.issuer !== away.issuer || provider.clientId !== away.clientId) throw IdentityError.flowOver();
        const came = new URL(redirectUri(providerId));
        came.search = query.toString();
        const identity = await this.openId
          .redeem(clientOf(provider), came, { ...away, state: text! })
          .catch((error: unknown) => this.refuse(provider, error));
        if (identity instanceof AppError) return { returnTo: away.returnTo, code: null, error: identity };
        return { returnTo: away.returnTo, code: await this.hold(state, identity), error: null };
      },
      this.context.origin,
    );
  }

  /** Who the code stands for; once. `userId`: who asked for a link, null for a sign-in. @throws identity.flow_over */
  async redeem(code: FlowText, handle: string, userId: string | null): Promise<{ identity: OutsideIdentity; provider: IdentityProvider }> {
    const { tenantId, flowId, hash } = code;
    const [row] = await this.statements.run(flow.REDEEM_FLOW, [signTenant(tenantId), flowId, userId, hash, hashOf(handle)]);
    if (!row) throw IdentityError.flowOver();
    return { identity: flow.openArrival(tenantId, flowId, row.sealed), provider: await this.providers.open({ id: row.provider_id }) };
  }

  private async spend({ tenantId, flowId, hash }: FlowText, providerId: string, handle: string | undefined): Promise<flow.Departure> {
    const { sealed } = await this.statements.one(flow.RETURN_FLOW, [
      signTenant(tenantId),
      flowId,
      providerId,
      hash,
      handle === undefined ? null : hashOf(handle),
    ]);
    if (sealed === null) throw IdentityError.flowOver();
    return flow.openDeparture(tenantId, flowId, sealed);
  }

  private async hold({ tenantId, flowId }: FlowText, identity: OutsideIdentity): Promise<string> {
    const { text, hash } = writeFlowText('outside-code', tenantId, flowId);
    const arrival = flow.sealArrival(tenantId, flowId, identity);
    const { done } = await this.statements.one(flow.ARRIVE_FLOW, [signTenant(tenantId), flowId, arrival, hash, CODE_SECONDS]);
    if (!done) throw IdentityError.flowOver();
    return text;
  }

  /** Whatever was wrong with what came back, the person reads the same; the trail and the log say a little more. */
  private async refuse(provider: IdentityProvider, error: unknown): Promise<AppError> {
    if (error instanceof AppError) return error;
    const reason = reasonOf(error);
    log().warn({ provider: provider.id, reason }, 'an identity provider did not sign somebody in');
    await this.audit.recordNow('auth.sign_in_refused', provider.tenantId, {
      actorType: 'anonymous',
      actorId: null,
      details: { reason: 'outside_refused', provider: provider.name, because: reason },
    });
    return IdentityError.signInFailed();
  }
}
