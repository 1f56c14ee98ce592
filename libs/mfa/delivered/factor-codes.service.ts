import { Injectable } from '@nestjs/common';
import { type Channel, DueSignal, sendLimits } from '@app/notifications';
import { config, HotStatements, RequestContext, signTenant, statement } from '@app/platform';
import type { CompanyPolicy } from '@app/tenants';
import { MfaError } from '../mfa.errors.js';
import { blocked, Verifications } from '../verifications/verifications.service.js';

const CHALLENGE = statement<{
  outcome: 'created' | 'sent' | 'too_early' | 'too_many' | 'blocked' | 'over' | 'gone';
  rule: string | null;
  seconds: number | null;
  response: { id: string; expires_at: string; resend_after: string } | null;
}>('factor_challenge', 'select * from app.factor_challenge($1, $2, $3, $4, $5, $6, $7, $8, $9)');

export interface FactorCode {
  userId: string;
  factorId: string;
  channel: Channel;
  to: string;
  locale: string;
  policy: CompanyPolicy;
  /** The code is good for this sign-in and no other; none when a signed-in person asks. */
  signInId?: string | undefined;
  /** The person's, where it is known. */
  ip?: string | undefined;
}

export interface SentCode {
  verificationId: string;
  channel: Channel;
  masked: string;
  expiresAt: Date;
  resendAfter: Date;
}

/** Sends a factor's code: a new one, or the one that is out. */
@Injectable()
export class FactorCodes {
  constructor(
    private readonly statements: HotStatements,
    private readonly context: RequestContext,
    private readonly verifications: Verifications,
    private readonly signal: DueSignal,
  ) {}

  /** @throws mfa.too_early and mfa.too_many_sends (with Retry-After), mfa.sign_in_over, mfa.not_found, verification.blocked, notifications.* */
  async send({ channel, to, ...wanted }: FactorCode): Promise<SentCode> {
    const steps = [{ channel, to, field: 'recipient' }];
    const { row, actor, origin } = await this.verifications.prepare({ ...wanted, purpose: 'factor', steps });
    const { outcome, rule, seconds, response } = await this.statements.one(CHALLENGE, [
      signTenant(this.context.tenantId!),
      wanted.userId,
      wanted.signInId ?? null,
      wanted.factorId,
      row,
      config.RESEND_SECONDS,
      { ...actor, id: wanted.userId },
      origin,
      sendLimits(),
    ]);
    switch (outcome) {
      case 'too_early':
        throw MfaError.tooEarly({ retryAfter: seconds ?? config.RESEND_SECONDS });
      case 'too_many':
        throw MfaError.tooManySends({ retryAfter: 300 });
      case 'over':
        throw MfaError.signInOver();
      case 'gone':
        throw MfaError.notFound();
      case 'blocked':
        throw blocked(rule!);
    }
    this.signal.wake();
    const { id, expires_at, resend_after } = response!;
    return {
      verificationId: id,
      channel,
      masked: row.workflow[0]!.masked,
      expiresAt: new Date(expires_at),
      resendAfter: new Date(resend_after),
    };
  }
}
