import type { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { AuditService } from '@app/audit';
import { MfaService } from '@app/mfa';
import { config, ONE_FACTOR, RequestContext, type UserCaller } from '@app/platform';
import { AccountsService } from './accounts.service.js';
import type { StepUp } from './auth.contract.js';
import { AuthError } from './auth.errors.js';
import { Session } from './session.entity.js';
import { Tokens } from './tokens.js';

interface Raised {
  amr: string[];
  acr: string;
}

/**
 * A session proves again, or more, whose it is, and goes on with a new access token. `amr` is all that it has seen; `acr` and `auth_time` are of this
 * proof alone: an old, higher level beside a new time would tell whoever asks for both something untrue (RFC 9470). (A first factor that is confirmed
 * raises the level and leaves the time as it was, which claims less than is true.)
 */
@Injectable()
export class StepUpService {
  constructor(
    private readonly context: RequestContext,
    private readonly accounts: AccountsService,
    private readonly mfa: MfaService,
    private readonly tokens: Tokens,
    private readonly audit: AuditService,
  ) {}

  /** @throws mfa.wrong_code, auth.wrong_password, auth.mfa_required (the password alone, of somebody who has a second factor), *.too_many_attempts */
  async raise(caller: UserCaller, { code, credential, password, factor_id }: StepUp) {
    const authTime = new Date();
    const answer = code ?? credential;
    if (answer !== undefined) {
      const raised = await this.mfa.prove(caller.id, answer, factor_id, (em, proof) =>
        this.keep(em, caller, authTime, {
          amr: [...new Set([...caller.amr, ...proof.amr, 'mfa'])],
          acr: proof.acr,
        }),
      );
      return this.answer(caller, authTime, raised);
    }
    if (caller.profile.mfa_enabled) throw AuthError.mfaRequired({ detail: 'Send the code of your second factor.' });
    await this.accounts.provePassword(caller, password!);
    const raised = await this.context.transaction((em) => this.keep(em, caller, authTime, { amr: caller.amr, acr: ONE_FACTOR }));
    return this.answer(caller, authTime, raised);
  }

  private async keep(em: EntityManager, { id, sessionId }: UserCaller, authTime: Date, raised: Raised): Promise<Raised> {
    const kept = await em.nativeUpdate(Session, { id: sessionId, userId: id, revokedAt: null }, { ...raised, authTime });
    if (kept === 0) throw AuthError.signInRequired({ refusedToken: true });
    this.audit.record('auth.stepped_up', { targetId: sessionId, details: { amr: raised.amr, acr: raised.acr } });
    return raised;
  }

  private answer({ tenantId, id: userId, sessionId, role, email }: UserCaller, authTime: Date, { amr, acr }: Raised) {
    return {
      access_token: this.tokens.access({ tenantId, userId, sessionId, role, email, amr, acr, authTime }),
      token_type: 'bearer' as const,
      expires_in: config.ACCESS_TOKEN_SECONDS,
      acr,
      amr,
    };
  }
}
