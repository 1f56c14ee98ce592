export { FactorAttempts, type Proof } from './factor-attempts.js';
export { emailFactorAddresses } from './delivered/email-factor-addresses.js';
export { code, message } from './mfa.contract.js';
export { MfaModule, MfaWorkerModule } from './mfa.module.js';
export { MfaService } from './mfa.service.js';
export { ProvenJustNowGuard } from './proven-just-now.guard.js';
export { CarriedCodes } from './verifications/carried-codes.service.js';
export { LatestCodes } from './verifications/latest-codes.service.js';
export { verificationCode } from './verifications/verifications.contract.js';
