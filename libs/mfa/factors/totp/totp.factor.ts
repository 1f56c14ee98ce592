import { Injectable } from '@nestjs/common';
import { createGuardrails, generateSecret, generateSync, generateURI, verifySync } from 'otplib';
import { Factor, type FactorPolicy, type Subject } from '../../factor.js';

/** RFC 4226 R6 recommends 160 bits. */
const SECRET_BYTES = 20;
const STEP_SECONDS = 30;
/** Secrets from elsewhere may have 80 bits, as many authenticators were set up with; ours never do. */
const ADOPTED = createGuardrails({ MIN_SECRET_BYTES: 10 });
/** A longer one makes a QR code that is slow to draw and hard to scan. */
const ISSUER_CHARACTERS = 40;

/** `lastStep` is the last time step accepted: a code works once, and none before it works again (RFC 6238 §5.2). */
export interface TotpState {
  secret: string;
  lastStep: number;
}

/** Time-based one-time passwords (RFC 6238): SHA-1, six digits, 30 s, as every authenticator app understands them. */
@Injectable()
export class TotpFactor extends Factor<TotpState> {
  readonly type = 'totp';
  readonly amr = 'otp';

  accepts(answer: string) {
    return /^\d{6}$/.test(answer);
  }

  enroll({ account, issuer }: Subject) {
    const secret = generateSecret({ length: SECRET_BYTES });
    return { state: { secret, lastStep: 0 }, reveal: { secret, otpauthUri: totpUri(secret, { account, issuer }) } };
  }

  verify(state: TotpState, answer: string, now: Date, { totpWindow }: FactorPolicy): TotpState | undefined {
    if (!this.accepts(answer)) return undefined;
    const epoch = Math.floor(now.getTime() / 1000);
    const result = verifySync({
      secret: state.secret,
      token: answer,
      epoch,
      period: STEP_SECONDS,
      epochTolerance: totpWindow * STEP_SECONDS,
      guardrails: ADOPTED,
    });
    if (!result.valid || !('timeStep' in result) || result.timeStep <= state.lastStep) return undefined;
    return { ...state, lastStep: result.timeStep };
  }
}

/** What an authenticator app reads. A colon would split the label in two (Key URI format). */
export const totpUri = (secret: string, { account, issuer }: Subject): string =>
  generateURI({
    issuer: Array.from(issuer.replaceAll(':', ' ')).slice(0, ISSUER_CHARACTERS).join(''),
    label: account.replaceAll(':', ' '),
    secret,
  });

/** The state of an authenticator that was set up elsewhere: SHA-1, six digits, 30 s. Undefined when this is no secret in base32 of 80 to 512 bits. */
export function totpStateOf(text: string): TotpState | undefined {
  const secret = text.replaceAll(/[\s-]/g, '').replace(/=+$/, '').toUpperCase();
  if (!/^[A-Z2-7]+$/.test(secret)) return undefined;
  try {
    generateSync({ secret, epoch: 0, guardrails: ADOPTED });
    return { secret, lastStep: 0 };
  } catch {
    return undefined;
  }
}
