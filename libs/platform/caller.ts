import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';

/** Least first: who may do what a manager does, may do what a user does. */
export const ROLES = ['user', 'manager', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** A person with a live session. */
export interface UserCaller {
  readonly kind: 'user';
  readonly id: string;
  readonly tenantId: string;
  readonly sessionId: string;
  readonly role: Role;
  readonly email: string;
  readonly companyName: string;
  /** How this session was authenticated (RFC 8176) and when. */
  readonly amr: string[];
  readonly acr: string;
  readonly authTime: Date;
  /** The company's policy demands a second factor of this role. */
  readonly mfaDemanded: boolean;
  /** The rest of what the session check read; the auth library knows its shape. */
  readonly profile: Readonly<Record<string, unknown>>;
}

/** What a pending sign-in may do: answer its second factor, or set one up where policy demands it. */
export type PendingPurpose = 'verify' | 'enroll';

/** Somebody whose password was right, no more. */
export interface PendingCaller {
  readonly kind: 'pending';
  readonly id: string;
  readonly tenantId: string;
  readonly signInId: string;
  readonly purpose: PendingPurpose;
  readonly email: string;
  readonly companyName: string;
}

export type Caller = UserCaller | PendingCaller;

/** Open to everybody. Every route says this, or `@Roles`, or `@Pending`; one that says nothing is closed. */
export const Public = () => PublicRoute(true);
export const PublicRoute = Reflector.createDecorator<boolean>();

/** The least role a signed-in person needs here. */
export const Roles = Reflector.createDecorator<Role>();

/** Open to a pending sign-in of this purpose, too. */
export const Pending = Reflector.createDecorator<PendingPurpose>();

/** Open to a session of one factor, too, where the company's policy demands two: only what looks at oneself, or leaves. */
export const OneFactorEnough = Reflector.createDecorator<true>();

export const CurrentCaller = createParamDecorator(
  (_: unknown, context: ExecutionContext): Caller => context.switchToHttp().getRequest().user,
);
