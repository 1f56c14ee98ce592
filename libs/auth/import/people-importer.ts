import { Injectable } from '@nestjs/common';
import type { PoolClient } from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { sealState } from '@app/mfa';
import { HotStatements, signLookup, signTenant, statement } from '@app/platform';
import { canonicalDomain } from '@app/tenants';
import type { ImportedPerson } from './import-line.js';

const FIND = statement<{ id: string | null }>('company_find', 'select app.company_find($1, $2) as id');

/** A batch's place in the file. `run` names the import, so that a batch is known again when its answer got lost. */
export interface BatchPlace {
  run: string;
  firstLine: number;
  lastLine: number;
}

/** People of one company from elsewhere, batch by batch, each in one transaction under the company's policies. */
@Injectable()
export class PeopleImporter {
  constructor(private readonly statements: HotStatements) {}

  /** The company's id; undefined when there is none of this domain. */
  async company(domain: string): Promise<string | undefined> {
    const canonical = canonicalDomain(domain);
    if (!canonical) return undefined;
    return (await this.statements.one(FIND, [canonical, signLookup(canonical)])).id ?? undefined;
  }

  /** Which of these addresses somebody of the company has. */
  known(tenantId: string, addresses: string[]): Promise<Set<string>> {
    return this.statements.boundTo(signTenant(tenantId), (client) => known(client, addresses));
  }

  /**
   * Writes those who are not there yet, with one audit event that names them by id. `prepare` is told who was there already and comes
   * (by their place in `people`) and comes before the commit: what it writes down elsewhere holds if, and only if, `isCommitted` says so later.
   */
  write(tenantId: string, people: ImportedPerson[], place: BatchPlace, prepare: (existing: number[]) => Promise<void>): Promise<void> {
    return this.statements.boundTo(
      signTenant(tenantId),
      async (client) => {
        const given = people.map((person) => ({ id: uuidv7(), ...person }));
        const added = new Set(await insertPeople(client, tenantId, given));
        const fresh = given.filter(({ id }) => added.has(id));
        await insertFactors(client, tenantId, fresh);
        await client.query(
          `insert into audit_event (action, outcome, actor_type, details) values ('users.imported', 'success', 'system', $1)`,
          [{ run: place.run, first_line: place.firstLine, last_line: place.lastLine, people: fresh.map(({ id }) => id) }],
        );
        await prepare(given.flatMap(({ id }, at) => (added.has(id) ? [] : [at])));
      },
      'read write',
    );
  }

  /** Whether this batch was written, though nobody heard of it. */
  isCommitted(tenantId: string, { run, lastLine }: BatchPlace): Promise<boolean> {
    return this.statements.boundTo(signTenant(tenantId), async (client) => {
      const { rowCount } = await client.query(
        `select from audit_event where action = 'users.imported' and details ->> 'run' = $1 and details -> 'last_line' = to_jsonb($2::bigint) limit 1`,
        [run, lastLine],
      );
      return rowCount! > 0;
    });
  }
}

async function known(client: PoolClient, addresses: string[]): Promise<Set<string>> {
  const { rows } = await client.query<{ email: string }>({
    name: 'import_known',
    text: 'select email_canonical as email from user_account where email_canonical = any ($1)',
    values: [addresses],
  });
  return new Set(rows.map(({ email }) => email));
}

/** Ids of those who were not there. The company is written out: its default would be worked out anew for each row. */
async function insertPeople(client: PoolClient, tenantId: string, people: (ImportedPerson & { id: string })[]): Promise<string[]> {
  const { rows } = await client.query<{ id: string }>({
    name: 'import_people',
    text: `insert into user_account (id, tenant_id, email, email_canonical, email_verified_at, phone_number, full_name, role, password_hash, is_active, created_at)
      select p.id, $1, p.email, p."emailCanonical", case when p."emailVerified" then now() end, p."phoneNumber", p."fullName", p.role, p."passwordHash", p."isActive",
             coalesce(p."createdAt", now())
        from jsonb_to_recordset($2::jsonb) as p (id uuid, email text, "emailCanonical" text, "emailVerified" boolean, "phoneNumber" text, "fullName" text, role text,
                                                 "passwordHash" text, "isActive" boolean, "createdAt" timestamptz)
      on conflict (email_canonical, tenant_id) do nothing returning id`,
    values: [tenantId, JSON.stringify(people.map(({ totp: _, ...person }) => person))],
  });
  return rows.map(({ id }) => id);
}

async function insertFactors(client: PoolClient, tenantId: string, people: (ImportedPerson & { id: string })[]): Promise<void> {
  const factors = people.flatMap(({ id: user_id, totp }) => {
    if (!totp) return [];
    const id = uuidv7();
    return [{ id, user_id, label: totp.label, state: sealState(tenantId, id, totp.state) }];
  });
  if (factors.length === 0) return;
  await client.query({
    name: 'import_factors',
    text: `insert into mfa_factor (id, tenant_id, user_id, type, label, state, confirmed_at)
      select f.id, $1, f.user_id, 'totp', f.label, f.state, now()
        from jsonb_to_recordset($2::jsonb) as f (id uuid, user_id uuid, label text, state text)`,
    values: [tenantId, JSON.stringify(factors)],
  });
}
