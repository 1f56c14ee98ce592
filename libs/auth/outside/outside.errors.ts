import { defineErrors } from '@app/platform';

export const IdentityError = defineErrors('identity', {
  providerNotFound: ['not_found', 'There is no such identity provider.'],
  providerRefused: ['invalid', 'This identity provider cannot be used.'],
  providerUnavailable: ['unavailable', 'The identity provider cannot be reached just now. Try again in a moment.'],
  tooManyProviders: ['conflict', 'There are too many identity providers.'],
  returnNotAllowed: ['invalid', 'This address is not one that may be returned to.'],
  flowOver: ['invalid', 'This sign-in is over, or was begun elsewhere. Begin again.'],
  signInFailed: ['forbidden', 'The identity provider did not sign you in.'],
  notAdmitted: ['forbidden', 'This identity may not sign in here.'],
  linkRequired: ['conflict', 'There is an account with this e-mail. Sign in to it and link this identity there.'],
  alreadyLinked: ['conflict', 'This identity belongs to another account.'],
  linkNotFound: ['not_found', 'There is no such identity.'],
  signInThereFirst: ['conflict', 'Sign in over this user pool once yourself, with auth_provider both, before it becomes the only way in.'],
  lastWayIn: ['conflict', 'This identity is the only way into the account.'],
});
