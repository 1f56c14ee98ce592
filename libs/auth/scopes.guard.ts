import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { type Caller, Pending, ROLE_SCOPES, Roles, type Scope, ScopesRoute } from '@app/platform';
import { AuthError } from './auth.errors.js';

/** Says whether this application may, and where scopes are asked of a person, whether their role stands for them. */
@Injectable()
export class ScopesGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  canActivate(execution: ExecutionContext): boolean {
    const caller = execution.switchToHttp().getRequest<{ user?: Caller }>().user;
    if (!caller || caller.kind === 'pending') return true; // public, or for the second factor: the guard before has seen to it
    const needed = this.scopesOf(execution);
    if (caller.kind === 'user') {
      const isOpen = !needed || (needed.length > 0 && needed.every((scope) => ROLE_SCOPES[caller.role].includes(scope)));
      if (!isOpen) throw AuthError.forbidden();
      return true;
    }
    if (!needed) throw AuthError.forbidden({ detail: 'No API key opens this.' });
    const missing = needed.filter((scope) => !caller.scopes.includes(scope));
    if (missing.length > 0) throw AuthError.insufficientScope({ detail: `This API key lacks the scope ${missing.join(', ')}.` });
    return true;
  }

  private scopesOf(execution: ExecutionContext): Scope[] | undefined {
    const handler = execution.getHandler();
    const own = this.reflector.get(ScopesRoute, handler);
    // What is an administrator's in a controller for applications stays an administrator's.
    if (own || this.reflector.get(Roles, handler) || this.reflector.get(Pending, handler)) return own;
    return this.reflector.get(ScopesRoute, execution.getClass());
  }
}
