import { defineErrors } from '@app/platform';

export const VerificationError = defineErrors('verification', {
  notFound: ['not_found', 'There is no such verification.'],
  over: ['conflict', 'This verification is over.'],
  tooEarly: ['rate_limited', 'The code was sent a moment ago.'],
  tooManySends: ['rate_limited', 'This code was sent as often as a code may be.'],
  noMoreSteps: ['conflict', 'The workflow has no further step.'],
  tooManyAttempts: ['rate_limited', 'Too many wrong codes. Try again later.'],
  blocked: ['rate_limited', 'A rule does not let this message out.'],
  idempotencyConflict: ['conflict', 'This Idempotency-Key was used with another request.'],
});
