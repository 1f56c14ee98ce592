import type { Schemas } from '../../api/client.js';

type Policy = Schemas['CompanyPolicy'];
/** What a field that takes a number holds while it is empty. */
type Blank<T> = T | '';

/** A company as its form holds it: empty where the API says null. */
export interface PolicyValues {
  name: string;
  policy: Pick<Policy, 'mfa' | 'email_verification' | 'tells_unknown_usernames'> & {
    totp_window: string;
    session_hours: Blank<number>;
    max_sessions: Blank<number>;
    remember_device_days: Blank<number>;
    daily_send_budget: Blank<number>;
    default_region: string | null;
    allowed_countries: string[];
    allowed_factors: string[];
    sender_name: string;
    web_otp_domain: string;
    sms_app_hash: string;
  };
}

/** Fields stand in a row, whatever is to be said of each. */
export const BELOW = ['label', 'input', 'description', 'error'] as ('label' | 'input' | 'description' | 'error')[];

export const valuesOf = ({ name, policy }: Schemas['Company']): PolicyValues => ({
  name,
  policy: {
    mfa: { ...policy.mfa },
    email_verification: policy.email_verification,
    tells_unknown_usernames: policy.tells_unknown_usernames,
    totp_window: String(policy.totp_window),
    session_hours: policy.session_hours ?? '',
    max_sessions: policy.max_sessions ?? '',
    remember_device_days: policy.remember_device_days,
    daily_send_budget: policy.daily_send_budget ?? '',
    default_region: policy.default_region,
    allowed_countries: policy.allowed_countries ?? [],
    allowed_factors: policy.allowed_factors ?? [],
    sender_name: policy.sender_name ?? '',
    web_otp_domain: policy.web_otp_domain ?? '',
    sms_app_hash: policy.sms_app_hash ?? '',
  },
});

const number = (value: Blank<number>) => (value === '' ? null : value);
const text = (value: string) => value.trim() || null;
const list = (values: string[]) => (values.length > 0 ? values : null);

const wire = ({ name, policy }: PolicyValues) => ({
  name: name.trim(),
  policy: {
    ...policy,
    totp_window: Number(policy.totp_window) as 0 | 1,
    session_hours: number(policy.session_hours),
    max_sessions: number(policy.max_sessions),
    remember_device_days: number(policy.remember_device_days) ?? 0,
    daily_send_budget: number(policy.daily_send_budget),
    allowed_countries: list(policy.allowed_countries),
    allowed_factors: list(policy.allowed_factors),
    sender_name: text(policy.sender_name),
    web_otp_domain: text(policy.web_otp_domain),
    sms_app_hash: text(policy.sms_app_hash),
  },
});

const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);
const changed = <T extends object>(before: T, now: T): Partial<T> =>
  Object.fromEntries(Object.entries(now).filter(([key, value]) => !same(value, before[key as keyof T]))) as Partial<T>;

/** Only what differs: two administrators who change different things at once do not undo each other's. */
export function changesOf(before: PolicyValues, now: PolicyValues): Schemas['UpdateCompany'] {
  const [was, is] = [wire(before), wire(now)];
  const policy = changed(was.policy, is.policy);
  if (policy.mfa) policy.mfa = changed(was.policy.mfa, is.policy.mfa) as Policy['mfa'];
  return { ...(was.name !== is.name && { name: is.name }), ...(Object.keys(policy).length > 0 && { policy }) };
}
