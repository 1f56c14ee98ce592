import { defineEntity, p } from '@mikro-orm/core';
import type { CompanyPolicy } from './tenant.contract.js';

const schema = defineEntity({
  name: 'Tenant',
  tableName: 'tenant',
  properties: {
    id: p.uuid().primary(),
    name: p.string(),
    domain: p.string(),
    policy: p.json<Partial<CompanyPolicy>>(),
    createdAt: p.datetime().defaultRaw('now()'),
  },
  policies: [{ name: 'tenant', using: 'id = ( SELECT app.current_tenant() AS current_tenant)' }],
  rowLevelSecurity: 'force',
});

/** A company. On the wire it is called a company; here, what owns the data is called a tenant. */
export class Tenant extends schema.class {}
schema.setClass(Tenant);
