import 'reflect-metadata';
import type { ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { type Caller, type Role, Roles, SCOPES, Scopes } from '@app/platform';
import { ScopesGuard } from './scopes.guard.js';

@Scopes('verifications:read')
class ForApplications {
  inherits() {}
  @Scopes('verifications:send', 'messages:send')
  needsBoth() {}
  @Scopes('messages:raw')
  saysAnything() {}
  @Scopes()
  anyKey() {}
  @Roles('admin')
  forAdministrators() {}
}
class ForPeople {
  @Roles('user')
  people() {}
}

const guard = new ScopesGuard(new Reflector());
const on = (handler: () => void, user: object | undefined, of: object = ForApplications) =>
  guard.canActivate({
    getHandler: () => handler,
    getClass: () => of,
    switchToHttp: () => ({ getRequest: () => ({ user }) }),
  } as unknown as ExecutionContext);
const app = (...scopes: string[]): Partial<Caller> => ({ kind: 'application', scopes });
const person = (role: Role): Partial<Caller> => ({ kind: 'user', role });
const { inherits, needsBoth, saysAnything, anyKey, forAdministrators } = ForApplications.prototype;
const { people } = ForPeople.prototype;
const code = (fn: () => unknown) => {
  try {
    return fn();
  } catch (error) {
    const { code, details } = error as { code: string; details: { detail?: string } };
    return [code, details.detail];
  }
};

describe('An application', () => {
  it('needs every scope that is named, and is told which it lacks', () => {
    expect(on(needsBoth, app('messages:send', 'verifications:send'))).toBe(true);
    expect(code(() => on(needsBoth, app('messages:send')))).toEqual([
      'auth.insufficient_scope',
      'This API key lacks the scope verifications:send.',
    ]);
    expect(code(() => on(needsBoth, app('messages:raw', 'messages:read')))).toEqual([
      'auth.insufficient_scope',
      'This API key lacks the scope verifications:send, messages:send.',
    ]);
    expect(on(inherits, app('verifications:read'))).toBe(true);
    expect(code(() => on(inherits, app('messages:read')))).toMatchObject(['auth.insufficient_scope', expect.any(String)]);
  });

  it('passes with any key where none is named', () => {
    expect(on(anyKey, app())).toBe(true);
  });

  it("opens nothing that is people's, whatever it may do and whatever stands around it", () => {
    for (const [handler, of] of [
      [people, ForPeople],
      [forAdministrators, ForApplications],
    ] as const)
      expect(code(() => on(handler, app(...Object.keys(SCOPES)), of))).toEqual(['auth.forbidden', 'No API key opens this.']);
  });
});

describe('A person', () => {
  it('has the scopes of their role: administrators all, managers all but raw text, others none', () => {
    const opened = (role: Role) =>
      [inherits, needsBoth, saysAnything, anyKey].filter((handler) => code(() => on(handler, person(role))) === true);
    expect(opened('admin')).toEqual([inherits, needsBoth, saysAnything]);
    expect(opened('manager')).toEqual([inherits, needsBoth]);
    expect(opened('user')).toEqual([]);
  });

  it('is not asked for scopes where a role was', () => {
    expect(on(people, person('user'), ForPeople)).toBe(true);
    expect(on(forAdministrators, person('user')), 'RolesGuard says').toBe(true);
  });
});

describe('Nobody', () => {
  it('is asked here: the guard before this one has seen to it', () => {
    expect(on(people, undefined, ForPeople)).toBe(true);
    expect(on(people, { kind: 'pending' }, ForPeople)).toBe(true);
  });
});
