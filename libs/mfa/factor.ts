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

/** What a person shows: a code, or what a device of theirs signed, as the browser wrote it. */
export type Answer = string | SignedAnswer;
export type SignedAnswer = Readonly<Record<string, unknown>>;

/** The code that was sent for a factor and may still be answered. */
export interface Challenge {
  readonly mac: Buffer;
  /** What the code's MAC would be, were this the code. */
  macOf(answer: string): Buffer;
}

/** The challenge that had to be signed: of our making, for this person and purpose, and spent by this answer. */
export interface SpentChallenge {
  readonly text: string;
  /** Nobody had said who they are: the answer must name its person. */
  readonly isFirstStep: boolean;
}

/** What `verify` says of a right answer that yet shows that its factor is in somebody else's hands, too. */
export class Compromised {
  constructor(readonly reason: string) {}
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

  /** The same, where it depends on what was set up, or takes more than one word. */
  amrOf(_state: State): string[] {
    return [this.amr];
  }

  /**
   * Whether a right answer shows that the person holds one particular thing. A mailbox or a messenger's account is open wherever its own
   * password is (NIST SP 800-63B-4 §3.1.3.1): a session that used it is told apart.
   */
  readonly provesPossession: boolean = true;

  /** Whether an answer is good for our own pages alone, so that none can be had by a page that looks like them. */
  readonly isPhishingResistant: boolean = false;

  /** How many of them a person may have. Of one, another takes the place of the first. */
  readonly most: number = 1;

  /** What else the user must give to set it up. */
  readonly input: z.ZodType = z.object({});

  /** False for what only stands beside other factors: it is never asked for alone and its owner does not start it. */
  readonly standsAlone: boolean = true;

  /** Whether an answer has the form of this factor's: which factor an attempt counts on when none is named. Of one that `signs`, never text. */
  abstract accepts(answer: Answer): boolean;

  /** `reveal` is shown to the user once and never stored. */
  abstract enroll(subject: Subject, input: unknown): Enrolled<State> | Promise<Enrolled<State>>;

  /** The state to store when `answer` is right, or undefined when it is not. `now` is the database's. */
  abstract verify(
    state: State,
    answer: Answer,
    now: Date,
    policy: FactorPolicy,
    challenge?: Challenge | SpentChallenge,
  ): Outcome<State> | Promise<Outcome<State>>;

  /** For factors whose code must be sent first: by which channel. The services make the code, send it, and hand its MAC to `verify`. */
  readonly channel?: Channel;

  /** Where that code goes; undefined while nobody knows yet. */
  recipient?(state: State): string | undefined;

  /** For factors whose answer is signed: how they are found, and what is asked of them. The services make the challenge and spend it. */
  readonly signs?: Signing<State>;

  /** How many answers are left, for factors that run out. */
  remaining?(state: State): number;

  /** What its owner is shown of it in the list of factors. */
  shown?(state: State): { synced?: boolean };

  /** What it is called until its owner calls it something else. */
  nameOf?(state: State): string;
}

export interface Enrolled<State> {
  state: State;
  reveal: Record<string, unknown>;
}
export type Outcome<State> = State | Compromised | undefined;

export interface Signing<State> {
  /** The challenge in an answer, as yet believed by nobody. */
  challengeIn(answer: SignedAnswer): string | undefined;
  /** The credential that an answer, or a state, is of; undefined of one still being set up. */
  credentialIn(answer: SignedAnswer): string;
  credentialOf(state: State): string | undefined;
  /** How a browser is told of it. */
  described(state: State): object;
  /** What the browser is asked for: an answer of one of these, or, of none, of whichever its holder chooses. */
  ask(states: readonly State[], challenge: string): object | Promise<object>;
}
