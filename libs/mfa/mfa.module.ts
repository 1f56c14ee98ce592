import { MikroOrmModule } from '@mikro-orm/nestjs';
import { Module } from '@nestjs/common';
import { AuditModule } from '@app/audit';
import { EnrolledFactor } from './enrolled-factor.entity.js';
import type { Factor } from './factor.js';
import { FactorAttempts } from './factor-attempts.js';
import { FactorRegistry } from './factor-registry.js';
import { FACTORS } from './factors/index.js';
import { MfaController } from './mfa.controller.js';
import { MfaService } from './mfa.service.js';

@Module({
  imports: [MikroOrmModule.forFeature([EnrolledFactor]), AuditModule],
  controllers: [MfaController],
  providers: [
    MfaService,
    FactorAttempts,
    ...FACTORS,
    { provide: FactorRegistry, inject: [...FACTORS], useFactory: (...factors: Factor[]) => new FactorRegistry(factors) },
  ],
  exports: [MfaService, FactorAttempts],
})
export class MfaModule {}
