import { readFileSync } from 'node:fs';
import { Migration } from '@mikro-orm/migrations';

/** Events sealed in the second form cannot be read by what came before: there is no way back. */
export class Migration20261121150000_erasure extends Migration {
  override up() {
    this.addSql(readFileSync(new URL('13-erasure.sql', import.meta.url), 'utf8'));
  }
}
