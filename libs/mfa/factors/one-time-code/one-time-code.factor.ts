import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import type { Channel } from '@app/notifications';
import { sameBytes } from '@app/platform';
import { type Challenge, Factor, type FactorPolicy, type Subject } from '../../factor.js';

export interface OneTimeCodeState {
  /** The one form that is sent to. Undefined until somebody shows up who can be sent to. */
  recipient?: string | undefined;
  /** What they must bring along, once. */
  link?: { mac: string; until: string } | undefined;
  locale: string;
}

const input = z.object({
  recipient: z.string().optional(),
  link: z.object({ mac: z.string(), until: z.string() }).optional(),
  locale: z.string(),
});

/**
 * A code that is sent. The code itself is a verification, as applications make them; what is kept here is where it goes. The same state
 * again is the next one: that the code works once, its verification sees to.
 */
export abstract class OneTimeCodeFactor extends Factor<OneTimeCodeState> {
  abstract override readonly channel: Channel;
  override readonly input = input;

  accepts(answer: string) {
    return /^\d{6}$/.test(answer);
  }

  enroll(_subject: Subject, given: unknown): { state: OneTimeCodeState; reveal: Record<string, string> } {
    return { state: input.parse(given), reveal: {} };
  }

  verify(state: OneTimeCodeState, answer: string, _now: Date, _policy: FactorPolicy, challenge?: Challenge) {
    if (!challenge || !this.accepts(answer)) return undefined;
    return sameBytes(challenge.macOf(answer), challenge.mac) ? state : undefined;
  }

  override recipient({ recipient }: OneTimeCodeState) {
    return recipient;
  }
}

/** The telephone network is restricted (NIST SP 800-63B-4 §3.2.9), and still proves a particular telephone. */
@Injectable()
export class SmsFactor extends OneTimeCodeFactor {
  readonly type = 'sms';
  readonly channel = 'sms';
  readonly amr = 'sms';
}

@Injectable()
export class VoiceFactor extends OneTimeCodeFactor {
  readonly type = 'voice';
  readonly channel = 'voice';
  readonly amr = 'tel';
}

@Injectable()
export class EmailFactor extends OneTimeCodeFactor {
  readonly type = 'email';
  readonly channel = 'email';
  readonly amr = 'otp';
  override readonly provesPossession = false;
}

@Injectable()
export class TelegramFactor extends OneTimeCodeFactor {
  readonly type = 'telegram';
  readonly channel = 'telegram';
  readonly amr = 'otp';
  override readonly provesPossession = false;
}

export const ONE_TIME_CODES = [SmsFactor, VoiceFactor, EmailFactor, TelegramFactor] as const;
