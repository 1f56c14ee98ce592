import { defineEntity, p } from '@mikro-orm/core';
import { statement, tenantOwned } from '@app/platform';

const schema = defineEntity({
  name: 'ApiKey',
  tableName: 'api_key',
  ...tenantOwned({
    name: p.string(),
    scopes: p.array(),
    secretHash: p.blob().lazy(),
    hint: p.string(),
    createdBy: p.uuid().nullable(),
    lastUsedAt: p.datetime().nullable(),
    expiresAt: p.datetime().nullable(),
    revokedAt: p.datetime().nullable(),
    rotatedTo: p.uuid().nullable(),
  }),
});

/** What an application of the company calls with. Its text is shown once and kept nowhere. */
export class ApiKey extends schema.class {}
schema.setClass(ApiKey);

export interface CheckedApiKey {
  name: string;
  scopes: string[];
  company_name: string;
  policy: unknown;
}

export const CHECK_API_KEY = statement<CheckedApiKey>('api_key_check', 'select * from app.api_key_check($1, $2, $3)');
