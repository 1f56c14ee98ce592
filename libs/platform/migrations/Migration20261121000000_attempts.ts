import { readFileSync } from 'node:fs';
import { Migration } from '@mikro-orm/migrations';

export class Migration20261121000000_attempts extends Migration {
  override up() {
    this.addSql(readFileSync(new URL('05-attempts.sql', import.meta.url), 'utf8'));
  }
}
