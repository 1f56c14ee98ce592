import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { AuditService } from '@app/audit';
import {
  AppError,
  config,
  HotStatements,
  ONE_FACTOR,
  RequestContext,
  signTenant,
  statement,
  Traced,
  TWO_STEPS_OUTSIDE,
} from '@app/platform';
import { demandsPhishingResistant, demandsVerifiedEmail, sessionHoursOf } from '@app/tenants';
import type { TokenResponse } from '../auth.contract.js';
import { AuthError } from '../auth.errors.js';
import type { BegunSignIn } from '../sign-in.entity.js';
import { counted } from '../sign-in-metrics.js';
import { due, SignInAnswers } from '../sign-in-answers.js';
import { readFlowText } from './flow-text.js';
import type { IdentityProvider } from './identity-provider.entity.js';
import { OidcFlowsService } from './oidc-flows.service.js';
import type { OutsideIdentity } from './open-id.js';
import { IdentityError } from './outside.errors.js';
import { type KnownPerson, OutsidePeople } from './outside-people.service.js';

const READ = statement<Pick<BegunSignIn, 'email' | 'email_verified' | 'role' | 'policy' | 'factors'>>(
  'outside_sign_in_read',
  'select * from app.outside_sign_in_read($1, $2)',
);
const COMPLETE = statement<{ done: boolean }>(
  'outside_sign_in_complete',
  'select app.outside_sign_in_complete($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) as done',
);
const CHALLENGE = statement<{ done: boolean }>(
  'outside_sign_in_challenge',
  'select app.outside_sign_in_challenge($1, $2, $3, $4, $5, $6, $7) as done',
);

/** Vouched for by a provider of the company's. RFC 8176 has no word for it. */
export const FEDERATED = 'fed';

/** What was proved to the provider. */
export interface Vouched {
  provider: Pick<IdentityProvider, 'tenantId' | 'name'>;
  /** What the company takes for its second factor; `enrolled`: set up there in this very sign-in, so that whoever has one here is asked for that. */
  secondFactor: 'proven' | 'enrolled' | null;
  /** Without `mfa`. */
  amr: string[];
  deviceName: string | null;
}

/** The end of a sign-in whose first step was made at a provider: from its code to tokens, over our own second factor where one is due. */
@Injectable()
export class OutsideSignInService {
  constructor(
    private readonly context: RequestContext,
    private readonly statements: HotStatements,
    private readonly flows: OidcFlowsService,
    private readonly people: OutsidePeople,
    private readonly answers: SignInAnswers,
    private readonly audit: AuditService,
  ) {}

  /** @throws identity.flow_over, identity.not_admitted, identity.link_required, identity.sign_in_failed, auth.email_not_verified */
  @Traced('sign_in.outside')
  exchange(code: string, handle: (flowId: string) => string | undefined, deviceName: string | null): Promise<TokenResponse> {
    return counted('outside', this.redeemed(code, handle, deviceName));
  }

  private async redeemed(
    text: string,
    handleOf: (flowId: string) => string | undefined,
    deviceName: string | null,
  ): Promise<TokenResponse> {
    const code = readFlowText('outside-code', text);
    const handle = code && handleOf(code.flowId);
    if (!handle) throw IdentityError.flowOver();
    return this.context.runAs(
      code.tenantId,
      async () => {
        const { identity, provider } = await this.flows.redeem(code, handle, null);
        const person = await this.people.find(identity, provider).catch(async (error: unknown) => {
          if (error instanceof AppError) await this.refused(provider, error.code, null);
          throw error;
        });
        const secondFactor = countsAsSecondFactor(identity, provider) ? 'proven' : null;
        return this.finish(person, { provider, secondFactor, amr: [FEDERATED], deviceName });
      },
      this.context.origin,
    );
  }

  /** Somebody of the current company whom a provider of its has vouched for. @throws identity.sign_in_failed of a disabled person, auth.email_not_verified */
  async finish({ userId, linkId }: KnownPerson, { provider, secondFactor, amr, deviceName }: Vouched): Promise<TokenResponse> {
    const { tenantId } = provider;
    const [found] = await this.statements.run(READ, [signTenant(tenantId), userId]);
    if (!found) return this.disabled(provider, userId);
    if (!found.email_verified && demandsVerifiedEmail(found.policy)) {
      await this.refused(provider, 'email_not_verified', userId);
      throw AuthError.emailNotVerified();
    }
    // Where a passkey is demanded, nothing that was proved elsewhere stands for it.
    const counts = secondFactor === 'proven' || (secondFactor === 'enrolled' && found.factors === null);
    const twoSteps = counts && !demandsPhishingResistant(found.policy, found.role);
    const purpose = twoSteps ? undefined : due(found);
    if (purpose) {
      const signInId = uuidv7();
      const values = [signTenant(tenantId), userId, linkId, signInId, config.PENDING_SECONDS, deviceName, this.audit.origin];
      const { done } = await this.statements.one(CHALLENGE, values);
      if (!done) return this.disabled(provider, userId);
      return this.answers.challenge(found, { tenantId, userId, signInId, firstAmr: amr }, purpose);
    }
    const session = this.answers.newSession(tenantId, twoSteps ? [...amr, 'mfa'] : amr, twoSteps ? TWO_STEPS_OUTSIDE : ONE_FACTOR);
    const stored = this.answers.stored(session, deviceName, sessionHoursOf(found.policy));
    const { done } = await this.statements.one(COMPLETE, [signTenant(tenantId), userId, linkId, ...stored, this.audit.origin]);
    if (!done) return this.disabled(provider, userId);
    return this.answers.response(session, { tenantId, userId, email: found.email, role: found.role });
  }

  private async disabled(provider: Vouched['provider'], userId: string): Promise<never> {
    await this.refused(provider, 'account_disabled', userId);
    throw IdentityError.signInFailed();
  }

  private refused({ tenantId, name }: Vouched['provider'], reason: string, userId: string | null) {
    return this.audit.recordNow('auth.sign_in_refused', tenantId, {
      actorType: userId ? 'user' : 'anonymous',
      actorId: userId,
      details: { reason, provider: name },
    });
  }
}

/** Only by the values that the company has written down. */
const countsAsSecondFactor = ({ acr, amr }: OutsideIdentity, { settings }: IdentityProvider): boolean =>
  (acr !== null && settings.second_factor_acr.includes(acr)) || amr.some((one) => settings.second_factor_amr.includes(one));
