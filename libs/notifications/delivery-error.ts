/**
 * What a failed attempt means for the next one:
 * - `definite`: this vendor will not deliver it; another may. Nothing went out.
 * - `retryable`: nothing went out and the same vendor may take it later (throttled, refused connection, 5xx that says so).
 * - `ambiguous`: it may have gone out (timeout, connection lost after the request was written). Never repeated before the receipt window is over.
 * - `configuration`: the company's settings are wrong (credentials, sender, permission). Another vendor may; an administrator must.
 */
export type DeliveryErrorKind = 'definite' | 'retryable' | 'ambiguous' | 'configuration';

export interface DeliveryErrorDetails {
  /** The vendor's own code, as short text that holds no secret, number or message. */
  vendorCode?: string | undefined;
  /** Seconds the vendor asks us to wait. */
  retryAfter?: number | undefined;
  /** The recipient will never be reached here again (blocked the bot, unsubscribed): a factor that uses it has ended. */
  recipientGone?: boolean;
}

/** Why a vendor did not take a message. `reason` is ours, stable and safe to show: `throttled`, `invalid_recipient`, `credentials` … */
export class DeliveryError extends Error {
  override readonly name = 'DeliveryError';

  constructor(
    readonly kind: DeliveryErrorKind,
    readonly reason: string,
    readonly details: DeliveryErrorDetails = {},
  ) {
    // The vendors' own words may hold the code, the number, even their token: none of them come along.
    super(details.vendorCode ? `${reason} (${details.vendorCode})` : reason);
  }
}
