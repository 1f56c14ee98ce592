import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import passport from 'passport';
import { type ApplicationCaller, HotStatements, signTenant } from '@app/platform';
import { CHECK_API_KEY, readApiKey } from '@app/tenants';

type Done = (error: unknown, caller?: ApplicationCaller | false) => void;

/** Passport's own base: the guard has read the key from where it stands. */
class KeyStrategy extends passport.Strategy {
  constructor(private readonly verify: (key: string, done: Done) => void) {
    super();
  }

  override authenticate(request: unknown) {
    this.verify((request as { presentedToken: string }).presentedToken, (error, caller) => {
      if (error) this.error(error);
      else if (caller) this.success(caller);
      else this.fail(401);
    });
  }
}

/** A key is worth what its row says now: read at every request, in one round trip, cached nowhere. */
@Injectable()
export class ApiKeyStrategy extends PassportStrategy(KeyStrategy, 'api-key') {
  constructor(private readonly statements: HotStatements) {
    super();
  }

  async validate(text: string): Promise<ApplicationCaller | false> {
    const key = readApiKey(text);
    if (!key) return false;
    const { tenantId, id, hash } = key;
    const [row] = await this.statements.run(CHECK_API_KEY, [signTenant(tenantId), id, hash]);
    return row
      ? { kind: 'application', id, tenantId, name: row.name, scopes: row.scopes, companyName: row.company_name, policy: row.policy }
      : false;
  }
}
