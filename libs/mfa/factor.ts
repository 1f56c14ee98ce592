import { z } from 'zod';

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

  /** What else the user must give to set it up. */
  readonly input: z.ZodType = z.object({});

  /** False for what only stands beside other factors: it is never asked for alone and its owner does not start it. */
  readonly standsAlone: boolean = true;

  /** Whether an answer has the form of this factor's codes: which factor an attempt counts on when none is named. */
  abstract accepts(answer: string): boolean;

  /** `reveal` is shown to the user once and never stored. */
  abstract enroll(subject: Subject, input: unknown): { state: State; reveal: Record<string, string | string[]> };

  /** The state to store when `answer` is right, or undefined when it is not. `now` is the database's. */
  abstract verify(state: State, answer: string, now: Date, policy: FactorPolicy): State | undefined;

  /** How many answers are left, for factors that run out. */
  remaining?(state: State): number;
}
