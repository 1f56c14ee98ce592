import { DeliveryError } from '../../delivery-error.js';

/** What nodemailer says of a failed step. Its texts quote the server, and the server may quote us: none of them go on. */
interface SmtpError {
  name?: unknown;
  code?: unknown;
  originalCode?: unknown;
  responseCode?: unknown;
  response?: unknown;
  command?: unknown;
}

/** The server's certificate, or what it speaks, is not what was agreed. */
const NOT_TRUSTED = /CERT|SELF_SIGNED|UNABLE_TO|ERR_TLS|ERR_SSL|EPROTO/;

/** RFC 4954: signing in is needed, too weak, refused or not encrypted enough. */
const CREDENTIALS = new Set([530, 534, 535, 538]);

/** `handedOver`: whether any part of the message was written. */
export function smtpFailure(error: unknown, handedOver: boolean): DeliveryError {
  const failure = (error ?? {}) as SmtpError;
  if (typeof failure.responseCode === 'number' && failure.responseCode >= 400) return refusal(failure, failure.responseCode);
  const late = failure.code === 'ETIMEDOUT' || failure.name === 'AbortError' || failure.name === 'TimeoutError';
  if (handedOver) return new DeliveryError('ambiguous', late ? 'timeout' : 'connection_lost');
  if (late) return new DeliveryError('retryable', 'timeout');
  if (failure.code === 'EAUTH') return new DeliveryError('configuration', 'credentials');
  if (failure.code === 'ETLS') return new DeliveryError('configuration', 'no_tls');
  if (NOT_TRUSTED.test(`${failure.originalCode} ${failure.code}`)) return new DeliveryError('configuration', 'untrusted_server');
  if (failure.code === 'EENVELOPE') return new DeliveryError('definite', 'invalid_recipient');
  return new DeliveryError('retryable', 'unreachable');
}

/** The server answered, so nothing went out: 4xx passes, 5xx does not, and what it answered to says whose matter it is. */
function refusal({ code, command, response }: SmtpError, status: number): DeliveryError {
  const vendorCode = /^\d{3}[ -](\d\.\d{1,3}\.\d{1,3})\b/.exec(String(response))?.[1] ?? String(status);
  const during = String(command);
  if (status < 500) return new DeliveryError('retryable', 'throttled', { vendorCode });
  if (CREDENTIALS.has(status) || code === 'EAUTH') return new DeliveryError('configuration', 'credentials', { vendorCode });
  if (code === 'ETLS' || during === 'STARTTLS') return new DeliveryError('configuration', 'no_tls', { vendorCode });
  if (during === 'MAIL FROM') return new DeliveryError('configuration', 'sender', { vendorCode });
  if (during === 'CONN' || during === 'EHLO' || during === 'HELO') return new DeliveryError('configuration', 'not_served', { vendorCode });
  return new DeliveryError('definite', during === 'RCPT TO' ? 'recipient_refused' : 'refused', { vendorCode });
}
