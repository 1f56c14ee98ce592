import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { HotStatements, RequestContext, signLookup } from '@app/platform';
import { canonicalDomain, TenantsService } from '@app/tenants';
import { FIND_COMPANY } from '../outside/identity-flow.entity.js';
import { IdentityProvider } from '../outside/identity-provider.entity.js';
import type { SignInOptions } from './sign-in-options.contract.js';

/** What stands on a login page before anybody has said who they are. */
@Injectable()
export class SignInOptionsService {
  constructor(
    private readonly context: RequestContext,
    private readonly statements: HotStatements,
    private readonly tenants: TenantsService,
  ) {}

  /**
   * Strangers learn the name of no company but one with an identity provider, whose domain the way to that provider tells anyway: all
   * others are answered as a domain that nobody has, after as much work.
   */
  async of(domain: string): Promise<SignInOptions> {
    const canonical = canonicalDomain(domain);
    const { tenant_id } = canonical ? await this.statements.one(FIND_COMPANY, [canonical, signLookup(canonical)]) : { tenant_id: null };
    const { providers, name } = await this.context.runAs(tenant_id ?? uuidv7(), () =>
      this.context.transaction(async (em) => {
        const rows = await em.find(IdentityProvider, { kind: 'oidc' }, { orderBy: { name: 'asc' } });
        const enabled = rows.filter(({ settings }) => settings.is_enabled);
        return { providers: enabled, name: enabled.length > 0 ? (await this.tenants.profile(em)).name : null };
      }),
    );
    return {
      company_domain: canonical ?? domain,
      company_name: name,
      identity_providers: providers.map(({ name: id, settings: { display_name } }) => ({
        name: id,
        ...(display_name !== undefined && { display_name }),
      })),
      password: true,
      passkeys: true,
    };
  }
}
