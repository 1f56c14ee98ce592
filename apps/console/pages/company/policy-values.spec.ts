import { describe, expect, it } from 'vitest';
import type { Schemas } from '../../api/client.js';
import { changesOf, valuesOf } from './policy-values.js';

const company: Schemas['Company'] = {
  id: '01a20119-9b6c-7394-a27c-5c4de884238e',
  name: 'Acme',
  domain: 'acme.test',
  created_at: '2026-01-01T00:00:00Z',
  policy: {
    mfa: { admin: 'required', manager: 'optional', user: 'optional' },
    totp_window: 1,
    email_verification: 'optional',
    default_region: 'ES',
    allowed_countries: ['ES', 'PT'],
    daily_send_budget: null,
    allowed_factors: null,
    web_otp_domain: null,
    sms_app_hash: null,
    session_hours: 12,
    max_sessions: null,
    remember_device_days: 0,
    sender_name: null,
    tells_unknown_usernames: false,
    auth_provider: 'native',
  },
};

describe('What a changed policy sends', () => {
  const before = valuesOf(company);

  it('is nothing when nothing was changed', () => expect(changesOf(before, valuesOf(company))).toEqual({}));

  it('is what was changed and no more, down to one role of three', () => {
    const now = valuesOf(company);
    now.policy.mfa.user = 'required';
    now.policy.totp_window = '0';
    now.policy.max_sessions = 5;
    expect(changesOf(before, now)).toEqual({ policy: { mfa: { user: 'required' }, totp_window: 0, max_sessions: 5 } });
  });

  it('takes back with null what was emptied', () => {
    const now = valuesOf(company);
    Object.assign(now.policy, { session_hours: '', allowed_countries: [], default_region: null, sender_name: '  ' });
    expect(changesOf(before, now)).toEqual({ policy: { session_hours: null, allowed_countries: null, default_region: null } });
  });
});
