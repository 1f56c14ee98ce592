import type { Schemas } from '../../api/client.js';

/** What the addresses of these pages may say. Whatever else stands in one is left out. */

type Search = Record<string, unknown>;
export const STATUSES = [
  'pending',
  'approved',
  'expired',
  'max_attempts_reached',
  'canceled',
] as const satisfies Schemas['Verification']['status'][];
export const CHANNELS = ['sms', 'voice', 'email', 'telegram'] as const satisfies Schemas['Verification']['channel'][];
export const PERIODS = [7, 30, 90] as const;

export interface Days {
  from?: string;
  to?: string;
}
export interface VerificationFilters extends Days {
  status?: (typeof STATUSES)[number];
  channel?: (typeof CHANNELS)[number];
  recipient?: string;
  reference?: string;
}
export interface AuditFilters extends Days {
  action?: string;
  actor?: string;
  /** With those events that every session makes all day. */
  renewals?: true;
}

const text = (value: unknown, most: number) => {
  // The router reads what looks like a number as one.
  const said = typeof value === 'number' ? String(value) : value;
  return typeof said === 'string' && said !== '' ? said.slice(0, most) : undefined;
};
const day = (value: unknown) => (typeof value === 'string' && /^\d{4}-\d\d-\d\d$/.test(value) && Date.parse(value) > 0 ? value : undefined);
const said = <T extends object>(search: { [K in keyof T]: T[K] | undefined }) =>
  Object.fromEntries(Object.entries(search).filter(([, value]) => value !== undefined)) as Partial<T>;

export const periodSearch = ({ days }: Search): { days?: (typeof PERIODS)[number] } =>
  said({ days: PERIODS.find((one) => one === Number(days)) });

export const verificationSearch = ({ status, channel, recipient, reference, from, to }: Search): VerificationFilters =>
  said({
    status: STATUSES.find((one) => one === status),
    channel: CHANNELS.find((one) => one === channel),
    recipient: text(recipient, 254),
    reference: text(reference, 100),
    from: day(from),
    to: day(to),
  });

export const auditSearch = ({ action, actor, renewals, from, to }: Search): AuditFilters =>
  said({
    action: text(action, 100),
    actor: typeof actor === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(actor) ? actor : undefined,
    renewals: renewals === true || undefined,
    from: day(from),
    to: day(to),
  });

export const inboxSearch = ({ to }: Search): { to?: string } => said({ to: text(to, 254) });

/** The reader's days as times: from the beginning of the first to the end of the last. */
export function momentsOf({ from, to }: Days): Days {
  const end = to === undefined ? undefined : new Date(`${to}T00:00`);
  end?.setDate(end.getDate() + 1);
  return { ...(from && { from: new Date(`${from}T00:00`).toISOString() }), ...(end && { to: end.toISOString() }) };
}
