import { readFileSync } from 'node:fs';
import { Migration } from '@mikro-orm/migrations';

export class Migration20261121130000_templates extends Migration {
  override up() {
    this.addSql(readFileSync(new URL('11-templates.sql', import.meta.url), 'utf8'));
  }

  override down() {
    this.addSql('drop table message_template');
  }
}
