import type { CannotVerify } from './keys.js';
import type { Verdict } from './verdict.js';

export type ToWorker = { jwks: unknown; companyId: string | undefined } | { chunk: Uint8Array } | { end: true };
export type FromWorker = { more: boolean; events: number } | { verdict: Verdict } | { cannot: CannotVerify['why'] } | { failed: string };
