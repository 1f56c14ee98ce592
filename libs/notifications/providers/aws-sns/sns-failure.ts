import type { SNSServiceException } from '@aws-sdk/client-sns';
import { DeliveryError, type DeliveryErrorKind } from '../../delivery-error.js';
import { isUnreachable } from '../../unreachable.js';

/** By `name`, which is AWS's code: half of them have no class of their own, and the others carry `Exception` at times. */
const VERDICTS: Record<string, [DeliveryErrorKind, string]> = {
  Throttling: ['retryable', 'throttled'],
  Throttled: ['retryable', 'throttled'],
  RequestLimitExceeded: ['retryable', 'throttled'],
  TooManyRequests: ['retryable', 'throttled'],
  ServiceUnavailable: ['retryable', 'vendor_unavailable'],

  InvalidParameter: ['definite', 'invalid_parameter'],
  InvalidParameterValue: ['definite', 'invalid_parameter'],
  ParameterValueInvalid: ['definite', 'invalid_parameter'],
  ValidationError: ['definite', 'invalid_parameter'],
  Validation: ['definite', 'invalid_parameter'],
  OptedOut: ['definite', 'opted_out'],

  AuthorizationError: ['configuration', 'not_permitted'],
  AccessDenied: ['configuration', 'not_permitted'],
  InvalidSecurity: ['configuration', 'credentials'],
  InvalidClientTokenId: ['configuration', 'credentials'],
  InvalidAccessKeyId: ['configuration', 'credentials'],
  UnrecognizedClient: ['configuration', 'credentials'],
  SignatureDoesNotMatch: ['configuration', 'credentials'],
  IncompleteSignature: ['configuration', 'credentials'],
  MissingAuthenticationToken: ['configuration', 'credentials'],
  ExpiredToken: ['configuration', 'credentials'],
  OptInRequired: ['configuration', 'account_not_enabled'],
  UserError: ['configuration', 'account_not_enabled'],
  RequestExpired: ['configuration', 'clock'],
  RequestTimeTooSkewed: ['configuration', 'clock'],

  // No promise that nothing went out: SNS hands over to carriers behind its answer.
  InternalError: ['ambiguous', 'vendor_error'],
  InternalFailure: ['ambiguous', 'vendor_error'],
};

export function snsFailure(error: unknown, signal: AbortSignal): DeliveryError {
  const { name, $metadata } = error as Partial<SNSServiceException>;
  const status = $metadata?.httpStatusCode;
  const code = name?.replace(/Exception$/, '');
  const known = code !== undefined && Object.hasOwn(VERDICTS, code) ? VERDICTS[code] : undefined;

  if (known) return new DeliveryError(...known, { vendorCode: code });
  // Both end before an answer.
  if (isUnreachable(error)) return new DeliveryError('retryable', 'unreachable');
  if (signal.aborted) return new DeliveryError('ambiguous', 'timeout');
  if (status === undefined) return new DeliveryError('ambiguous', 'connection_lost');

  const vendorCode = String(status);
  if (status === 429 || status === 503) return new DeliveryError('retryable', 'throttled', { vendorCode });
  if (status === 401 || status === 403) return new DeliveryError('configuration', 'not_permitted', { vendorCode });
  if (status >= 400 && status < 500) return new DeliveryError('definite', 'refused', { vendorCode });
  return new DeliveryError('ambiguous', status < 300 ? 'unreadable_answer' : 'vendor_error', { vendorCode });
}
