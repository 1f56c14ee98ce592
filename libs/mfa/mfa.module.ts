import { MikroOrmModule } from '@mikro-orm/nestjs';
import { Module } from '@nestjs/common';
import { AuditModule } from '@app/audit';
import { NotificationsModule } from '@app/notifications';
import { EnrolledFactor } from './enrolled-factor.entity.js';
import type { Factor } from './factor.js';
import { FactorAttempts } from './factor-attempts.js';
import { FactorRegistry } from './factor-registry.js';
import { FACTORS } from './factors/index.js';
import { MfaController } from './mfa.controller.js';
import { MfaService } from './mfa.service.js';
import { Verification } from './verifications/verification.entity.js';
import { VerificationReader } from './verifications/verification-reader.js';
import { VerificationsController } from './verifications/verifications.controller.js';
import { Verifications } from './verifications/verifications.service.js';

@Module({
  imports: [MikroOrmModule.forFeature([EnrolledFactor, Verification]), AuditModule, NotificationsModule],
  controllers: [MfaController, VerificationsController],
  providers: [
    MfaService,
    FactorAttempts,
    Verifications,
    VerificationReader,
    ...FACTORS,
    { provide: FactorRegistry, inject: [...FACTORS], useFactory: (...factors: Factor[]) => new FactorRegistry(factors) },
  ],
  exports: [MfaService, FactorAttempts],
})
export class MfaModule {}
