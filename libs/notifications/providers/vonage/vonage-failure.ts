import { DeliveryError, type DeliveryErrorKind } from '../../delivery-error.js';
import { isUnreachable } from '../../unreachable.js';

export type Verdicts<Code extends string | number> = Partial<Record<Code, [DeliveryErrorKind, string]>>;

const BY_STATUS: Verdicts<number> = {
  401: ['configuration', 'credentials'],
  402: ['configuration', 'quota'],
  403: ['configuration', 'not_permitted'],
  429: ['retryable', 'throttled'],
  503: ['retryable', 'vendor_unavailable'],
};

/**
 * Reads what the SDK throws; `verdicts` are the API's own. Its VetchError carries the whole request, code and token included, so nothing of
 * it goes along but the status and the last word of the problem's type.
 */
export async function vonageFailure(error: unknown, signal: AbortSignal, verdicts: Verdicts<number> = {}): Promise<DeliveryError> {
  const response = (error as { response?: Response }).response;
  if (!(response instanceof Response)) {
    if (isUnreachable(error)) return new DeliveryError('retryable', 'unreachable');
    return new DeliveryError('ambiguous', signal.aborted ? 'timeout' : 'connection_lost');
  }

  const { status, headers } = response;
  const vendorCode = `${status}${await problem(response)}`;
  const retryAfter = /^\d{1,5}$/.test(headers.get('retry-after') ?? '') ? Number(headers.get('retry-after')) : undefined;
  const known = verdicts[status] ?? BY_STATUS[status];
  if (known) return new DeliveryError(...known, { vendorCode, retryAfter });
  // A success it could not read; a server that failed at nobody knows which step.
  if (status < 300) return new DeliveryError('ambiguous', 'unreadable_answer', { vendorCode });
  if (status >= 500) return new DeliveryError('ambiguous', 'vendor_error', { vendorCode });
  return new DeliveryError('definite', 'refused', { vendorCode });
}

/** ` conflict` of `https://…/api-errors/verify-v2#conflict`. A body can be read once, and leaves its connection busy until it is. */
async function problem(response: Response): Promise<string> {
  if (response.bodyUsed) return '';
  try {
    const { type } = JSON.parse(await response.text()) as { type?: unknown };
    const [, word] = /#([a-z][a-z-]{2,30})$/.exec(String(type)) ?? [];
    return word ? ` ${word}` : '';
  } catch {
    return '';
  }
}
