import { readFileSync } from 'node:fs';
import { Migration } from '@mikro-orm/migrations';

export class Migration20261122190000_passkeys extends Migration {
  override up() {
    this.addSql(readFileSync(new URL('22-passkeys.sql', import.meta.url), 'utf8'));
  }

  override down() {
    this.addSql('drop function app.factor_settle_enrolment, app.factor_rest, app.passkey_sign_in_begin, app.signed_attempt');
    this.addSql('drop trigger passkey_listed on mfa_factor');
    this.addSql('drop function private.passkey_listed, private.challenge_spend');
    this.addSql('drop table directory.passkey, directory.spent_challenge');
  }
}
