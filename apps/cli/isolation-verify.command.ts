import pg from 'pg';
import { config, inspectIsolation, type IsolationReport, tenantKeyMatches } from '@app/platform';
import { probeIsolation } from './isolation-probe.js';

type Row = [table: string, security: string, force: string, policies: string, owner: string, grants: string, probe: string];

const HEADINGS: Row = ['TABLE', 'SECURITY', 'FORCE', 'POLICIES', 'OWNER', 'THIS ROLE MAY', 'PROBE'];

/** Exit 0: no hole. 1: a hole. The report goes to stdout. */
export async function isolationVerify(_argv: string[]): Promise<number> {
  const client = new pg.Client({
    connectionString: config.DATABASE_URL,
    connectionTimeoutMillis: 5_000,
    application_name: 'watchword-isolation',
  });
  await client.connect();
  try {
    const report = await inspectIsolation(client);
    const keyMatches = await tenantKeyMatches(client);
    if (!keyMatches) report.holes.push('the database was given another TENANT_KEY than this process, so nothing can be probed');
    const probes = keyMatches
      ? await probeIsolation(
          client,
          report.tables.map(({ table }) => table),
        )
      : undefined;
    const found = everyHole(report, probes ?? {});
    process.stdout.write(`${describe(report, probes)}\n\n${verdict(report, found)}\n`);
    return found.length === 0 ? 0 : 1;
  } finally {
    await client.end();
  }
}

function everyHole({ role, roleHoles, holes, tables }: IsolationReport, probes: Record<string, string[]>): string[] {
  return [
    ...roleHoles.map((hole) => `${role}: ${hole}`),
    ...holes,
    ...tables.flatMap(({ table, holes }) => holes.map((hole) => `${table}: ${hole}`)),
    ...Object.entries(probes).flatMap(([table, crossings]) => crossings.map((crossing) => `${table}: ${crossing}`)),
  ];
}

function describe({ role, tables }: IsolationReport, probes: Record<string, string[]> | undefined): string {
  const rows = tables.map(({ table, enabled, forced, policies, owner, grants }): Row => [
    table,
    enabled ? 'on' : 'OFF',
    forced ? 'yes' : 'NO',
    policies.join(' ') || 'NONE',
    owner,
    grants.join(' ').toLowerCase() || 'nothing',
    !probes ? 'not probed' : probes[table]!.length > 0 ? 'CROSSED' : 'nothing crosses',
  ]);
  const widths = HEADINGS.map((_, at) => Math.max(...[HEADINGS, ...rows].map((row) => row[at]!.length)));
  const line = (row: Row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at]!))
      .join('  ')
      .trimEnd();
  return [`Signed in as ${role}.`, '', ...[HEADINGS, ...rows].map(line)].join('\n');
}

function verdict({ tables }: IsolationReport, found: string[]): string {
  if (found.length === 0) return `No hole: the companies in ${tables.length} tables are kept apart.`;
  return `${found.length} ${found.length === 1 ? 'hole' : 'holes'}:\n${found.map((hole) => `  ${hole}`).join('\n')}`;
}
