import { defineErrors } from '@app/platform';

export const MfaError = defineErrors('mfa', {
  wrongCode: ['unauthorized', 'That code is wrong, expired or already used.'],
  notPending: ['conflict', 'Nothing waits to be confirmed. Start with mfa/setup.'],
  notEnabled: ['conflict', 'No second factor is set up.'],
  freshSignInRequired: ['forbidden', 'Sign in again first.'],
  requiredByPolicy: ['conflict', 'Your company requires a second factor: the last one stays. Set up another first.'],
  notFound: ['not_found', 'There is no such factor.'],
  unknownFactor: ['invalid', 'There is no such kind of factor.'],
  tooManyAttempts: ['rate_limited', 'Too many wrong codes. Try again later.'],
  signInOver: ['unauthorized', 'This sign-in is over. Sign in again.'],
});
