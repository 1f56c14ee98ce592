import { readFileSync } from 'node:fs';
import { Migration } from '@mikro-orm/migrations';

export class Migration20261122190000_reads extends Migration {
  override up() {
    this.addSql(readFileSync(new URL('21-reads.sql', import.meta.url), 'utf8'));
  }

  override down() {
    this.addSql('drop index public.verification_of_company');
    this.addSql('drop index public.delivery_of_company');
  }
}
