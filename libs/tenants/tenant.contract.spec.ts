import { demandsFactor, policyOf, updateCompany } from './tenant.contract.js';

const accepts = (policy: object) => updateCompany.safeParse({ policy });

describe("A company's policy", () => {
  it('has defaults that send nothing to any phone, and leave the rest open', () => {
    for (const stored of [null, undefined, {}, { totp_window: 1 }])
      expect(policyOf(stored)).toEqual({
        mfa: { admin: 'optional', manager: 'optional', user: 'optional' },
        totp_window: 1,
        email_verification: 'optional',
        session_hours: null,
        max_sessions: null,
        remember_device_days: 0,
        default_region: null,
        allowed_countries: null,
        daily_send_budget: null,
        allowed_factors: null,
        web_otp_domain: null,
        sms_app_hash: null,
        sender_name: null,
        tells_unknown_usernames: false,
        auth_provider: 'native',
      });
  });

  it.each([
    { default_region: 'ES' },
    { default_region: null },
    { allowed_countries: ['ES', 'XK'] },
    { daily_send_budget: 0 },
    { daily_send_budget: 12.3456 },
    { daily_send_budget: 0.1 },
    { allowed_factors: ['totp', 'backup_codes'] },
    { web_otp_domain: 'Login.Acme.com' },
    { sms_app_hash: 'FA+9qCX9VSu' },
    { sender_name: ' Zoë & Co ' },
  ])('takes %j, and what it takes can be read back', (policy) => {
    const { data, success } = accepts(policy);
    expect(success).toBe(true);
    expect(policyOf(data!.policy)).toMatchObject(data!.policy!);
  });

  it.each([
    { default_region: 'es' },
    { default_region: 'ZZ' },
    { default_region: '001' },
    { default_region: 'ESP' },
    { default_region: '__proto__' },
    { allowed_countries: [] },
    { allowed_countries: ['ES', 'ES'] },
    { allowed_countries: ['ES', 'ZZ'] },
    { allowed_countries: 'ES' },
    { daily_send_budget: -0.0001 },
    { daily_send_budget: 1.00001 },
    { daily_send_budget: '10' },
    { daily_send_budget: 1e12 },
    { daily_send_budget: Infinity },
    { allowed_factors: [] },
    { allowed_factors: ['TOTP'] },
    { allowed_factors: ['totp', 'totp'] },
    { web_otp_domain: 'localhost' },
    { web_otp_domain: 'acme.com #1' },
    { web_otp_domain: 'acme.com\n@evil.com' },
    { sms_app_hash: 'FA+9qCX9VS' },
    { sms_app_hash: 'FA+9qCX9VS\n' },
    { sender_name: '' },
    { sender_name: 'Acme\r\nBcc: eve@evil.com' },
    { sender_name: 'Acme\u2028Evil' },
    { sender_name: 'a'.repeat(41) },
    { something_else: true },
  ])('refuses %j', (policy) => expect(accepts(policy).success).toBe(false));

  it('is asked about a role without reading all of it, with the same answer', () => {
    for (const stored of [
      null,
      undefined,
      {},
      { mfa: {} },
      { mfa: { admin: 'required' } },
      { mfa: { admin: 'optional', user: 'required' } },
    ])
      for (const role of ['admin', 'manager', 'user'] as const)
        expect(demandsFactor(stored, role)).toBe(policyOf(stored).mfa[role] === 'required');
  });
});
