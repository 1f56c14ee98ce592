import { readFileSync } from 'node:fs';
import { Migration } from '@mikro-orm/migrations';

export class Migration20261121110000_api_keys extends Migration {
  override up() {
    this.addSql(readFileSync(new URL('09-api-keys.sql', import.meta.url), 'utf8'));
  }

  override down() {
    this.addSql('drop function app.api_key_check');
    this.addSql('drop table public.api_key');
  }
}
