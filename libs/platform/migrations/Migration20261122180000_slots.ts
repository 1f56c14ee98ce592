import { readFileSync } from 'node:fs';
import { Migration } from '@mikro-orm/migrations';

export class Migration20261122180000_slots extends Migration {
  override up() {
    this.addSql(readFileSync(new URL('18-slots.sql', import.meta.url), 'utf8'));
  }

  override down() {
    this.addSql('drop function app.verification_create_in_slot');
    this.addSql('drop index user_account_local_part');
    this.addSql('alter table verification drop column slot');
  }
}
