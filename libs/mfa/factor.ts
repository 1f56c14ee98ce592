import { z } from 'zod';
import type { Channel } from '@app/notifications';

/** The person who sets a factor up, as much as a factor may know of them. */
export interface Subject {
  /** What the authenticator shows beside the code: an e-mail. */
  account: string;
  /** The company. */
  issuer: string;
}

/** What a company may tune. */
export interface FactorPolicy {
  /** Time steps accepted either side of now. */
  totpWindow: 0 | 1;
  /** Longest life of a session, where the company has decided on one. */
  sessionHours?: number | null;
}

/** The code that was sent for a factor and may still be answered. */
export interface Challenge {
  readonly mac: Buffer;
  /** What the code's MAC would be, were this the code. */
  macOf(answer: string): Buffer;
}

/**
 * One way of proving who you are: a state machine that holds no database, no clock and no network. Attempt limits, locking,
 * storage, sealing and audit belong to the services and are the same for every factor.
 */
export abstract class Factor<State extends object = object> {
  /** Stored with each factor; never rename. */
  abstract readonly type: string;

  /** How a session that used it is described (RFC 8176). */
  abstract readonly amr: string;

  /**
   * Whether a right answer shows that the person holds one particular thing. A mailbox or a messenger's account is open wherever its own
   * password is (NIST SP 800-63B-4 §3.1.3.1): a session that used it is told apart.
   */
  readonly provesPossession: boolean = true;

  /** What else the user must give to set it up. */
  readonly input: z.ZodType = z.object({});

  /** False for what only stands beside other factors: it is never asked for alone and its owner does not start it. */
  readonly standsAlone: boolean = true;

  /** Whether an answer has the form of this factor's codes: which factor an attempt counts on when none is named. */
  abstract accepts(answer: string): boolean;

  /** `reveal` is shown to the user once and never stored. */
  abstract enroll(subject: Subject, input: unknown): { state: State; reveal: Record<string, string | string[]> };

  /** The state to store when `answer` is right, or undefined when it is not. `now` is the database's. */
  abstract verify(state: State, answer: string, now: Date, policy: FactorPolicy, challenge?: Challenge): State | undefined;

  /** For factors whose code must be sent first: by which channel. The services make the code, send it, and hand its MAC to `verify`. */
  readonly channel?: Channel;

  /** Where that code goes; undefined while nobody knows yet. */
  recipient?(state: State): string | undefined;

  /** How many answers are left, for factors that run out. */
  remaining?(state: State): number;
}
