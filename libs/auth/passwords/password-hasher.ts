import { randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { Injectable } from '@nestjs/common';
import { hash, hashSync, parseOptions, verify } from '@node-rs/argon2';
import type { Options, ParsedHashOptions } from '@node-rs/argon2';
import { HashQueue } from './hash-queue.js';
import { standBack } from './hashing-threads.js';
import { readForeignHash, verifyForeign } from './stored-hash.js';

export interface PasswordHasherOptions {
  /** Hashes at once. Default: the number of cores. More than `UV_THREADPOOL_SIZE` would only wait in the thread pool instead. */
  slots?: number;
  /** Longest estimated wait for a slot, in milliseconds, before a call is refused with `HasherBusy`. Default 3,000. */
  maxWaitMs?: number;
  /** Told how long each call waited for its slot, in milliseconds. */
  onStart?: (waitedMs: number) => void;
  /** Memory of one hash in KiB. Default 19,456. */
  memoryCost?: number;
  /** Passes over that memory. Default 2. */
  timeCost?: number;
}

/** `Algorithm.Argon2id` and `Version.V0x13`: node-rs declares them as const enums, which isolated modules cannot read. */
const ARGON2ID = 2;
const VERSION_19 = 1;

const TAG_BYTES = 32;
/** node-rs draws a fresh salt of this size for every hash. */
const SALT_BYTES = 16;

/** Longest password hashed, in bytes of UTF-8 as received: the policy's 128 code points take at most 1,536, however they are composed. */
const MAX_BYTES = 4096;

/** Most work a stored hash may ask for, in KiB times passes (1 GiB, once). Beyond that it is damage or an attack, not somebody's settings. */
const MAX_WORK = 1_048_576;

/**
 * Argon2id, m=19456 KiB, t=2, p=1, stored as a PHC string.
 *
 * The only transform is NFC, at hashing and at verifying alike: the same letters typed on another keyboard are the same password. Nothing is
 * cut, trimmed or folded.
 * @see ASVS 5.0 6.2.8 (verified as received), 11.4.2 and appendix C (parameters); NIST SP 800-63B-4 §3.1.1.2 (NFC, no truncation)
 */
@Injectable()
export class PasswordHasher {
  private readonly settings: Options;
  private readonly queue: HashQueue;
  /** A hash of a password nobody has, with today's parameters: what is verified when there is nothing to verify. */
  private readonly dummy: string;

  constructor(options: PasswordHasherOptions = {}) {
    const { slots = availableParallelism(), maxWaitMs = 3_000, onStart, memoryCost = 19_456, timeCost = 2 } = options;
    this.settings = { algorithm: ARGON2ID, version: VERSION_19, memoryCost, timeCost, parallelism: 1, outputLen: TAG_BYTES };
    const started = performance.now();
    this.dummy = hashSync(randomBytes(32), this.settings);
    this.queue = new HashQueue({ slots, maxWaitMs, meanMs: performance.now() - started, ...(onStart && { onStart }) });
    void standBack();
  }

  /** Hashes being computed now. */
  get running(): number {
    return this.queue.running;
  }

  /** Calls waiting for a slot. */
  get waiting(): number {
    return this.queue.waiting;
  }

  /**
   * Asks whether a call of this lane would find room, before its caller does anything dear.
   * @throws {HasherBusy} when not
   */
  admit(lane?: string): void {
    this.queue.admit(lane);
  }

  /**
   * The PHC string to store.
   * @param lane whose turn this takes, e.g. a tenant or an address: lanes are served in turn
   * @param signal drops the call while it still waits
   * @throws {RangeError} over 4,096 bytes; `checkPassword` refuses far shorter ones
   * @throws {HasherBusy} no slot within `maxWaitMs`
   */
  async hash(password: string, lane?: string, signal?: AbortSignal): Promise<string> {
    if (isTooLong(password)) throw new RangeError(`A password may have at most ${MAX_BYTES} bytes`);
    const secret = password.normalize('NFC');
    return this.queue.run(() => hash(secret, this.settings), lane, signal);
  }

  /**
   * Whether `password` is the one `phc` was made from. False, after a hash as dear as a real one, when there is no such user (`phc` null or
   * undefined), when `phc` cannot be read, and when the password is over 4,096 bytes: none can be told apart by the time it takes.
   * Hashes of other Argon2 parameters, and those that another system made, are verified as they are; follow with `needsRehash`. Other systems
   * did not compose letters, so what is typed otherwise than in NFC is tried in both spellings, by whomever it is typed.
   * @param lane whose turn this takes, e.g. a tenant or an address: lanes are served in turn
   * @param signal drops the call while it still waits
   * @throws {HasherBusy} no slot within `maxWaitMs`
   */
  async verify(phc: string | null | undefined, password: string, lane?: string, signal?: AbortSignal): Promise<boolean> {
    const tooLong = isTooLong(password);
    const secret = tooLong ? '' : password;
    const spellings = new Set([secret.normalize('NFC'), secret]);
    const stored = tooLong ? undefined : this.check(phc);
    const matches = await this.queue.run(
      async () => {
        for (const spelling of spellings) if (await (stored ?? this.nobody)(spelling)) return true;
        return false;
      },
      lane,
      signal,
    );
    return stored !== undefined && matches;
  }

  private readonly nobody = (secret: string) => verify(this.dummy, secret);

  /** How a password is compared with this hash; undefined when it is one that nobody's password has. */
  private check(phc: string | null | undefined): ((secret: string) => Promise<boolean>) | undefined {
    if (!phc) return undefined;
    if (parse(phc)) return (secret) => verify(phc, secret);
    const foreign = readForeignHash(phc);
    return foreign && ((secret) => verifyForeign(foreign, secret));
  }

  /** Whether `phc` was made with another algorithm or other parameters than today's, or cannot be read. Ask after a successful `verify`. */
  needsRehash(phc: string): boolean {
    const made = parse(phc);
    if (!made || made.saltLen !== SALT_BYTES) return true;
    return (['algorithm', 'version', 'memoryCost', 'timeCost', 'parallelism', 'outputLen'] as const).some(
      (name) => made[name] !== this.settings[name],
    );
  }
}

/** Asked before NFC, which takes its time over a long text. */
function isTooLong(password: string): boolean {
  return Buffer.byteLength(password) > MAX_BYTES;
}

function parse(phc: string): ParsedHashOptions | undefined {
  try {
    const made = parseOptions(phc);
    return made.memoryCost * made.timeCost <= MAX_WORK ? made : undefined;
  } catch {
    return undefined;
  }
}
