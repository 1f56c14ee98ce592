import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AuthGuard } from '@nestjs/passport';
import {
  type Caller,
  ONE_FACTOR,
  PHISHING_RESISTANT,
  REMEMBERED,
  TWO_STEPS_OUTSIDE,
  OneFactorEnough,
  Pending,
  type PendingPurpose,
  PublicRoute,
  RequestContext,
  ROLES,
  Roles,
  ScopesRoute,
  type UserCaller,
} from '@app/platform';
import { AuthError } from './auth.errors.js';
import { type Credential, credentialOf } from './credentials.js';
import { ACCESS, PENDING, tokenType } from './tokens.js';

/** The same for every reason: which of them it was is nobody's business who found the token. */
const refused = () =>
  AuthError.signInRequired({
    detail: 'This token is not valid here, or not any more: it may have expired, or its session ended. Refresh it, or sign in again.',
    refusedToken: true,
  });

class StrategyGuard extends AuthGuard(['access']) {
  override handleRequest<T>(error: unknown, user: T): T {
    if (error) throw error; // a lost database is a 503, not a stranger
    if (!user) throw refused();
    return user;
  }
}
class PendingStrategyGuard extends AuthGuard(['pending']) {
  override handleRequest = StrategyGuard.prototype.handleRequest;
}

class KeyStrategyGuard extends AuthGuard(['api-key']) {
  override handleRequest<T>(error: unknown, user: T): T {
    if (error) throw error;
    if (!user) throw AuthError.invalidApiKey({ refusedToken: true });
    return user;
  }
}

interface Request {
  raw: Parameters<typeof credentialOf>[0];
  body?: { mfa_token?: unknown };
  presentedToken?: string;
  user?: Caller;
}

/** Says who calls, by the kind of token, and binds their company. A route that declares nothing is closed. */
@Injectable()
export class CallerGuard implements CanActivate {
  private readonly access = new StrategyGuard();
  private readonly pending = new PendingStrategyGuard();
  private readonly key = new KeyStrategyGuard();

  constructor(
    private readonly reflector: Reflector,
    private readonly context: RequestContext,
  ) {}

  async canActivate(execution: ExecutionContext): Promise<boolean> {
    const targets = [execution.getHandler(), execution.getClass()];
    const request = execution.switchToHttp().getRequest<Request>();
    if (this.reflector.getAllAndOverride(PublicRoute, targets)) return this.visitor(execution, request);
    const role = this.reflector.getAllAndOverride(Roles, targets);
    const purposes = this.reflector.get(Pending, execution.getHandler());
    const scopes = this.reflector.getAllAndOverride(ScopesRoute, targets);
    if (!role && !purposes && !scopes) throw AuthError.forbidden();

    const shown = credentialOf(request.raw);
    if (shown?.kind === 'key') return this.application(execution, request, shown);
    const inBody = purposes?.includes('verify') && typeof request.body?.mfa_token === 'string' ? request.body.mfa_token : undefined;
    const token = shown?.text ?? inBody;
    if (!token) throw AuthError.signInRequired();
    request.presentedToken = token;

    switch (tokenType(token)) {
      case PENDING:
        if (!purposes) throw AuthError.mfaRequired();
        await this.pending.canActivate(execution);
        break;
      case ACCESS:
        if (!role && !scopes) throw refused();
        await this.access.canActivate(execution);
        break;
      default:
        throw refused();
    }
    const caller = request.user!;
    if (caller.kind === 'pending' && !purposes!.includes(caller.purpose))
      throw caller.purpose === 'enroll' ? AuthError.enrolmentRequired() : AuthError.mfaRequired();
    if (caller.kind === 'user' && caller.mfaDemanded && !hasFactor(caller)) this.requireFactor(caller, execution, purposes);
    this.context.bind({
      tenantId: caller.tenantId,
      ...(!isNobodyYet(caller) && { userId: caller.id }),
      ...(caller.kind === 'user' && { sessionId: caller.sessionId }),
    });
    return true;
  }

  /** A public route may say `ScopesRoute`, too: then a key that is shown tells whose company is meant, and must be good. */
  private async visitor(execution: ExecutionContext, request: Request): Promise<boolean> {
    if (!this.reflector.get(ScopesRoute, execution.getHandler())) return true;
    const shown = credentialOf(request.raw);
    return shown?.kind === 'key' ? this.application(execution, request, shown) : true;
  }

  /** Whether the route is open to it, `ScopesGuard` says. */
  private async application(execution: ExecutionContext, request: Request, { text }: Credential): Promise<boolean> {
    request.presentedToken = text;
    await this.key.canActivate(execution);
    const { tenantId, id } = request.user!;
    this.context.bind({ tenantId, applicationId: id });
    return true;
  }

  /** The policy holds for sessions that were opened before it, too: they may set a factor up where there is none, and otherwise only leave. */
  private requireFactor(caller: UserCaller, execution: ExecutionContext, purposes: PendingPurpose[] | undefined) {
    const { acr, profile, passkeyDemanded } = caller;
    if (this.reflector.get(OneFactorEnough, execution.getHandler())) return;
    if (passkeyDemanded && profile.has_passkey)
      throw AuthError.mfaRequired({
        detail: 'Your company requires a passkey. Answer with yours at POST /api/auth/step-up, or sign in with it.',
        stepUp: { acr: PHISHING_RESISTANT },
      });
    const provedAnother = passkeyDemanded && ![ONE_FACTOR, REMEMBERED, TWO_STEPS_OUTSIDE].includes(acr);
    if (profile.mfa_enabled && !provedAnother)
      throw AuthError.mfaRequired({ detail: 'Your company requires a second factor. Sign in again, with yours.' });
    if (!purposes?.includes('enroll')) throw AuthError.mfaEnrollmentRequired();
  }
}

const isNobodyYet = (caller: Caller) => caller.kind === 'pending' && caller.purpose === 'outside';

/** Whoever has no factor any more is asked for one, however this session began: unless it was proved where the company says that it counts. */
const hasFactor = ({ acr, profile, passkeyDemanded }: UserCaller) => {
  if (passkeyDemanded) return acr === PHISHING_RESISTANT && Boolean(profile.has_passkey);
  return acr === TWO_STEPS_OUTSIDE || (acr !== ONE_FACTOR && Boolean(profile.mfa_enabled));
};

/** Says whether this person may: the role is the one the database has now, not the token's. */
@Injectable()
export class RolesGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  canActivate(execution: ExecutionContext): boolean {
    const least = this.reflector.getAllAndOverride(Roles, [execution.getHandler(), execution.getClass()]);
    const caller = execution.switchToHttp().getRequest<Request>().user;
    if (!least || caller?.kind !== 'user') return true;
    if (ROLES.indexOf(caller.role) < ROLES.indexOf(least)) throw AuthError.forbidden();
    return true;
  }
}
