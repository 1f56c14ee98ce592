import { readFileSync } from 'node:fs';
import { Migration } from '@mikro-orm/migrations';

export class Migration20261121153000_webhooks extends Migration {
  override up() {
    this.addSql(readFileSync(new URL('15-webhooks.sql', import.meta.url), 'utf8'));
  }

  override down() {
    this.addSql('drop trigger webhooks on public.audit_event');
    this.addSql('drop trigger webhooks on public.delivery');
    this.addSql(`do $$ declare f regprocedure; begin
      for f in select p.oid from pg_proc p where p.pronamespace in ('app'::regnamespace, 'private'::regnamespace)
        and (p.proname like 'webhook\\_%' or p.proname = 'purge_webhooks')
      loop execute format('drop function %s', f); end loop; end $$`);
    this.addSql('drop table webhook_delivery, webhook_endpoint, directory.webhook_due');
  }
}
