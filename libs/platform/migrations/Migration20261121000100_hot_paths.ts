import { readFileSync } from 'node:fs';
import { Migration } from '@mikro-orm/migrations';

/** Replaces bodies of functions and rewrites policies of the same meaning: there is nothing to go back for. */
export class Migration20261121000100_hot_paths extends Migration {
  override up() {
    this.addSql(readFileSync(new URL('06-hot-paths.sql', import.meta.url), 'utf8'));
  }
}
