export { CHECK_API_KEY } from './api-keys/api-key.entity.js';
export { ApiKeysService } from './api-keys/api-keys.service.js';
export { readApiKey } from './api-keys/api-key-text.js';
export { canonicalDomain } from './domain.js';
export {
  type AuthProvider,
  authProviderOf,
  type CompanyPolicy,
  demandsFactor,
  demandsPhishingResistant,
  demandsVerifiedEmail,
  policyOf,
  allowedFactorsOf,
  rememberDaysOf,
  sessionHoursOf,
} from './tenant.contract.js';
export { Tenant } from './tenant.entity.js';
export { TenantsModule } from './tenants.module.js';
export { type CompanyProfile, TenantsService } from './tenants.service.js';
