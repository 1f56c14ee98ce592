import { defineErrors } from '@app/platform';

export const AuthError = defineErrors('auth', {
  signInRequired: ['unauthorized', 'Sign in first.'],
  invalidApiKey: ['unauthorized', 'This API key is not valid.'],
  severalCredentials: ['invalid', 'Send one credential, not several.'],
  invalidCredentials: ['unauthorized', 'Incorrect email or password.'],
  tooManyAttempts: ['rate_limited', 'Too many attempts. Try again later.'],
  mfaRequired: ['forbidden', 'MFA verification required.'],
  enrolmentRequired: ['forbidden', 'Set up a second factor first.'],
  insufficientScope: ['forbidden', 'This API key lacks a scope.'],
  mfaEnrollmentRequired: ['forbidden', 'Your company requires a second factor. Set one up.'],
  forbidden: ['forbidden', 'Your role does not allow this.'],
  invalidRefreshToken: ['unauthorized', 'This refresh token is not valid. Sign in again.'],
  wrongPassword: ['unauthorized', 'The current password is wrong.'],
  weakPassword: ['invalid', 'This password is not acceptable.'],
  crossSiteRequest: ['forbidden', 'This request does not come from our own pages.'],
  deviceNotFound: ['not_found', 'There is no such device.'],
  invalidLink: ['invalid', 'This link is not valid. It may be old, or have been used: ask for a new one.'],
  emailNotVerified: ['forbidden', 'Confirm your e-mail first: open the link that was sent to you.'],
  sessionNotFound: ['not_found', 'There is no such session.'],
});

export const UserError = defineErrors('users', {
  notFound: ['not_found', 'There is no such user.'],
  emailTaken: ['conflict', 'Somebody in this company has this e-mail already.'],
  invitationNotFound: ['not_found', 'There is no such invitation.'],
  lastAdmin: ['conflict', 'A company needs at least one active administrator.'],
  notYourself: ['conflict', 'You cannot do this to yourself.'],
});
