import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { AuditService } from '@app/audit';
import { RequestContext, type UserCaller } from '@app/platform';
import { authProviderOf, TenantsService } from '@app/tenants';
import { IdentityLink } from '../outside/identity-link.entity.js';
import { IdentityProvider, openSecret, sealSecret } from '../outside/identity-provider.entity.js';
import type { ProviderSettings } from '../outside/identity-providers.contract.js';
import { IdentityError } from '../outside/outside.errors.js';
import { type CognitoSettings, type CognitoView, type PutCognito, readSettings } from './cognito.contract.js';
import { issuerOf, type Pool, UserPools } from './user-pool.js';

export interface CompanyPool {
  /** Of its row. */
  id: string;
  tenantId: string;
  name: string;
  settings: CognitoSettings;
  pool: Pool;
}

/** Its kind, and what the trail calls it. */
export const POOL = 'cognito';
const WHICH = { kind: POOL, name: POOL } as const;

/** The one user pool of a company, and whether its people's passwords are there. */
@Injectable()
export class CognitoPools {
  constructor(
    private readonly context: RequestContext,
    private readonly pools: UserPools,
    private readonly tenants: TenantsService,
    private readonly audit: AuditService,
  ) {}

  /** The current company's, where it has one. */
  async current(): Promise<CompanyPool | undefined> {
    const row = await this.context.transaction((em) => em.findOne(IdentityProvider, WHICH));
    if (!row) return undefined;
    const { id, tenantId, name, settings } = row;
    return { id, tenantId, name, settings: readSettings(settings), pool: poolOf(row) };
  }

  /** @throws identity.provider_not_found */
  get(): Promise<CognitoView> {
    return this.context.transaction(async (em) => {
      const row = await em.findOne(IdentityProvider, WHICH);
      if (!row) throw IdentityError.providerNotFound();
      return view(row, authProviderOf((await this.tenants.profile(em)).policy));
    });
  }

  /** @throws identity.provider_refused when the pool does not answer as one, identity.sign_in_there_first */
  async put(caller: UserCaller, request: PutCognito): Promise<CognitoView> {
    const { auth_provider, user_pool_id, client_id: clientId, client_secret, ...settings } = request;
    const issuer = issuerOf({ id: user_pool_id });
    const before = await this.context.transaction((em) => em.findOne(IdentityProvider, WHICH));
    // As of OpenID providers: a secret is not carried over to where it does not belong.
    const isSame = before?.issuer === issuer && before.clientId === clientId;
    const secret = client_secret === undefined ? (isSame ? openSecret(before) : null) : client_secret;
    await this.pools.tryOut({ id: user_pool_id, clientId, secret });
    return this.context.transaction(async (em) => {
      await this.tenants.decideIn(em, { auth_provider });
      // Whoever makes it the only way in must have come that way: a mistake would lock the company's administrators out.
      if (auth_provider === 'cognito' && (await em.count(IdentityLink, { userId: caller.id, issuer })) === 0)
        throw IdentityError.signInThereFirst();
      const stored = await em.findOne(IdentityProvider, WHICH);
      const id = stored?.id ?? uuidv7();
      const values = {
        issuer,
        clientId,
        secret: secret === null ? null : sealSecret(this.context.tenantId!, id, secret),
        settings: settings as unknown as ProviderSettings,
        updatedAt: new Date(),
      };
      const row = stored ? em.assign(stored, values) : em.create(IdentityProvider, { id, ...WHICH, ...values });
      this.audit.record('company.identity_provider_set', {
        targetId: id,
        details: { provider: POOL, issuer, client_id: clientId, auth_provider, just_in_time: settings.just_in_time },
      });
      await em.flush();
      return view(row, auth_provider);
    });
  }

  /** Passwords are looked for here alone. Links stay, as those of OpenID providers do. @throws identity.provider_not_found */
  remove(): Promise<void> {
    return this.context.transaction(async (em) => {
      await this.tenants.decideIn(em, { auth_provider: 'native' });
      const row = await em.findOne(IdentityProvider, WHICH);
      if (!row) throw IdentityError.providerNotFound();
      em.remove(row);
      this.audit.record('company.identity_provider_removed', { targetId: row.id, details: { provider: POOL, issuer: row.issuer } });
    });
  }
}

const poolIdOf = ({ issuer }: IdentityProvider) => issuer.slice(issuer.lastIndexOf('/') + 1);
const poolOf = (row: IdentityProvider): Pool => ({ id: poolIdOf(row), clientId: row.clientId, secret: openSecret(row) });

const view = (row: IdentityProvider, auth_provider: CognitoView['auth_provider']): CognitoView => ({
  auth_provider,
  user_pool_id: poolIdOf(row),
  client_id: row.clientId,
  has_secret: row.secret != null,
  issuer: row.issuer,
  ...readSettings(row.settings),
  created_at: row.createdAt.toISOString(),
  updated_at: row.updatedAt.toISOString(),
});
