import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { AuditService } from '@app/audit';
import { type Answer, FactorAttempts, type Proof } from '@app/mfa';
import { canonicalEmail } from '@app/notifications';
import { AppError, config, HotStatements, ONE_FACTOR, type PendingCaller, REMEMBERED, signLookup, signTenant, Traced } from '@app/platform';
import { authProviderOf, canonicalDomain, demandsPhishingResistant, demandsVerifiedEmail, policyOf, sessionHoursOf } from '@app/tenants';
import type { LoginRequest, TokenResponse } from './auth.contract.js';
import { AuthError } from './auth.errors.js';
import { CognitoSignIn } from './cognito/cognito-sign-in.service.js';
import { Passwords } from './passwords.service.js';
import { BEGIN_SIGN_IN, type BegunSignIn, CHALLENGE_SIGN_IN, COMPLETE_SIGN_IN, FORGO_SIGN_IN } from './sign-in.entity.js';
import { type DueSignIn, due, type OpenedSession, SignInAnswers } from './sign-in-answers.js';
import { counted } from './sign-in-metrics.js';
import { TrustedDevices } from './trusted-devices.js';

/** In everybody's words, so that it tells nothing about anybody. */
const HINT = 'Incorrect email or password. If this e-mail belongs to several companies, name the one you mean with company_domain.';

/** From password to tokens, over a second factor where one is set up or demanded. Two round trips to the database, one hash. */
@Injectable()
export class SignInService {
  constructor(
    private readonly statements: HotStatements,
    private readonly passwords: Passwords,
    private readonly attempts: FactorAttempts,
    private readonly answers: SignInAnswers,
    private readonly cognito: CognitoSignIn,
    private readonly devices: TrustedDevices,
    private readonly audit: AuditService,
  ) {}

  /**
   * @throws auth.invalid_credentials (the same for unknown, wrong and disabled), auth.email_not_verified (to whoever has the password),
   * auth.too_many_attempts, server.busy
   */
  @Traced('sign_in.password')
  signIn(request: LoginRequest, tenantHeader?: string): Promise<TokenResponse> {
    return counted('password', this.withPassword(request, tenantHeader));
  }

  /** @throws mfa.wrong_code, mfa.too_many_attempts, mfa.sign_in_over */
  @Traced('sign_in.second_factor')
  verify({ id, tenantId, signInId, firstAmr }: PendingCaller, answer: Answer, factorId?: string, remember = false): Promise<TokenResponse> {
    return counted('second_factor', this.answer({ tenantId, userId: id, signInId, firstAmr }, answer, factorId, remember));
  }

