import { v7 as uuidv7 } from 'uuid';
import type { Company, Person, Role, World } from './world.js';

export const TABLES = [
  'tenant',
  'user_account',
  'session',
  'sign_in',
  'mfa_factor',
  'api_key',
  'message_template',
  'account_link',
  'trusted_device',
  'identity_provider',
  'identity_link',
  'identity_flow',
  'audit_event',
  'audit_chain',
  'audit_head',
  'channel_settings',
  'verification',
  'delivery',
  'delivery_attempt',
  'delivery_receipt',
  'spend',
  'webhook_endpoint',
  'webhook_delivery',
];
/** Written by the database's functions alone: the apps' role may read, no more. */
export const BY_FUNCTIONS = [
  'identity_flow',
  'verification',
  'delivery',
  'delivery_attempt',
  'delivery_receipt',
  'spend',
  'webhook_delivery',
];
/** Ended, never deleted. */
export const KEPT = ['tenant', 'api_key', 'webhook_endpoint', 'account_link', 'trusted_device'];
/** Not even read. */
export const UNREAD = ['idempotency'];
export const ROLES: Role[] = ['admin', 'manager', 'user'];

/** A company with somebody in each role, factors, sessions, a pending sign-in and a trail. */
export interface Tenancy {
  company: Company;
  people: Record<Role, Person>;
  /** Everything of it that a path could name, by the part of the path before the id. */
  ids: Record<
    | 'users'
    | 'sessions'
    | 'factors'
    | 'api-keys'
    | 'verifications'
    | 'messages'
    | 'attempts'
    | 'webhooks'
    | 'events'
    | 'identities'
    | 'devices'
    | 'invitations',
    string[]
  >;
  /** An application of its own. */
  apiKey: string;
}

/** The same of two companies, so that what one has the other could be given. */
export async function tenancy(world: World, name: string): Promise<Tenancy> {
  const company = await world.company(name);
  const people = { admin: company.admin, manager: await company.person('manager'), user: await company.person('user') };
  await people.user.enablesTotp();
  await people.user.signsIn();
  await people.user.pendingToken();
  const setUp = await people.manager.post('/api/auth/mfa/setup');
  expect(setUp.status).toBe(200);
  const { key: apiKey } = await company.apiKey();
  expect((await people.admin.put('/api/company/templates/code/sms/en', { body: `{code} of ${name}` })).status).toBe(200);
  await deliveries(company);
  await outsideIdentity(company, people.user);
  await linksAndDevices(company, people.user);
  const list = (rows: { id: string }[]) => rows.map(({ id }) => id);
  return {
    company,
    people,
    ids: {
      users: list(await company.sql('select id from user_account')),
      sessions: list(await company.sql('select id from session')),
      factors: list(await company.sql('select id from mfa_factor')),
      'api-keys': list(await company.sql('select id from api_key')),
      verifications: list(await company.sql('select id from verification')),
      messages: list(await company.sql('select id from delivery')),
      attempts: list(await company.sql('select id from delivery_attempt')),
      webhooks: list(await company.sql('select id from webhook_endpoint')),
      events: list(await company.sql('select id from webhook_delivery')),
      identities: list(await company.sql('select id from identity_link')),
      devices: list(await company.sql('select id from trusted_device')),
      invitations: list(await company.sql(`select id from account_link where purpose = 'invitation'`)),
    },
    apiKey,
  };
}

/** Somebody who is invited, and a device that is not asked for a second factor. */
async function linksAndDevices(company: Company, { id: userId }: Person): Promise<void> {
  const invited = `insert into account_link (id, purpose, token_hash, email, email_canonical, role, invited_by, expires_at)
    values ($1, 'invitation', sha256('x'), $2, $2, 'user', $3, now() + interval '1 day')`;
  await company.sql(invited, [uuidv7(), `invited@${company.domain}`, company.admin.id]);
  const device = `insert into trusted_device (id, user_id, token_hash, expires_at) values ($1, $2, sha256('x'), now() + interval '1 day')`;
  await company.sql(device, [uuidv7(), userId]);
}

