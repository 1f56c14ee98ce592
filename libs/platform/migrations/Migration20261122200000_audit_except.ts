import { readFileSync } from 'node:fs';
import { Migration } from '@mikro-orm/migrations';

export class Migration20261122200000_audit_except extends Migration {
  override up() {
    this.addSql(readFileSync(new URL('23-audit-except.sql', import.meta.url), 'utf8'));
  }
}
