import { readFileSync } from 'node:fs';
import { Migration } from '@mikro-orm/migrations';

/** Links, and what is told about accounts. Columns may stay, and bodies of functions: there is nothing to go back for. */
export class Migration20261122100000_accounts extends Migration {
  override up() {
    this.addSql(readFileSync(new URL('13-accounts.sql', import.meta.url), 'utf8'));
  }
}