/** A provider, somebody who comes from it, and somebody on the way to it. */
async function outsideIdentity(company: Company, { id: userId }: Person): Promise<void> {
  const provider = uuidv7();
  await company.sql(
    `insert into identity_provider (id, name, issuer, client_id, settings) values ($1, 'acme', 'https://login.test', 'client', $2)`,
    [
      provider,
      {
        scopes: ['openid'],
        allowed_email_domains: [],
        just_in_time: false,
        role: 'user',
        link_verified_emails: false,
        second_factor_acr: [],
        second_factor_amr: [],
        return_urls: [],
        is_enabled: true,
      },
    ],
  );
  await company.sql(`insert into identity_link (id, user_id, issuer, subject) values ($1, $2, 'https://login.test', '1')`, [
    uuidv7(),
    userId,
  ]);
  await company.sql(
    `insert into identity_flow (id, provider_id, user_id, sealed, in_cookie, handle_hash, state_hash, code_hash, code_expires_at, expires_at)
     select $1, $2, $3, 'sealed', false, nothing, nothing, nothing, now() + interval '1 day', now() + interval '1 day' from (values (decode(repeat('00', 32), 'hex'))) v (nothing)`,
    [uuidv7(), provider, userId],
  );
}

/** A code and a plain message under way, and what is written down of them. Nothing is due: no worker changes them. */
async function deliveries(company: Company): Promise<void> {
  const [verification, message, attempt, webhook] = [uuidv7(), uuidv7(), uuidv7(), uuidv7()];
  const settings = { api_key: 'a1b2c3d4', api_secret: 'SimulatedSecret1', from: 'Acme', signature_secret: 'x'.repeat(40) };
  expect((await company.admin.put('/api/company/channels/vonage-sms', { settings })).status).toBe(200);
  const step = { channel: 'sms', to: 'sealed', masked: '+34 ••• ••• 123', mac: 'x', country: 'ES', prefix: '+34611', provider: null };
  for (const [text, ...values] of [
    [
      `insert into verification (id, purpose, subject, code_mac, code, workflow, locale, channel_timeout, resend_after, expires_at)
       values ($1, 'api', 'x', sha256('x'), 'sealed', $2, 'en', 60, now(), now() + interval '1 day')`,
      verification,
      JSON.stringify([step]),
    ],
    ...[verification, null].map((of) => [
      `insert into delivery (id, verification_id, channel, recipient, recipient_masked, template, locale, expires_at)
       values ($1, $2, 'sms', 'sealed', '+34 ••• ••• 123', 'code', 'en', now() + interval '1 day')`,
      of ? uuidv7() : message,
      of,
    ]),
    [`insert into delivery_attempt (id, delivery_id, provider) values ($1, $2, 'vonage-sms')`, attempt, message],
    [
      `insert into delivery_receipt (id, provider, event_id, attempt_id, outcome, at) values ($1, 'vonage-sms', 'e', $2, 'delivered', now())`,
      uuidv7(),
      attempt,
    ],
    [`insert into spend (day, amount) values (current_date, 1)`],
    [
      `insert into webhook_endpoint (id, url, event_types, is_enabled, secret) values ($1, 'https://hooks.acme.test/', '{user.created}', false, 'sealed')`,
      webhook,
    ],
    [
      `insert into webhook_delivery (id, endpoint_id, event_id, event_type, body, status) values ($1, $2, $1, 'user.created', '{}', 'delivered')`,
      uuidv7(),
      webhook,
    ],
    [`insert into idempotency (caller_id, key_hash, body_hash, response) values ($1, '', '', '{}')`, uuidv7()],
  ] as [string, ...unknown[]][])
    await company.sql(text, values);
}

/** Every row of the company's tables, as text: but for the chain, which the worker goes on writing. */
export async function snapshot({ company }: Tenancy): Promise<Record<string, string[]>> {
  const rows: Record<string, string[]> = {};
  for (const table of [...TABLES, ...UNREAD].filter((name) => !['audit_chain', 'audit_head'].includes(name))) {
    rows[table] = (await company.sql<{ row: string }>(`select to_jsonb(t)::text as row from ${table} t order by 1`)).map(({ row }) => row);
    expect(rows[table], table).not.toHaveLength(0);
  }
  return rows;
}
