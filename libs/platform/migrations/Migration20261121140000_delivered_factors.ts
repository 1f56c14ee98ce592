import { readFileSync } from 'node:fs';
import { Migration } from '@mikro-orm/migrations';

/** Columns that may stay, and bodies of functions: there is nothing to go back for. */
export class Migration20261121140000_delivered_factors extends Migration {
  override up() {
    this.addSql(readFileSync(new URL('12-delivered-factors.sql', import.meta.url), 'utf8'));
  }
}
