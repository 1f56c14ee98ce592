import { applyDecorators, createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ApiBearerAuth, ApiExtension, ApiSecurity } from '@nestjs/swagger';

/** Least first: who may do what a manager does, may do what a user does. */
export const ROLES = ['user', 'manager', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** What an application's key may be good for. Names are API: never renamed or reused. */
export const SCOPES = {
  'verifications:send': 'send somebody a code',
  'verifications:check': 'check a code',
  'verifications:read': "read a verification's state and timeline",
  'messages:send': 'send a message from a template',
  'messages:raw': 'send a message in words of its own',
  'messages:read': "read a message's state",
} as const;
export type Scope = keyof typeof SCOPES;

/** How sure a session is of whose it is (`acr`). */
export const ONE_FACTOR = 'urn:watchword:acr:1';
export const TWO_FACTORS = 'urn:watchword:acr:2';
/** A passkey, which answers to our own pages alone, and asked for its holder's finger, face or PIN: above all others. */
export const PHISHING_RESISTANT = 'urn:watchword:acr:phishing-resistant';
/** The second step proved no particular thing (a mailbox, a messenger's account): below AAL2, whatever the policy makes of it. */
export const TWO_STEPS = 'urn:watchword:acr:two-steps';
/** A provider of the company's says that two steps were made there, and the company takes its word for it. */
export const TWO_STEPS_OUTSIDE = 'urn:watchword:acr:two-steps-outside';
/** The password, on a device that was remembered after a second factor: below AAL2, too. */
export const REMEMBERED = 'urn:watchword:acr:remembered-device';

/** A person with a live session. */
export interface UserCaller {
  readonly kind: 'user';
  readonly id: string;
  readonly tenantId: string;
  readonly sessionId: string;
  readonly role: Role;
  readonly email: string;
  readonly companyName: string;
  /** The company's policy as it is stored: for policyOf. */
  readonly policy: unknown;
  /** What they read, such as `es-MX`, where anybody has said. */
  readonly locale: string | null;
  /** How this session was authenticated (RFC 8176) and when. */
  readonly amr: string[];
  readonly acr: string;
  readonly authTime: Date;
  /** The company's policy demands a second factor of this role. */
  readonly mfaDemanded: boolean;
  /** … and one that cannot be phished. */
  readonly passkeyDemanded: boolean;
  /** The rest of what the session check read; the auth library knows its shape. */
  readonly profile: Readonly<Record<string, unknown>>;
}

/** What a pending sign-in may do: answer its second factor, set one up where policy demands it, or answer what a user pool of the company's asks. */
export type PendingPurpose = 'verify' | 'enroll' | 'outside';

/** Somebody whose password was right, or whom a provider of the company's vouched for, no more. */
export interface PendingCaller {
  readonly kind: 'pending';
  /** The person's; of `outside`, where nobody knows yet who it is, the sign-in's. */
  readonly id: string;
  readonly tenantId: string;
  readonly signInId: string;
  readonly purpose: PendingPurpose;
  /** What proved the first step (RFC 8176). */
  readonly firstAmr: string[];
  readonly email: string;
  readonly companyName: string;
  /** What they read, where anybody has said and `purpose` is `enroll`. */
  readonly locale: string | null;
}

/** A program of the company's, with an API key that stands. */
export interface ApplicationCaller {
  readonly kind: 'application';
  /** The key's. */
  readonly id: string;
  readonly tenantId: string;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly companyName: string;
  /** The company's policy as it is stored: for policyOf. */
  readonly policy: unknown;
}

export type PersonCaller = UserCaller | PendingCaller;
export type Caller = PersonCaller | ApplicationCaller;

/** Open to everybody. Every route says this, or `@Roles`, `@Pending` or `@Scopes`; one that says nothing is closed. */
export const Public = () => PublicRoute(true);
export const PublicRoute = Reflector.createDecorator<boolean>();

/** The least role a signed-in person needs here. */
export const Roles = Reflector.createDecorator<Role>();

/** Open to a pending sign-in of these purposes, too. */
export const Pending = Reflector.createDecorator<PendingPurpose[]>();

/**
 * Open to API keys that have all of these scopes, and to people whose role stands for them. Without a scope: open to any key, and to
 * keys alone. Where a handler says who may call, `@Scopes` of its controller does not add to it.
 */
export const Scopes = (...scopes: Scope[]) =>
  applyDecorators(ScopesRoute(scopes), ApiBearerAuth(), ApiSecurity('apiKey'), ApiExtension('x-scopes', scopes));
export const ScopesRoute = Reflector.createDecorator<Scope[]>();

/** The scopes a role stands for: raw text is an administrator's, because it can say anything in the company's name. */
export const ROLE_SCOPES: Record<Role, readonly Scope[]> = {
  admin: Object.keys(SCOPES) as Scope[],
  manager: (Object.keys(SCOPES) as Scope[]).filter((scope) => scope !== 'messages:raw'),
  user: [],
};

/** Whether the caller may, for what a route asks only of some requests. */
export const holds = (caller: UserCaller | ApplicationCaller, scope: Scope): boolean =>
  caller.kind === 'user' ? ROLE_SCOPES[caller.role].includes(scope) : caller.scopes.includes(scope);
/**
 * Only to whoever proved just now who they are: `true`, with the second factor where they have one (ASVS 7.5.1), for what their own account is
 * entered with; `any_factor`, for what hands out power in a company, or says which way codes and people go. A pending sign-in is as fresh as can be.
 */
export const ProvenJustNow = Reflector.createDecorator<true | 'any_factor'>();

/** Open to a session of one factor, too, where the company's policy demands more: only what looks at oneself, proves it, or leaves. */
export const OneFactorEnough = Reflector.createDecorator<true>();

export const CurrentCaller = createParamDecorator(
  (_: unknown, context: ExecutionContext): Caller => context.switchToHttp().getRequest().user,
);
