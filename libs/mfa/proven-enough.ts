import { config, type PersonCaller } from '@app/platform';
import { MfaError } from './mfa.errors.js';

/**
 * A factor is added or replaced soon after signing in, and with the second factor by whoever has one: not by a session left open, nor
 * with the password alone (NIST SP 800-63B-4 §4.1.2.1, ASVS 7.5.1). A pending sign-in is as fresh as can be.
 */
export function provenEnough(caller: PersonCaller) {
  if (caller.kind !== 'user') return;
  if (caller.profile.mfa_enabled && !caller.amr.includes('mfa'))
    throw MfaError.freshSignInRequired({ detail: 'Sign in again with your second factor: this session was opened without it.' });
  if (Date.now() - caller.authTime.getTime() > config.FRESH_SECONDS * 1000) {
    const minutes = Math.ceil(config.FRESH_SECONDS / 60);
    throw MfaError.freshSignInRequired({
      detail: `Sign in again: a second factor is set up within ${minutes} min of signing in, and this session is older.`,
    });
  }
}
