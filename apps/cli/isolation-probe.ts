import type pg from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { signSealer, signTenant } from '@app/platform';

/** A row of the company that is bound, in each table: $1 its id, $2 its person, $3 a number. In the order of their foreign keys. */
const ROWS: Record<string, string> = {
  tenant: `insert into tenant (id, name, domain) values ($1, 'Isolation probe', $1::text || '.invalid')`,
  user_account: `insert into user_account (id, email, email_canonical, full_name, role) values ($2, $1::text, $1::text, 'Isolation probe', 'user')`,
  session: `insert into session (id, user_id, token_hash, amr, acr, expires_at) values ($1, $2, '\\x00', '{}', '', now())`,
  sign_in: `insert into sign_in (id, user_id, expires_at) values ($1, $2, now())`,
  mfa_factor: `insert into mfa_factor (id, user_id, type, state) values ($1, $2, 'probe', '')`,
  api_key: `insert into api_key (id, name, scopes, secret_hash, hint, created_by) values ($1, 'Isolation probe', '{}', sha256(''), '', $2)`,
  message_template: `insert into message_template (id, name, channel, locale, body) values ($1, 'probe', 'sms', 'en', 'probe')`,
  trusted_device: `insert into trusted_device (id, user_id, token_hash, expires_at) values ($1, $2, sha256(''), now())`,
  account_link: `insert into account_link (id, purpose, token_hash, email, email_canonical, expires_at) values ($1, 'invitation', sha256(''), '', '', now())`,
  identity_provider: `insert into identity_provider (id, name, issuer, client_id, settings) values ($1, 'probe-' || $3, 'probe', 'probe', '{}')`,
  identity_link: `insert into identity_link (id, user_id, issuer, subject) values ($1, $2, 'probe', $1::text)`,
  identity_flow: `insert into identity_flow (id, provider_id, sealed, in_cookie, handle_hash, expires_at) values ($1, $2, '', false, '\\x00', now())`,
  audit_event: `insert into audit_event (id, action, outcome) values ($1, 'isolation.probe', 'success')`,
  audit_chain: `insert into audit_chain (seq, event_id, prev_hash, hash) values ($3, $1, '\\x00', '\\x00')`,
  audit_head: `insert into audit_head (seq, hash, signed_at, kid, signature) values ($3, '\\x00', '', '', '')`,
  channel_settings: `insert into channel_settings (id, provider, channels, settings) values ($1, 'probe' || $3, '{sms}', '')`,
  verification: `insert into verification (id, purpose, subject, code_mac, workflow, locale, channel_timeout, resend_after, expires_at) values ($1, 'api', '', '\\x00', '[]', '', 60, now(), now())`,
  delivery: `insert into delivery (id, channel, recipient, recipient_masked, template, locale, expires_at) values ($1, 'sms', '', '', '', '', now())`,
  delivery_attempt: `insert into delivery_attempt (id, delivery_id, provider) values ($1, $2, 'probe')`,
  delivery_receipt: `insert into delivery_receipt (id, provider, event_id, outcome, at) values ($1, 'probe', $1::text, 'progress', now())`,
  idempotency: `insert into idempotency (id, caller_id, key_hash, body_hash, response) values ($1, $2, '\\x00', '\\x00', '{}')`,
  spend: `insert into spend (id, day) values ($1, now()::date)`,
  webhook_endpoint: `insert into webhook_endpoint (id, url, event_types, secret) values ($1, 'https://probe.invalid', '{webhook.test}', '')`,
  webhook_delivery: `insert into webhook_delivery (id, endpoint_id, event_id, event_type, body) values ($1, $2, $1, 'webhook.test', '')`,
};

const json = (value: object) => `'${JSON.stringify(value)}'`;

/** A company's first link and head, by the sealer's function. */
const sealed = (company: string) => {
  const link = { seq: 1, id: company, prev_hash: '00', hash: '00' };
  const head = { seq: 1, hash: '00', signed_at: '', kid: '', signature: '' };
  return [`select app.audit_append('${signSealer()}', ${json([{ tenant: company, links: [link], head }])})`];
};

/** A verification whose request is remembered and which is sent, paid for and received. */
const verified = (company: string) => {
  const tenant = `'${signTenant(company)}'`;
  const row = {
    id: company,
    purpose: 'api',
    subject: 'probe',
    code_mac: '00',
    code: '',
    workflow: [{ channel: 'sms', to: '', masked: '', mac: 'probe' }],
    locale: 'en',
    channel_timeout: 60,
    cooldown: 30,
    seconds: 60,
  };
  const terms = {
    attempt: company,
    lease: 1,
    window: 1,
    skip: [],
    reporting: [],
    prices: { probe: { '*': 1 } },
    budget: 1,
    fallback: 'probe',
  };
  const receipt = { event_id: 'probe', attempt_id: company, outcome: 'progress', at: new Date() };
  return [
    `select app.verification_create(${tenant}, ${json(row)}, ${json({ caller: company, key: '00', body: '00' })}, '{"type":"system"}', '{}', ${json({ number: { seconds: 60, most: 9 } })})`,
    `select app.delivery_begin(${tenant}, (select id from delivery where verification_id = '${company}'), ${json(terms)})`,
    `select app.receipt_put(${tenant}, 'probe', ${json(receipt)})`,
  ];
};

