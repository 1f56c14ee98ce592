import type pg from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { signTenant } from '@app/platform';

/** A row of company $1 in each table; $2 is its person. In the order of their foreign keys. */
const ROWS: Record<string, string> = {
  tenant: `insert into tenant (id, name, domain) values ($1, 'Isolation probe', $1::text || '.invalid')`,
  user_account: `insert into user_account (id, email, email_canonical, full_name, role) values ($2, 'probe@' || $1::text, 'probe@' || $1::text, 'Probe', 'user')`,
  session: `insert into session (id, user_id, token_hash, amr, acr, expires_at) values ($1, $2, '\\x00', '{}', '', now())`,
  sign_in: `insert into sign_in (id, user_id, expires_at) values ($1, $2, now())`,
  mfa_factor: `insert into mfa_factor (id, user_id, type, state) values ($1, $2, 'probe', '')`,
  audit_event: `insert into audit_event (id, action, outcome) values ($1, 'isolation.probe', 'success')`,
  audit_chain: `insert into audit_chain (seq, event_id, prev_hash, hash) values (1, $1, '\\x00', '\\x00')`,
  audit_head: `insert into audit_head (seq, hash, signed_at, kid, signature) values (1, '\\x00', $1::text, $2::text, '')`,
};

/**
 * Live, in a transaction that is rolled back: company A gets a row in every table; as B, as nobody and under a forged name none of
 * them may be seen, changed, deleted or imitated. Returns the holes found, by table.
 */
export async function probeIsolation(client: pg.Client, tables: string[]): Promise<Record<string, string[]>> {
  const [a, b, person] = [uuidv7(), uuidv7(), uuidv7()];
  const holes: Record<string, string[]> = Object.fromEntries(tables.map((table) => [table, []]));
  const as = (setting: string) => client.query(`select set_config('app.tenant', $1, true)`, [setting]);
  const refused = async (text: string, ids: string[]): Promise<boolean> => {
    await client.query('savepoint probe');
    try {
      const { rowCount } = await client.query(fill(text, ids));
      await client.query('rollback to probe');
      return rowCount === 0;
    } catch {
      await client.query('rollback to probe');
      return true;
    }
  };
  await client.query('begin');
  try {
    await as(signTenant(a));
    for (const table of tables) {
      const row = ROWS[table];
      if (!row) holes[table]!.push('there is no probe for this table: add one in isolation-probe.ts');
      else await client.query(fill(row, [a, person]));
    }
    const strangers = { 'another company': signTenant(b), nobody: '', 'a forged name': `${a}.${'0'.repeat(64)}`, 'an unsigned name': a };
    for (const [who, setting] of Object.entries(strangers)) {
      await as(setting);
      for (const table of tables.filter((name) => ROWS[name])) {
        const key = table === 'tenant' ? 'id' : 'tenant_id';
        const hole = (what: string) => holes[table]!.push(`${who} ${what}`);
        if (!(await refused(`select from ${table} where ${key} = $1`, [a]))) hole('sees the row');
        if (!(await refused(`update ${table} set ${key} = ${key} where ${key} = $1`, [a]))) hole('changes the row');
        if (!(await refused(`delete from ${table} where ${key} = $1`, [a]))) hole('deletes the row');
        if (!(await refused(imitation(table), [uuidv7(), person, a]))) hole('writes a row in the name of the company');
      }
    }
  } finally {
    await client.query('rollback');
  }
  return holes;
}

/** The same row, in the company's name. */
const imitation = (table: string) =>
  table === 'tenant'
    ? `insert into tenant (id, name, domain) values ($3, 'Imitation', $1::text || '.invalid')`
    : ROWS[table]!.replace(/\(([^)]*)\) values \(/, '(tenant_id, $1) values ($3, ');

/** Ids of our own making, written into the statement: each uses others of them. */
const fill = (text: string, ids: string[]) => text.replaceAll(/\$(\d)(::\w+)?/g, (_, at: string, cast = '::uuid') => `'${ids[Number(at) - 1]}'${cast}`);
