import { defineErrors } from '@app/platform';

export const MfaError = defineErrors('mfa', {
  wrongCode: ['unauthorized', 'That code is wrong, expired or already used.'],
  notPending: ['conflict', 'Nothing waits to be confirmed. Start with mfa/setup.'],
  tooMany: ['conflict', 'There are as many of these as a person may have. Remove one first.'],
  credentialInUse: ['conflict', 'This passkey is set up already.'],
  passkeyRequired: ['forbidden', 'Your company requires a passkey: answer with yours.'],
  notEnabled: ['conflict', 'No second factor is set up.'],
  freshSignInRequired: ['forbidden', 'Sign in again first.'],
  requiredByPolicy: ['conflict', 'Your company requires a second factor: the last one stays. Set up another first.'],
  notFound: ['not_found', 'There is no such factor.'],
  unknownFactor: ['invalid', 'There is no such kind of factor.'],
  notAllowed: ['forbidden', 'Your company does not allow this kind of factor.'],
  ownAddressOnly: ['invalid', 'A code by e-mail goes to the address of your account.'],
  noChallenge: ['conflict', 'This factor needs no challenge: answer it at once.'],
  notReachable: ['conflict', 'Nobody knows yet where to send codes: open the link first.'],
  tooEarly: ['rate_limited', 'A code was sent a moment ago.'],
  tooManySends: ['rate_limited', 'This code was sent as often as a code may be.'],
  tooManyAttempts: ['rate_limited', 'Too many wrong codes. Try again later.'],
  signInOver: ['unauthorized', 'This sign-in is over. Sign in again.'],
});
