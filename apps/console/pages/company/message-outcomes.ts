import type { Schemas } from '../../api/client.js';

type Status = Schemas['MessageState']['status'];

export const OUTCOME_COLOURS: Record<Status, string> = {
  queued: 'blue',
  sending: 'blue',
  accepted: 'verdigris',
  delivered: 'verdigris',
  failed: 'red',
  unknown: 'yellow',
  expired: 'red',
  canceled: 'gray',
};
/** Nothing comes after these. */
export const ENDED: Status[] = ['delivered', 'failed', 'unknown', 'expired', 'canceled'];
