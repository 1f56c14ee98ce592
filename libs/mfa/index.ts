export { sealState } from './enrolled-factor.entity.js';
export { FactorAttempts, type Proof } from './factor-attempts.js';
export { FactorRecords } from './factor-records.js';
export { totpStateOf } from './factors/totp/totp.factor.js';
export { code, message } from './mfa.contract.js';
export { MfaModule, MfaWorkerModule } from './mfa.module.js';
export { MfaService } from './mfa.service.js';
