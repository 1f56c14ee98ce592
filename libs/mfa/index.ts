export { FactorAttempts, type Proof } from './factor-attempts.js';
export { code, message } from './mfa.contract.js';
export { MfaModule, MfaWorkerModule } from './mfa.module.js';
export { MfaService } from './mfa.service.js';
export { provenEnough } from './proven-enough.js';
