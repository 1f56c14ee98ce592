export { AuditHttpModule, AuditModule, AuditWorkerModule } from './audit.module.js';
export { AuditService } from './audit.service.js';
export { type Jwk, type Jwks } from './chain.js';
export { verifyChain } from './chain-verifier.js';
export { PersonEvents, type PersonEvent } from './person-events.js';
export { signInCounts } from './sign-in-counts.js';
