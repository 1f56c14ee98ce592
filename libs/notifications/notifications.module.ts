import { MikroOrmModule } from '@mikro-orm/nestjs';
import { Module } from '@nestjs/common';
import { AuditModule } from '@app/audit';
import { TenantsModule } from '@app/tenants';
import { MessageTemplate } from './templates/message-template.entity.js';
import { TemplatesController } from './templates/templates.controller.js';
import { TemplatesService } from './templates/templates.service.js';

@Module({
  imports: [MikroOrmModule.forFeature([MessageTemplate]), AuditModule, TenantsModule],
  controllers: [TemplatesController],
  providers: [TemplatesService],
  exports: [TemplatesService],
})
export class NotificationsModule {}
