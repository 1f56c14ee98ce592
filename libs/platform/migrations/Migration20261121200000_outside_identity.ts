import { readFileSync } from 'node:fs';
import { Migration } from '@mikro-orm/migrations';

export class Migration20261121200000_outside_identity extends Migration {
  override up() {
    this.addSql(readFileSync(new URL('20-outside-identity.sql', import.meta.url), 'utf8'));
  }

  override down() {
    this.addSql(`do $$ declare f regprocedure; begin
      for f in select p.oid from pg_proc p where p.pronamespace in ('app'::regnamespace, 'private'::regnamespace)
        and p.proname = any (array['identity_flow_begin','identity_flow_return','identity_flow_arrive','identity_flow_redeem',
          'outside_step_begin','outside_step_take','outside_step_move','outside_step_end','outside_sign_in_read','outside_person','outside_sign_in_complete','outside_sign_in_challenge','purge_identity_flows'])
      loop execute format('drop function %s', f); end loop; end $$`);
    this.addSql('drop table identity_flow, identity_link, identity_provider');
  }
}
