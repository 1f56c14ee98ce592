import { BackupCodesFactor } from './backup-codes/backup-codes.factor.js';
import { ONE_TIME_CODES } from './one-time-code/one-time-code.factor.js';
import { TotpFactor } from './totp/totp.factor.js';
import { WebAuthnFactor } from './webauthn/webauthn.factor.js';

/** Every factor we ship. Adding one: a folder here, a line here. */
export const FACTORS = [TotpFactor, WebAuthnFactor, BackupCodesFactor, ...ONE_TIME_CODES] as const;
