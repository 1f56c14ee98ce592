import { defineEntity, p } from '@mikro-orm/core';
import { seal, tenantOwned, unseal } from '@app/platform';
import type { ProviderSettings } from './identity-providers.contract.js';

const schema = defineEntity({
  name: 'IdentityProvider',
  tableName: 'identity_provider',
  ...tenantOwned({
    kind: p.text().$type<'oidc' | 'cognito'>().default('oidc'),
    name: p.text(),
    issuer: p.text(),
    clientId: p.text(),
    /** Sealed; none for a public client. */
    secret: p.text().nullable(),
    settings: p.json<ProviderSettings>(),
    updatedAt: p.datetime().defaultRaw('now()'),
  }),
});

/** An OpenID provider that a company's people may come from; or its Cognito user pool, whose settings are CognitoSettings. */
export class IdentityProvider extends schema.class {}
schema.setClass(IdentityProvider);

const place = (tenantId: string, id: string) => ({ tenant: tenantId, row: id, purpose: 'identity-provider' });
export const sealSecret = (tenantId: string, id: string, secret: string) => seal(secret, place(tenantId, id));
export const openSecret = ({ tenantId, id, secret }: IdentityProvider): string | null =>
  secret == null ? null : unseal(secret, place(tenantId, id));
