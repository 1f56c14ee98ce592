import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { FactorRegistry } from '@app/mfa';
import { config, type PendingPurpose } from '@app/platform';
import { allowedFactorsOf, demandsFactor, demandsPhishingResistant, rememberDaysOf } from '@app/tenants';
import type { TokenResponse } from './auth.contract.js';
import type { BegunSignIn } from './sign-in.entity.js';
import { type RefreshToken, Tokens } from './tokens.js';

/** A sign-in whose second factor is due. */
export interface DueSignIn {
  tenantId: string;
  userId: string;
  signInId: string;
  /** What the first step was. */
  firstAmr: string[];
}

export interface OpenedSession {
  id: string;
  refresh: RefreshToken;
  amr: string[];
  acr: string;
}

/** How a sign-in is answered, wherever its first step was made. */
@Injectable()
export class SignInAnswers {
  constructor(
    private readonly tokens: Tokens,
    private readonly registry: FactorRegistry,
  ) {}

  /** The pending token and what it may be answered with. */
  challenge(found: Pick<BegunSignIn, 'factors' | 'policy' | 'role'>, due: DueSignIn, purpose: PendingPurpose): TokenResponse {
    const factors = this.demanded(found)
      .filter(({ disabled }) => !disabled)
      .map(({ id, type, label, recipient_masked }) => ({ id, type, label, recipient_masked }));
    if (purpose === 'enroll') return { ...this.pending(due, purpose), factors, ...this.toEnrol(found) };
    const days = demandsPhishingResistant(found.policy, found.role) ? 0 : rememberDaysOf(found.policy);
    return { ...this.pending(due, purpose), factors, ...(days > 0 && { remember_device_days: days }) };
  }

  /** The second factor was answered, and policy demands a passkey that is still to be set up. */
  enrolment(due: DueSignIn): TokenResponse {
    return { ...this.pending(due, 'enroll'), factors: [], enrollment_required: true, enrollment_types: this.registry.phishingResistant };
  }

  /** What satisfies the policy, of what it allows. */
  private toEnrol({ policy, role }: Pick<BegunSignIn, 'policy' | 'role'>) {
    const { phishingResistant, startable } = this.registry;
    const types = demandsPhishingResistant(policy, role) ? phishingResistant : (allowedFactorsOf(policy) ?? startable);
    return { enrollment_required: true, enrollment_types: types };
  }

  /** Where policy demands a passkey, whoever has one, resting or not, is asked for no other factor. */
  private demanded({ factors, policy, role }: Pick<BegunSignIn, 'factors' | 'policy' | 'role'>) {
    const all = factors ?? [];
    const passkeys = demandsPhishingResistant(policy, role) ? all.filter(({ type }) => this.registry.phishingResistant.includes(type)) : [];
    return passkeys.length > 0 ? passkeys : all;
  }

  pending(due: DueSignIn, purpose: PendingPurpose): TokenResponse {
    const token = this.tokens.pending({ ...due, purpose });
    return {
      access_token: token,
      mfa_token: token,
      refresh_token: '',
      token_type: 'bearer',
      expires_in: config.PENDING_SECONDS,
      mfa_required: true,
    };
  }

  newSession(tenantId: string, amr: string[], acr: string): OpenedSession {
    const id = uuidv7();
    return { id, refresh: this.tokens.newRefreshToken(tenantId, id), amr, acr };
  }

  /** As the database's functions take a session, in their order. */
  stored({ id, refresh, amr, acr }: OpenedSession, deviceName: string | null, hours: number | null) {
    return [id, refresh.hash, amr, acr, Math.min(config.SESSION_SECONDS, (hours ?? Infinity) * 3600), deviceName];
  }

  response(
    { id, refresh, amr, acr }: OpenedSession,
    who: { tenantId: string; userId: string; email: string; role: string },
  ): TokenResponse {
    const access = this.tokens.access({ ...who, sessionId: id, amr, acr, authTime: new Date() });
    return {
      access_token: access,
      refresh_token: refresh.text,
      token_type: 'bearer',
      expires_in: config.ACCESS_TOKEN_SECONDS,
      mfa_required: false,
    };
  }
}

/** What must follow the first step: a factor that is set up, always; setting one up, where the company's policy demands it of the role. */
export function due({ factors, policy, role }: Pick<BegunSignIn, 'factors' | 'policy' | 'role'>): PendingPurpose | undefined {
  if (factors !== null) return 'verify';
  return demandsFactor(policy, role) ? 'enroll' : undefined;
}
