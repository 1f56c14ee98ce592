import { MikroOrmModule } from '@mikro-orm/nestjs';
import { Module } from '@nestjs/common';
import { AuditModule } from '@app/audit';
import { CompanyController } from './company.controller.js';
import { Tenant } from './tenant.entity.js';
import { TenantsService } from './tenants.service.js';

@Module({
  imports: [MikroOrmModule.forFeature([Tenant]), AuditModule],
  controllers: [CompanyController],
  providers: [TenantsService],
  exports: [TenantsService],
})
export class TenantsModule {}
