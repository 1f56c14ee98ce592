import { type DynamicModule, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import {
  type ThrottlerGenerateKeyFunction,
  ThrottlerGuard,
  type ThrottlerLimitDetail,
  ThrottlerModule,
  type ThrottlerStorage,
} from '@nestjs/throttler';
import type { FastifyRequest } from 'fastify';
import { RequestError } from './app-error.js';
import { type Caller, ScopesRoute } from './caller.js';
import { addressBlock, clientAddress } from './client-address.js';
import { config } from './config.js';

/** Routes where passwords and codes are tried: a tighter limit for the address, and one for the account named. */
export const SignInRoute = Reflector.createDecorator<true>();
/** Routes that read much at once: few a minute for a whole company, whoever of it asks. */
export const Costly = Reflector.createDecorator<true>();
/** Probes and keys that machines fetch all the time. */
export const Unlimited = Reflector.createDecorator<true>();

const MINUTE = 60_000;
const MOST_WINDOWS = 200_000;
const MOST_COSTLY = 30;

interface Window {
  hits: number;
  endsAt: number;
}

/**
 * Fixed windows in memory, one count a key, no timers. All windows are equally long, so that the order they began in is the order they
 * end in: the ended ones stand first. What must hold over all processes (guess caps) lives in the database.
 */
export class WindowStorage implements ThrottlerStorage {
  private readonly windows = new Map<string, Window>();

  /** `most`: windows kept at once; beyond that the one that would have ended soonest goes. */
  constructor(private readonly most = MOST_WINDOWS) {}

  async increment(key: string, ttl: number, limit: number) {
    const now = Date.now();
    let window = this.windows.get(key);
    if (!window || window.endsAt <= now) {
      this.makeRoom(now); // which also ends this key's own last window
      this.windows.set(key, (window = { hits: 0, endsAt: now + ttl }));
    }
    window.hits++;
    const seconds = Math.ceil((window.endsAt - now) / 1000);
    return { totalHits: window.hits, timeToExpire: seconds, isBlocked: window.hits > limit, timeToBlockExpire: seconds };
  }

  get size(): number {
    return this.windows.size;
  }

  private makeRoom(now: number) {
    for (const [key, { endsAt }] of this.windows) {
      if (endsAt > now && this.windows.size < this.most) return;
      this.windows.delete(key);
    }
  }
}

const marked = (mark: { KEY: string }) => (context: ExecutionContext) =>
  Boolean(Reflect.getMetadata(mark.KEY, context.getHandler()) ?? Reflect.getMetadata(mark.KEY, context.getClass()));
const isSignIn = marked(SignInRoute);
const isUnlimited = marked(Unlimited);
const isCostly = marked(Costly);
const isScoped = marked(ScopesRoute);

const scaled = (limit: number) => Math.ceil(limit * config.RATE_LIMIT_SCALE);
const address = (request: Record<string, unknown>) => addressBlock(clientAddress(request as unknown as FastifyRequest));
const named = (request: Record<string, unknown>) => {
  const email = (request.body as { email?: unknown } | undefined)?.email;
  return typeof email === 'string' ? email.trim().toLowerCase().slice(0, 254) : undefined;
};
const caller = (request: Record<string, unknown>) => request.user as Caller | undefined;
const isApplication = (context: ExecutionContext) => caller(http(context))?.kind === 'application';
/** What says that it is an API key, where one may call: a company's whole traffic may come from one address. */
const showsKey = (context: ExecutionContext) => {
  const { authorization, 'x-api-key': key } = http(context).headers;
  return /^(Bearer +)?ww_/i.test(authorization ?? key ?? '') && isScoped(context);
};
const key: ThrottlerGenerateKeyFunction = (_, tracker, name) => `${name}|${tracker}`;
const http = (context: ExecutionContext) => context.switchToHttp().getRequest();

/** Every limit per address and per account; all of them are configuration. */
export const rateLimits = (): DynamicModule =>
  ThrottlerModule.forRoot({
    storage: new WindowStorage(),
    setHeaders: false,
    generateKey: key,
    throttlers: [
      {
        name: 'address',
        ttl: MINUTE,
        limit: scaled(config.RATE_LIMIT_IP),
        getTracker: address,
        skipIf: (context) => isUnlimited(context) || showsKey(context),
      },
      {
        name: 'address-of-keys',
        ttl: MINUTE,
        limit: scaled(config.RATE_LIMIT_APPLICATION),
        getTracker: address,
        skipIf: (context) => !showsKey(context),
      },
      {
        name: 'sign-in',
        ttl: MINUTE,
        limit: scaled(config.RATE_LIMIT_SIGN_IN),
        getTracker: address,
        skipIf: (context) => !isSignIn(context),
      },
      {
        name: 'account',
        ttl: MINUTE,
        limit: scaled(config.RATE_LIMIT_ACCOUNT),
        // With the address: or any stranger could use up the tries of anybody. Over all addresses, the database counts failures.
        getTracker: (request) => `${address(request)} ${named(request)}`,
        skipIf: (context) => !isSignIn(context) || !named(http(context)),
      },
      {
        name: 'caller',
        ttl: MINUTE,
        limit: scaled(config.RATE_LIMIT_ACCOUNT * 30),
        getTracker: (request) => caller(request)!.id,
        skipIf: (context) => !caller(http(context)) || isApplication(context),
      },
      {
        name: 'application',
        ttl: MINUTE,
        limit: scaled(config.RATE_LIMIT_APPLICATION),
        getTracker: (request) => caller(request)!.id,
        skipIf: (context) => !isApplication(context),
      },
      {
        name: 'costly',
        ttl: MINUTE,
        limit: scaled(MOST_COSTLY),
        getTracker: (request) => caller(request)!.tenantId,
        skipIf: (context) => !isCostly(context) || !caller(http(context)),
      },
    ],
  });

abstract class RateLimitGuard extends ThrottlerGuard {
  protected abstract readonly names: string[];

  override async onModuleInit() {
    await super.onModuleInit();
    this.throttlers = this.throttlers.filter(({ name }) => this.names.includes(name!));
  }

  /** Without the decorators of @nestjs/throttler, which nobody uses here: to look for them costs more than to count. */
  override async canActivate(context: ExecutionContext): Promise<boolean> {
    for (const throttler of this.throttlers) {
      if (throttler.skipIf?.(context)) continue;
      const [limit, ttl] = [throttler.limit as number, throttler.ttl as number];
      const [getTracker, generateKey] = [throttler.getTracker!, throttler.generateKey ?? this.commonOptions.generateKey!];
      await this.handleRequest({ context, limit, ttl, throttler, blockDuration: ttl, getTracker, generateKey });
    }
    return true;
  }

  protected override async throwThrottlingException(_: ExecutionContext, { timeToBlockExpire }: ThrottlerLimitDetail): Promise<void> {
    throw RequestError.rateLimited({ retryAfter: timeToBlockExpire });
  }
}

/** Before the caller is known: by address, and by the account a sign-in names. */
@Injectable()
export class AddressLimitGuard extends RateLimitGuard {
  protected override readonly names = ['address', 'address-of-keys', 'sign-in', 'account'];
}

/** After: by the caller, and by the company where a route is costly. */
@Injectable()
export class CallerLimitGuard extends RateLimitGuard {
  protected override readonly names = ['caller', 'application', 'costly'];
}
