import { Injectable, type OnModuleInit } from '@nestjs/common';
import { ConfigError } from './config.js';
import { HotStatements } from './hot-statements.js';
import { inspectIsolation, tenantKeyMatches } from './isolation.js';
import { NEWEST } from './migrations/migrate.js';

/** Refuses to start while any tenant's table is readable across tenants by the role we connect as. */
@Injectable()
export class RowLevelSecurity implements OnModuleInit {
  constructor(private readonly statements: HotStatements) {}

  async onModuleInit() {
    const client = this.statements.pool;
    if (!(await this.isMigrated())) throw new ConfigError('The database is not up to date. Run `npm run migrate` first.');
    const { role, holes, tables } = await inspectIsolation(client);
    const found = [...holes, ...tables.flatMap((table) => table.holes.map((hole) => `${table.table}: ${hole}`))];
    if (found.length > 0)
      throw new ConfigError(`Tenants would not be kept apart: DATABASE_URL signs in as ${role}.\n${found.map((hole) => `  ${hole}`).join('\n')}\nUse the role that \`npm run migrate\` made, which owns nothing.`);
    if (!(await tenantKeyMatches(client))) throw new ConfigError('The database was given another TENANT_KEY. Run `npm run migrate` with this one.');
  }

  /** True when every migration this build knows has run. */
  async isMigrated(): Promise<boolean> {
    const { rows } = await this.statements.pool.query<{ done: boolean }>(`select to_regclass('public.migration') is not null as done`);
    if (!rows[0]?.done) return false;
    const { rows: newest } = await this.statements.pool.query('select name from public.migration where name = $1', [NEWEST]).catch((error) => {
      if (error.code === '42501') throw new ConfigError('The role of DATABASE_URL may not read the database. Run `npm run migrate`, which grants it what it needs.');
      throw error;
    });
    return newest.length > 0;
  }
}
