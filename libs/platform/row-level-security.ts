import { Injectable, type OnModuleInit } from '@nestjs/common';
import { ConfigError } from './config.js';
import { HotStatements } from './hot-statements.js';
import { inspectIsolation, isMigrated, tenantKeyMatches } from './isolation.js';

/** Refuses to start while any tenant's table is readable across tenants by the role we connect as. */
@Injectable()
export class RowLevelSecurity implements OnModuleInit {
  private checked: Promise<void> | undefined;

  constructor(private readonly statements: HotStatements) {}

  /** May be awaited by whoever must not touch the database before. @throws ConfigError */
  onModuleInit(): Promise<void> {
    return (this.checked ??= this.check());
  }

  private async check() {
    const { role, roleHoles, holes, tables } = await inspectIsolation(this.statements.pool);
    if (roleHoles.length > 0)
      throw new ConfigError(
        `DATABASE_URL signs in as ${role}, but ${roleHoles.join('; ')}: companies would not be kept apart. Use the role that \`npm run migrate\` made, which owns nothing.`,
      );
    const found = [...holes, ...tables.flatMap((table) => table.holes.map((hole) => `${table.table}: ${hole}`))];
    if (found.length > 0)
      throw new ConfigError(
        `Companies would not be kept apart. \`npm run watchword -- isolation verify\` shows the whole picture; found:\n${found.map((hole) => `  ${hole}`).join('\n')}`,
      );
    if (!(await tenantKeyMatches(this.statements.pool)))
      throw new ConfigError(
        'The database was given another TENANT_KEY. Set the one it was migrated with, or, to change it on purpose, run `npm run migrate` with this one.',
      );
  }

  /** True when every migration this build knows has run. */
  isMigrated(): Promise<boolean> {
    return isMigrated(this.statements.pool);
  }
}
