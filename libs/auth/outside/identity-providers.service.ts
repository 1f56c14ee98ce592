import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { AuditService } from '@app/audit';
import { config, RequestContext } from '@app/platform';
import type { PutProvider, ProviderView } from './identity-providers.contract.js';
import { IdentityProvider, openSecret, sealSecret } from './identity-provider.entity.js';
import { type Client, OpenId } from './open-id.js';
import { IdentityError } from './outside.errors.js';

const MOST_PROVIDERS = 20;

/** An address for each provider: what one of them sends back is never taken for another's (RFC 9700 §4.4.2.2). */
export const redirectUri = (providerId: string) => `${config.PUBLIC_URL.replace(/\/$/, '')}/api/auth/oidc/callback/${providerId}`;

export const clientOf = (provider: IdentityProvider): Client => ({
  issuer: provider.issuer,
  clientId: provider.clientId,
  secret: openSecret(provider),
});

/** The providers of a company. Their secrets go in and are never read back. */
@Injectable()
export class IdentityProvidersService {
  constructor(
    private readonly context: RequestContext,
    private readonly openId: OpenId,
    private readonly audit: AuditService,
  ) {}

  async list(): Promise<ProviderView[]> {
    const rows = await this.context.transaction((em) => em.find(IdentityProvider, { kind: 'oidc' }, { orderBy: { name: 'asc' } }));
    return rows.map(view);
  }

  /** @throws identity.provider_not_found */
  async get(name: string): Promise<ProviderView> {
    return view(await this.named(name));
  }

  /** One that people may come from now. @throws identity.provider_not_found, for one that is switched off, too */
  async open(which: { name: string } | { id: string }): Promise<IdentityProvider> {
    const provider = await this.context.transaction((em) => em.findOne(IdentityProvider, { ...which, kind: 'oidc' }));
    if (!provider?.settings.is_enabled) throw IdentityError.providerNotFound();
    return provider;
  }

  /** @throws identity.provider_refused when it does not answer as a provider does */
  async put(name: string, { issuer, client_id: clientId, client_secret, ...settings }: PutProvider): Promise<ProviderView> {
    const before = await this.context.transaction((em) => em.findOne(IdentityProvider, { kind: 'oidc', name }));
    // A secret stays behind where the settings lead elsewhere: whoever may not read it must not have it sent to themselves.
    const isSame = before?.issuer === issuer && before.clientId === clientId;
    const secret = client_secret === undefined ? (isSame ? openSecret(before) : null) : client_secret;
    await this.openId.tryOut({ issuer, clientId, secret });
    return this.context.transaction(async (em) => {
      await em.execute('select from tenant for update');
      const stored = await em.findOne(IdentityProvider, { kind: 'oidc', name });
      if (!stored && (await em.count(IdentityProvider, { kind: 'oidc' })) >= MOST_PROVIDERS)
        throw IdentityError.tooManyProviders({ detail: `A company has at most ${MOST_PROVIDERS} identity providers.` });
      const id = stored?.id ?? uuidv7();
      const values = {
        issuer,
        clientId,
        secret: secret === null ? null : sealSecret(this.context.tenantId!, id, secret),
        settings,
        updatedAt: new Date(),
      };
      const provider = stored ? em.assign(stored, values) : em.create(IdentityProvider, { id, name, ...values });
      this.audit.record('company.identity_provider_set', {
        targetId: id,
        details: { provider: name, issuer, client_id: clientId, enabled: settings.is_enabled, just_in_time: settings.just_in_time },
      });
      await em.flush();
      return view(provider);
    });
  }

  /** Whoever is under way to it does not arrive. Links stay: they are the issuer's, and who sets it up again finds them. @throws identity.provider_not_found */
  remove(name: string): Promise<void> {
    return this.context.transaction(async (em) => {
      const provider = await em.findOne(IdentityProvider, { kind: 'oidc', name });
      if (!provider) throw IdentityError.providerNotFound();
      em.remove(provider);
      this.audit.record('company.identity_provider_removed', {
        targetId: provider.id,
        details: { provider: name, issuer: provider.issuer },
      });
    });
  }

  private async named(name: string): Promise<IdentityProvider> {
    const provider = await this.context.transaction((em) => em.findOne(IdentityProvider, { kind: 'oidc', name }));
    if (!provider) throw IdentityError.providerNotFound();
    return provider;
  }
}

const view = ({ id, name, issuer, clientId, secret, settings, createdAt, updatedAt }: IdentityProvider): ProviderView => ({
  name,
  issuer,
  client_id: clientId,
  has_secret: secret != null,
  ...settings,
  redirect_uri: redirectUri(id),
  created_at: createdAt.toISOString(),
  updated_at: updatedAt.toISOString(),
});
