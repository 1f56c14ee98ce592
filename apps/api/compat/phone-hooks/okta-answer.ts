import type { HookAnswer } from './phone-hooks.contract.js';

/**
 * What a telephony inline hook is answered with. PENDING: the message is on its way, and whether it arrives nobody knows yet.
 * @see https://developer.okta.com/docs/reference/telephony-hook/
 */
export const oktaAnswer = (status: 'PENDING' | 'FAILED', transactionId: string, transactionMetadata: string): HookAnswer => ({
  commands: [{ type: 'com.okta.telephony.action', value: [{ status, provider: 'WATCHWORD', transactionId, transactionMetadata }] }],
});

const [LEAST, MOST] = [30, 600];

/** Seconds until then, as a code may live; undefined for a time that is over (a preview's always is) or none. */
export function secondsUntil(time: string | null | undefined, now = Date.now()): number | undefined {
  const left = Math.floor((Date.parse(time ?? '') - now) / 1000);
  return left > 0 ? Math.min(MOST, Math.max(LEAST, left)) : undefined;
}
