import { MikroOrmModule } from '@mikro-orm/nestjs';
import { Module } from '@nestjs/common';
import { AuditModule } from '@app/audit';
import { ApiKey } from './api-keys/api-key.entity.js';
import { ApiKeysController } from './api-keys/api-keys.controller.js';
import { ApiKeysService } from './api-keys/api-keys.service.js';
import { OwnApiKeyController } from './api-keys/own-api-key.controller.js';
import { IsolationController } from './isolation/isolation.controller.js';
import { IsolationProof } from './isolation/isolation-proof.js';
import { CompanyController } from './company.controller.js';
import { Tenant } from './tenant.entity.js';
import { TenantsService } from './tenants.service.js';

@Module({
  imports: [MikroOrmModule.forFeature([Tenant, ApiKey]), AuditModule],
  controllers: [CompanyController, IsolationController, ApiKeysController, OwnApiKeyController],
  providers: [TenantsService, IsolationProof, ApiKeysService],
  exports: [TenantsService, ApiKeysService],
})
export class TenantsModule {}