/** Somebody on their way to the provider of the row before. */
const gone = (company: string) => [
  `select app.identity_flow_begin('${signTenant(company)}', '${company}', '${company}', null, 'probe', false, '\\x00', '\\x01', 60)`,
];

/** These the role may not write at all: functions make their rows, all that follow a name of this list with the first. */
const MADE: Record<string, ((company: string) => string[]) | undefined> = {
  identity_flow: gone,
  audit_chain: sealed,
  audit_head: () => [],
  verification: verified,
  delivery: () => [],
  delivery_attempt: () => [],
  delivery_receipt: () => [],
  idempotency: () => [],
  spend: () => [],
  webhook_delivery: (company) => [`select app.webhook_test('${signTenant(company)}', '${company}')`],
};

/** What PostgreSQL answers where a grant is missing or a policy's check fails. A constraint is looked at only after both. */
const REFUSED = '42501';

/**
 * Live, in a transaction that is rolled back: company A gets a row in every table; as B, as nobody and under forged names none of
 * them may be seen, changed, deleted or imitated, and A may not hand its own to B. Returns what crossed, by table.
 */
export async function probeIsolation(client: pg.Client, tables: string[]): Promise<Record<string, string[]>> {
  const [a, b] = [uuidv7(), uuidv7()];
  const crossings: Record<string, string[]> = Object.fromEntries(tables.map((table) => [table, []]));
  const as = (setting: string) => client.query(`select set_config('app.tenant', $1, true)`, [setting]);
  /** What an attempt came to: refused, or the sentence about how far it got. */
  const attempt = async (text: string): Promise<string | undefined> => {
    await client.query('savepoint attempt');
    try {
      const { rowCount } = await client.query(text);
      return rowCount ? `${rowCount} row${rowCount === 1 ? '' : 's'}` : undefined;
    } catch (error) {
      const { code, message } = error as pg.DatabaseError;
      return code === REFUSED ? undefined : `past the policy: ${message}`;
    } finally {
      await client.query('rollback to attempt');
    }
  };
  await client.query('begin');
  try {
    await client.query(`set local statement_timeout = '5s'`);
    await as(signTenant(a));
    const probed = [];
    for (const table of Object.keys(ROWS).filter((name) => tables.includes(name))) {
      await client.query('savepoint row');
      try {
        for (const text of MADE[table]?.(a) ?? [fill(ROWS[table]!, [a, a, 1])]) await client.query(text);
        probed.push(table);
      } catch (error) {
        await client.query('rollback to row');
        crossings[table]!.push(`could not be probed: ${(error as Error).message}`);
      }
    }
    for (const table of tables.filter((name) => !ROWS[name]))
      crossings[table]!.push('could not be probed: isolation-probe.ts has no row for this table');

    const strangers = { 'another company': signTenant(b), nobody: '', 'a forged name': `${a}.${'0'.repeat(64)}`, 'an unsigned name': a };
    for (const [who, setting] of Object.entries(strangers)) {
      await as(setting);
      for (const table of probed) {
        const key = keyOf(table);
        const attempts = {
          'sees the row': `select from ${table} where ${key} = '${a}'`,
          'changes the row': `update ${table} set ${key} = ${key} where ${key} = '${a}'`,
          'deletes the row': `delete from ${table} where ${key} = '${a}'`,
          'writes in the name of the company': imitation(table, a),
        };
        for (const [what, text] of Object.entries(attempts)) {
          const got = await attempt(text);
          if (got) crossings[table]!.push(`${who} ${what} (${got})`);
        }
      }
    }
    await as(signTenant(a));
    for (const table of probed) {
      const got = await attempt(`update ${table} set ${keyOf(table)} = '${b}' where ${keyOf(table)} = '${a}'`);
      if (got) crossings[table]!.push(`a company hands its row to another (${got})`);
    }
  } finally {
    await client.query('rollback');
  }
  return crossings;
}

const keyOf = (table: string) => (table === 'tenant' ? 'id' : 'tenant_id');

/** Another such row, in the company's name. */
function imitation(table: string, company: string): string {
  const row = fill(ROWS[table]!, [table === 'tenant' ? company : uuidv7(), company, 2]);
  return table === 'tenant' ? row : row.replace('(', '(tenant_id, ').replace('values (', `values ('${company}', `);
}

/** Ids of our own making, written into the statement. */
const fill = (text: string, values: (string | number)[]) =>
  text.replaceAll(/\$(\d)(::text)?/g, (_, at: string, asText?: string) => {
    const value = values[Number(at) - 1]!;
    return typeof value === 'number' ? String(value) : `'${value}'${asText ?? '::uuid'}`;
  });
