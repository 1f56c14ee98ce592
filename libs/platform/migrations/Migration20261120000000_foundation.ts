import { readFileSync } from 'node:fs';
import { Migration } from '@mikro-orm/migrations';

const PARTS = ['01-tenancy.sql', '02-audit.sql', '03-auth.sql', '04-mfa.sql'];

export class Migration20261120000000_foundation extends Migration {
  override up() {
    for (const part of PARTS) this.addSql(readFileSync(new URL(part, import.meta.url), 'utf8'));
  }

  override down() {
    this.addSql('drop schema app, system, directory, private cascade');
    this.addSql('drop table audit_head, audit_chain, audit_event, mfa_factor, sign_in, session, user_account, tenant cascade');
  }
}
