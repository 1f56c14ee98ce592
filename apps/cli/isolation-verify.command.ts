import pg from 'pg';
import { config, inspectIsolation, type IsolationReport, tenantKeyMatches } from '@app/platform';
import { probeIsolation } from './isolation-probe.js';

/** Exit 0: no hole. 1: a hole. The report goes to stdout. */
export async function isolationVerify(_argv: string[]): Promise<number> {
  const client = new pg.Client({ connectionString: config.DATABASE_URL, connectionTimeoutMillis: 5_000 });
  await client.connect();
  try {
    const report = await inspectIsolation(client);
    if (!(await tenantKeyMatches(client))) report.holes.push('the database was given another TENANT_KEY than this process');
    const probes = await probeIsolation(client, report.tables.map(({ table }) => table));
    print(report, probes);
    return report.holes.length + report.tables.flatMap(({ holes }) => holes).length + Object.values(probes).flat().length === 0 ? 0 : 1;
  } finally {
    await client.end();
  }
}

function print({ role, holes, tables }: IsolationReport, probes: Record<string, string[]>) {
  const line = (text: string) => process.stdout.write(`${text}\n`);
  const row = (...cells: string[]) => line(`${cells[0]!.padEnd(16)}${cells[1]!.padEnd(10)}${cells[2]!.padEnd(8)}${cells[3]!.padEnd(20)}${cells[4]!.padEnd(18)}${cells[5]!.padEnd(30)}${cells[6]}`);
  line(`Signed in as ${role}.\n`);
  row('TABLE', 'SECURITY', 'FORCE', 'POLICIES', 'OWNER', 'GRANTS', 'PROBE');
  for (const { table, enabled, forced, policies, owner, grants } of tables)
    row(table, enabled ? 'on' : 'OFF', forced ? 'yes' : 'NO', policies.join(','), owner, grants.join(',').toLowerCase(), probes[table]?.length ? 'HOLE' : 'nothing crosses');
  const found = [...holes, ...tables.flatMap((table) => table.holes.map((hole) => `${table.table}: ${hole}`)), ...Object.entries(probes).flatMap(([table, list]) => list.map((hole) => `${table}: ${hole}`))];
  line(found.length === 0 ? `\nNo hole in ${tables.length} tables.` : `\n${found.length} ${found.length === 1 ? 'hole' : 'holes'}:\n${found.map((hole) => `  ${hole}`).join('\n')}`);
}
