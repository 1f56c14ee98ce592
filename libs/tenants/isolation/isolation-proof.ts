import { Injectable } from '@nestjs/common';
import type { PoolClient } from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { HotStatements, inspectIsolation, RequestContext, signTenant } from '@app/platform';
import type { IsolationView } from './isolation.contract.js';

type Probed = IsolationView['own_probe'];

/** Of one table. With an index that begins with the company, a stranger's look at a table is over at once. */
const PATIENCE_MS = 500;
/** Rows of the company's own that are looked at in each table. */
const SAMPLE = 1_000;
/** No row may be read, or it took too long: nothing is known, and nothing crossed. */
const NOTHING_KNOWN = ['42501', '57014'];

/** The report of `watchword isolation verify`, as far as the role of requests can see it and one company may. */
@Injectable()
export class IsolationProof {
  constructor(
    private readonly statements: HotStatements,
    private readonly context: RequestContext,
  ) {}

  async now(): Promise<IsolationView> {
    const { role, roleHoles, holes, tables } = await inspectIsolation(this.statements.pool);
    const probes = await this.probe(tables.map(({ table }) => table));
    const every = [...roleHoles.map((hole) => `${role}: ${hole}`), ...holes];
    return {
      checked_at: new Date().toISOString(),
      role,
      ok: every.length === 0 && tables.every((table) => table.holes.length === 0) && !Object.values(probes).includes('failed'),
      holes: every,
      own_probe: overall(Object.values(probes)),
      tables: tables.map(({ table, enabled, forced, policies, owner, grants, holes: found }) => ({
        table,
        row_level_security: enabled,
        forced,
        policies,
        owner,
        privileges: grants,
        holes: found,
        probe: probes[table]!,
      })),
    };
  }

  /** In a transaction that may write nothing: as a company that nobody has, and as this one. */
  private probe(tables: string[]): Promise<Record<string, Probed>> {
    const own = this.context.tenantId!;
    return this.statements.boundTo(signTenant(uuidv7()), async (client) => {
      await client.query(`set local statement_timeout = ${PATIENCE_MS}`);
      const strange = await each(client, tables, (table) => `select exists (select from ${client.escapeIdentifier(table)}) as crossed`);
      await client.query({ name: 'bind_tenant', text: `select set_config('app.tenant', $1, true)`, values: [this.context.tenant] });
      const others = await each(
        client,
        tables,
        (table) =>
          `select exists (select from (select ${keyOf(table)} as company from ${client.escapeIdentifier(table)} limit ${SAMPLE}) seen where seen.company <> $1) as crossed`,
        [own],
      );
      return Object.fromEntries(tables.map((table) => [table, both(strange[table]!, others[table]!)]));
    });
  }
}

const keyOf = (table: string) => (table === 'tenant' ? 'id' : 'tenant_id');

async function each(
  client: PoolClient,
  tables: string[],
  text: (table: string) => string,
  values: string[] = [],
): Promise<Record<string, Probed>> {
  const found: Record<string, Probed> = {};
  for (const table of tables) {
    await client.query('savepoint probe');
    try {
      const { rows } = await client.query<{ crossed: boolean }>(text(table), values);
      found[table] = rows[0]!.crossed ? 'failed' : 'passed';
    } catch (error) {
      if (!NOTHING_KNOWN.includes((error as { code?: string }).code ?? '')) throw error;
      found[table] = 'not_probed';
    }
    await client.query('rollback to savepoint probe');
  }
  return found;
}

/** Of the two looks at one table. */
const both = (one: Probed, other: Probed): Probed =>
  (['failed', 'not_probed'] as const).find((outcome) => [one, other].includes(outcome)) ?? 'passed';

function overall(probes: Probed[]): Probed {
  if (probes.includes('failed')) return 'failed';
  return probes.includes('passed') ? 'passed' : 'not_probed';
}
