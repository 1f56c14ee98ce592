import { p } from '@mikro-orm/core';
import { v7 as uuidv7 } from 'uuid';

// Spelled as PostgreSQL prints it back, so that a comparison with the catalogue sees no difference.
const CURRENT_TENANT = '( SELECT app.current_tenant() AS current_tenant)';

/** A table whose rows belong to tenants: its columns, and the policy that keeps tenants apart. One never comes without the other. */
export const tenantOwned = <const P extends object>(properties: P) => ({
  properties: {
    id: p
      .uuid()
      .primary()
      .onCreate(() => uuidv7()),
    tenantId: p.uuid().defaultRaw('app.current_tenant()'),
    createdAt: p.datetime().defaultRaw('now()'),
    ...properties,
  },
  policies: [{ name: 'tenant', using: `tenant_id = ${CURRENT_TENANT}` }],
  rowLevelSecurity: 'force' as const,
});
