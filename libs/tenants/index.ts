export { canonicalDomain, type CompanyPolicy, demandsFactor } from './tenant.contract.js';
export { Tenant } from './tenant.entity.js';
export { TenantsModule } from './tenants.module.js';
export { TenantsService } from './tenants.service.js';
