import { MikroOrmModule } from '@mikro-orm/nestjs';
import { Module } from '@nestjs/common';
import { AuditModule } from '@app/audit';
import { DeliveryModule, NotificationsModule } from '@app/notifications';
import { TenantsModule } from '@app/tenants';
import { ContactListener } from './delivered/contact-listener.js';
import { DeliveredFactors } from './delivered/delivered-factors.service.js';
import { FactorCodes } from './delivered/factor-codes.service.js';
import { GoneRecipients } from './delivered/gone-recipients.js';
import { EnrolledFactor } from './enrolled-factor.entity.js';
import type { Factor } from './factor.js';
import { FactorAttempts } from './factor-attempts.js';
import { FactorRecords } from './factor-records.js';
import { FactorRemoval } from './factor-removal.service.js';
import { FactorRegistry } from './factor-registry.js';
import { FACTORS } from './factors/index.js';
import { MfaController } from './mfa.controller.js';
import { MfaService } from './mfa.service.js';
import { SignedFactors } from './signed/signed-factors.service.js';
import { SmsMfaController } from './sms-mfa.controller.js';
import { CarriedCodes } from './verifications/carried-codes.service.js';
import { LatestCodes } from './verifications/latest-codes.service.js';
import { Verification } from './verifications/verification.entity.js';
import { VerificationReader } from './verifications/verification-reader.js';
import { VerificationsController } from './verifications/verifications.controller.js';
import { Verifications } from './verifications/verifications.service.js';

/** For processes that deliver: who cannot be reached any more. */
@Module({ imports: [MikroOrmModule.forFeature([EnrolledFactor]), DeliveryModule], providers: [GoneRecipients] })
export class MfaWorkerModule {}

@Module({
  imports: [MikroOrmModule.forFeature([EnrolledFactor, Verification]), AuditModule, TenantsModule, NotificationsModule, MfaWorkerModule],
  controllers: [MfaController, SmsMfaController, VerificationsController],
  providers: [
    MfaService,
    FactorAttempts,
    FactorRemoval,
    FactorRecords,
    DeliveredFactors,
    FactorCodes,
    SignedFactors,
    ContactListener,
    Verifications,
    VerificationReader,
    CarriedCodes,
    LatestCodes,
    ...FACTORS,
    { provide: FactorRegistry, inject: [...FACTORS], useFactory: (...factors: Factor[]) => new FactorRegistry(factors) },
  ],
  exports: [MfaService, FactorAttempts, FactorRemoval, FactorRecords, FactorRegistry, CarriedCodes, LatestCodes, NotificationsModule],
})
export class MfaModule {}
