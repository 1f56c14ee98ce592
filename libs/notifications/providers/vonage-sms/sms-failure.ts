import { DeliveryError } from '../../delivery-error.js';
import { type Verdicts, vonageFailure } from '../vonage/vonage-failure.js';

/** @see https://developer.vonage.com/en/messaging/sms/guides/troubleshooting-sms */
const VERDICTS: Verdicts<string> = {
  '1': ['retryable', 'throttled'],
  '2': ['definite', 'invalid_parameter'],
  '3': ['definite', 'invalid_parameter'],
  '4': ['configuration', 'credentials'],
  '5': ['retryable', 'vendor_error'],
  '6': ['definite', 'invalid_recipient'],
  '7': ['definite', 'barred_recipient'],
  '8': ['configuration', 'account_barred'],
  '9': ['configuration', 'quota'],
  '10': ['retryable', 'throttled'],
  '11': ['configuration', 'account_not_enabled'],
  '12': ['definite', 'too_long'],
  '14': ['configuration', 'credentials'],
  '15': ['configuration', 'invalid_sender'],
  '22': ['definite', 'invalid_recipient'],
  '23': ['configuration', 'invalid_callback'],
  '29': ['configuration', 'demo_account'],
  '32': ['configuration', 'credentials'],
  '33': ['definite', 'deactivated_recipient'],
};

/**
 * A refusal comes as HTTP 200 with a status in each part, and the SDK throws MessageSendPartialFailure for it even when there is one part:
 * it compares a number with the text "1".
 */
export async function smsFailure(error: unknown, signal: AbortSignal): Promise<DeliveryError> {
  const parts = (error as { response?: { messages?: { status?: string }[] } }).response?.messages;
  const refused = parts?.find(({ status }) => status !== '0');
  if (!parts || !refused) return vonageFailure(error, signal);

  const status = /^\d{1,3}$/.test(refused.status ?? '') ? refused.status! : 'unknown';
  // Half a message went out.
  if (parts.some((part) => part.status === '0')) return new DeliveryError('ambiguous', 'partly_sent', { vendorCode: status });
  return new DeliveryError(...(VERDICTS[status] ?? (['definite', 'refused'] as const)), { vendorCode: status });
}
