import { Injectable } from '@nestjs/common';
import { addressBlock, config, histogram, RequestContext, sampled, ServerError } from '@app/platform';
import { AuthError } from './auth.errors.js';
import { HasherBusy } from './passwords/hash-queue.js';
import { PasswordHasher } from './passwords/password-hasher.js';
import { checkPassword, type PasswordContext } from './passwords/password-policy.js';

const waits = histogram(
  'hash_wait_seconds',
  'Time that a password waited for a hashing slot.',
  [],
  [0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5],
)();

export function passwordHasher(): PasswordHasher {
  const hasher = new PasswordHasher({
    slots: config.HASHING_SLOTS,
    maxWaitMs: config.PASSWORD_MAX_WAIT_MS,
    memoryCost: config.PASSWORD_MEMORY_KIB,
    timeCost: config.PASSWORD_TIME_COST,
    onStart: (waitedMs) => waits.observe(waitedMs / 1000),
  });
  sampled('hash_queue', 'Passwords that are hashed, and that wait for it.', ['state'], () => [
    { labels: { state: 'running' }, value: hasher.running },
    { labels: { state: 'waiting' }, value: hasher.waiting },
  ]);
  return hasher;
}

/** Passwords as the rest of the library uses them: a flood from one network waits behind itself, and is told to come back later. */
@Injectable()
export class Passwords {
  constructor(
    private readonly hasher: PasswordHasher,
    private readonly context: RequestContext,
  ) {}

  /** Refuses at once what could not be hashed in time, before the database is asked. @throws server.busy */
  async admit(): Promise<void> {
    await this.queued(async (lane) => this.hasher.admit(lane));
  }

  /** `phc` null: nobody there; costs the same and is never right. @throws server.busy */
  verify(phc: string | null, password: string): Promise<boolean> {
    return this.queued((lane) => this.hasher.verify(phc, password, lane));
  }

  /** A new hash when the stored one has other parameters than today's. */
  async rehashed(phc: string, password: string): Promise<string | null> {
    return this.hasher.needsRehash(phc) ? this.queued((lane) => this.hasher.hash(password, lane)) : null;
  }

  /** @throws auth.weak_password, naming `field` and the rule; server.busy */
  hashNew(password: string, context: PasswordContext, field: string): Promise<string> {
    const problem = checkPassword(password, context);
    if (problem) throw AuthError.weakPassword({ detail: problem.message, errors: [{ field, message: problem.message }] });
    return this.queued((lane) => this.hasher.hash(password, lane));
  }

  /** Of a password that somebody has already, elsewhere: nobody judges it again. @throws server.busy */
  hashKnown(password: string): Promise<string> {
    return this.queued((lane) => this.hasher.hash(password, lane));
  }

  private async queued<T>(work: (lane: string) => Promise<T>): Promise<T> {
    try {
      return await work(addressBlock(this.context.origin.ip ?? ''));
    } catch (error) {
      if (error instanceof HasherBusy) throw ServerError.busy({ retryAfter: error.retryAfterSeconds });
      throw error;
    }
  }
}