  private async withPassword(request: LoginRequest, tenantHeader?: string): Promise<TokenResponse> {
    const { email, password, company_domain, totp_code, device_name, device_token } = request;
    await this.passwords.admit();
    const address = canonicalEmail(email);
    const hint = company_domain ?? tenantHeader;
    const { ip } = this.audit.origin;
    const found = await this.statements.one(BEGIN_SIGN_IN, [
      address,
      hint ? (canonicalDomain(hint) ?? hint.trim().toLowerCase()) : null,
      signLookup(address),
      ip ?? null,
    ]);
    if (found.status === 'blocked') {
      await this.refused(found, 'too_many_attempts');
      throw AuthError.tooManyAttempts({ retryAfter: found.retry_after ?? 60 });
    }
    const forgone = async (error: unknown): Promise<never> => {
      // Never looked at, so not counted.
      await this.statements.run(FORGO_SIGN_IN, [found.tenant_id, address, signLookup(address), found.at_known_address ? ip : null]);
      throw error;
    };
    // Only of a company that is named: the time it takes must not tell which company an e-mail belongs to.
    const way = authProviderOf(found.policy);
    const asksPool = hint !== undefined && way !== 'native' && found.tenant_id !== null;
    const ownHash = way === 'cognito' ? null : found.password_hash;
    const right = !(asksPool && way === 'cognito') && (await this.passwords.verify(ownHash, password).catch(forgone));
    if (asksPool && !right) {
      const answer = await this.cognito.signIn(found, address, request, ownHash !== null).catch((error: unknown) => {
        if (ownHash === null && isUnasked(error)) return forgone(error);
        throw error;
      });
      if (answer) return answer;
      throw AuthError.invalidCredentials({ detail: HINT });
    }
    if (!right || found.status !== 'known' || !found.is_active) {
      await this.refused(found, found.status === 'unknown' ? 'unknown_account' : right ? 'account_disabled' : 'wrong_password');
      throw AuthError.invalidCredentials({ detail: HINT });
    }
    if (!found.email_verified && demandsVerifiedEmail(found.policy)) {
      await this.refused(found, 'email_not_verified');
      throw AuthError.emailNotVerified();
    }
    const newHash = await this.passwords.rehashed(found.password_hash!, password);
    const purpose = due(found);
    if (!purpose) return this.complete(found, address, newHash, { amr: ['pwd'], acr: ONE_FACTOR }, device_name);
    const remembered =
      purpose === 'verify' &&
      !demandsPhishingResistant(found.policy, found.role) &&
      device_token !== undefined &&
      (await this.devices.knows(found.tenant_id!, found.user_id, device_token, policyOf(found.policy)));
    if (remembered) return this.complete(found, address, newHash, { amr: ['pwd', 'device'], acr: REMEMBERED }, device_name);

    const signInId = uuidv7();
    const { done } = await this.statements.one(CHALLENGE_SIGN_IN, [
      signTenant(found.tenant_id!),
      found.user_id,
      address,
      found.password_hash,
      newHash,
      signInId,
      config.PENDING_SECONDS,
      device_name ?? null,
      this.audit.origin,
    ]);
    if (!done) throw AuthError.invalidCredentials({ detail: HINT });
    const pending = { tenantId: found.tenant_id!, userId: found.user_id, signInId, firstAmr: ['pwd'] };
    if (totp_code !== undefined && purpose === 'verify') return this.answer(pending, totp_code);
    return this.answers.challenge(found, pending, purpose);
  }

  private async complete(
    found: BegunSignIn,
    address: string,
    newHash: string | null,
    { amr, acr }: Pick<OpenedSession, 'amr' | 'acr'>,
    deviceName?: string,
  ): Promise<TokenResponse> {
    const tenantId = found.tenant_id!;
    const session = this.answers.newSession(tenantId, amr, acr);
    const { done } = await this.statements.one(COMPLETE_SIGN_IN, [
      signTenant(tenantId),
      found.user_id,
      address,
      found.password_hash,
      newHash,
      ...this.answers.stored(session, deviceName ?? null, sessionHoursOf(found.policy)),
      this.audit.origin,
    ]);
    if (!done) throw AuthError.invalidCredentials({ detail: HINT });
    return this.answers.response(session, { tenantId, userId: found.user_id, email: found.email, role: found.role });
  }

  private async answer({ firstAmr, ...pending }: DueSignIn, answer: Answer, factorId?: string, remember = false): Promise<TokenResponse> {
    let session!: OpenedSession;
    const enrolment = { ...pending, signInId: uuidv7() };
    const proof = await this.attempts.settleSignIn({ ...pending, answer, factorId }, (proof: Proof) => {
      if (proof.passkeyDue) return [enrolment.signInId, config.PENDING_SECONDS, proof.deviceName];
      session = this.answers.newSession(pending.tenantId, [...firstAmr, ...proof.amr, 'mfa'], proof.acr);
      return this.answers.stored(session, proof.deviceName, proof.sessionHours);
    });
    const { email, role, deviceName } = proof;
    if (proof.passkeyDue) return this.answers.enrolment({ ...enrolment, firstAmr: [...firstAmr, ...proof.amr] });
    const answered = this.answers.response(session, { ...pending, email, role });
    const device = remember ? await this.devices.remember(pending.tenantId, pending.userId, deviceName) : undefined;
    return { ...answered, ...(device !== undefined && { device_token: device }) };
  }

  /** An attempt on an account that no company has stands in the chain that no company owns: as much work as for a known one. */
  private refused({ tenant_id, user_id }: BegunSignIn, reason: string) {
    return this.audit.recordNow('auth.sign_in_refused', tenant_id, {
      actorType: user_id ? 'user' : 'anonymous',
      actorId: user_id ?? null,
      details: { reason },
    });
  }
}

/** The pool could not be asked, so nothing was guessed. */
const isUnasked = (error: unknown) => error instanceof AppError && error.code === 'identity.provider_unavailable';
