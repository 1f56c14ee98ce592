import { readFileSync } from 'node:fs';
import { Migration } from '@mikro-orm/migrations';

export class Migration20261121154000_api_key_rotation extends Migration {
  override up() {
    this.addSql(readFileSync(new URL('16-api-key-rotation.sql', import.meta.url), 'utf8'));
  }

  override down() {
    this.addSql('alter table public.api_key drop column rotated_to');
  }
}
