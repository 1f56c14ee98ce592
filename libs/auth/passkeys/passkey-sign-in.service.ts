import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { AuditService } from '@app/audit';
import { credentialMac, FactorAttempts, FactorRegistry, MfaError, newFirstStep, readFirstStep } from '@app/mfa';
import { AppError, HotStatements, signLookup, statement, Traced } from '@app/platform';
import { authProviderOf, demandsVerifiedEmail } from '@app/tenants';
import type { TokenResponse } from '../auth.contract.js';
import { AuthError } from '../auth.errors.js';
import { type OpenedSession, SignInAnswers } from '../sign-in-answers.js';
import { counted } from '../sign-in-metrics.js';
import type { PasskeyLogin } from './passkey-sign-in.contract.js';

type Begun =
  | { status: 'unknown'; tenant_id: null; user_id: null }
  | { status: 'challenge_over'; tenant_id: string; user_id: string }
  | { status: 'begun'; tenant_id: string; user_id: string; factor_id: string; email_verified: boolean; policy: unknown };

const BEGIN = statement<Begun>('passkey_sign_in_begin', 'select * from app.passkey_sign_in_begin($1, $2, $3, $4, $5, $6)');

/** Which of them it was is nobody's business. */
const REFUSED = [MfaError.wrongCode, MfaError.signInOver].map((refusal) => refusal().code);

/** A passkey instead of a password and a second factor: who signs in, the passkey says. */
@Injectable()
export class PasskeySignIn {
  constructor(
    private readonly statements: HotStatements,
    private readonly factors: FactorRegistry,
    private readonly attempts: FactorAttempts,
    private readonly answers: SignInAnswers,
    private readonly audit: AuditService,
  ) {}

  /** Anybody may ask, as often as the limits let them: nothing is written down. */
  async ask() {
    const { token, text, expiresAt } = newFirstStep();
    return { passkey_token: token, webauthn: { ...(await this.factors.signing.signs.ask([], text)) }, expires_at: expiresAt.toISOString() };
  }

  /** @throws auth.invalid_credentials (the same for unknown, wrong, spent, disabled, and where a user pool alone signs in), auth.email_not_verified, auth.too_many_attempts */
  @Traced('sign_in.passkey')
  signIn(request: PasskeyLogin): Promise<TokenResponse> {
    return counted('passkey', this.withPasskey(request));
  }

  private async withPasskey({ passkey_token, credential, device_name }: PasskeyLogin): Promise<TokenResponse> {
    const { signs } = this.factors.signing;
    const challenge = readFirstStep(passkey_token);
    if (!challenge || signs.challengeIn(credential) !== challenge.text) return this.refuse('challenge_over');

    const found = credentialMac(signs.credentialIn(credential));
    const [proof, signInId] = [signLookup(`passkey:${found.toString('hex')}`), uuidv7()];
    const begun = await this.statements.one(BEGIN, [found, proof, challenge.id, challenge.expiresAt, signInId, device_name ?? null]);
    if (begun.status !== 'begun') return this.refuse(begun.status === 'unknown' ? 'unknown_passkey' : 'challenge_over', begun);

    // Whom the pool shuts out would stay in by a passkey of before.
    if (authProviderOf(begun.policy) === 'cognito') return this.refuse('pool_only', begun);

    const { tenant_id: tenantId, user_id: userId, factor_id: factorId } = begun;
    const attempt = {
      tenantId,
      userId,
      signInId,
      factorId,
      answer: credential,
      firstStep: { text: challenge.text, isFirstStep: true },
    };
    let session!: OpenedSession;
    try {
      const { email, role } = await this.attempts.settleSignIn(attempt, (proven) => {
        if (!begun.email_verified && demandsVerifiedEmail(begun.policy)) throw AuthError.emailNotVerified();
        session = this.answers.newSession(tenantId, [...proven.amr, 'mfa'], proven.acr);
        return this.answers.stored(session, proven.deviceName, proven.sessionHours);
      });
      return this.answers.response(session, { tenantId, userId, email, role });
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      if (REFUSED.includes(error.code)) return this.refuse('wrong_passkey', begun);
      await this.recorded(error.code.replace(/^\w+\./, ''), begun);
      if (error.code === MfaError.tooManyAttempts().code) throw AuthError.tooManyAttempts(error.details);
      throw error;
    }
  }

  private async refuse(reason: string, whose?: Begun): Promise<never> {
    await this.recorded(reason, whose);
    throw AuthError.invalidCredentials({ detail: 'This passkey is not known here, or its answer is not right or too late. Try again.' });
  }

  private recorded(reason: string, whose?: Begun) {
    return this.audit.recordNow('auth.sign_in_refused', whose?.tenant_id ?? null, {
      actorType: whose?.user_id ? 'user' : 'anonymous',
      actorId: whose?.user_id ?? null,
      details: { reason, way: 'passkey' },
    });
  }
}
