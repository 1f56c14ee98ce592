import { readFileSync } from 'node:fs';
import { Migration } from '@mikro-orm/migrations';

export class Migration20261121120000_delivery extends Migration {
  override up() {
    this.addSql(readFileSync(new URL('10-delivery.sql', import.meta.url), 'utf8'));
  }

  override down() {
    this.addSql(`do $$ declare f regprocedure; begin
      for f in select p.oid from pg_proc p where p.pronamespace in ('app'::regnamespace, 'private'::regnamespace)
        and p.proname = any (array['send_admit','person_of','delivery_put','due_put','verification_send','verification_still','verification_create','verification_check','verification_won',
          'verification_send_again','verification_cancel','due_claim','verification_due','delivery_failed','delivery_begin','delivery_finish','receipt_apply','receipt_put',
          'receipt_handled','delivery_of_attempt','message_create','due_depth','purge_deliveries','due_put','message_lock','pace_turn','doubted_enough','uuid_at'])
      loop execute format('drop function %s', f); end loop; end $$`);
    this.addSql('drop table idempotency, spend, delivery_receipt, delivery_attempt, delivery, verification, channel_settings');
    this.addSql('drop index audit_event_verification');
    this.addSql('drop table directory.due, directory.send_count, directory.pace');
  }
}
