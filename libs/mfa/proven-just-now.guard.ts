import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { type Caller, config, ProvenJustNow, TWO_FACTORS } from '@app/platform';
import { MfaError } from './mfa.errors.js';

/**
 * A factor is added or replaced soon after signing in, and with the second factor by whoever has one: not by a session left open, nor
 * with the password alone (NIST SP 800-63B-4 §4.1.2.1, ASVS 7.5.1). Nor is power in a company handed out by a session left open.
 * `POST /api/auth/step-up` makes a session fit.
 */
@Injectable()
export class ProvenJustNowGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    const wanted = this.reflector.getAllAndOverride(ProvenJustNow, [context.getHandler(), context.getClass()]);
    if (!wanted) return true;
    const caller = context.switchToHttp().getRequest<{ user?: Caller }>().user;
    if (caller?.kind !== 'user') return true;
    const stepUp = { maxAge: config.FRESH_SECONDS, ...(caller.profile.mfa_enabled === true && { acr: TWO_FACTORS }) };
    if (wanted === true && caller.profile.mfa_enabled && !caller.amr.includes('mfa'))
      throw MfaError.freshSignInRequired({
        detail: 'Answer your second factor at POST /api/auth/step-up, or sign in again with it: this session was opened without.',
        stepUp,
      });
    if (Date.now() - caller.authTime.getTime() > config.FRESH_SECONDS * 1000)
      throw MfaError.freshSignInRequired({
        detail: `Prove again who you are at POST /api/auth/step-up, or sign in again: it was longer than ${Math.ceil(config.FRESH_SECONDS / 60)} min ago.`,
        stepUp,
      });
    return true;
  }
}
