import { MikroOrmModule } from '@mikro-orm/nestjs';
import { Module } from '@nestjs/common';
import { AuditController } from './audit.controller.js';
import { AuditEvent } from './audit-event.entity.js';
import { AuditReader } from './audit-reader.js';
import { AuditSealer } from './audit-sealer.js';
import { AuditService } from './audit.service.js';
import { PersonEvents } from './person-events.js';

@Module({
  imports: [MikroOrmModule.forFeature([AuditEvent])],
  providers: [AuditService, PersonEvents],
  exports: [AuditService, PersonEvents],
})
export class AuditModule {}

/** The HTTP half, for the API process. */
@Module({ controllers: [AuditController], providers: [AuditReader] })
export class AuditHttpModule {}

/** The half that seals, for the worker process. */
@Module({ providers: [AuditSealer], exports: [AuditSealer] })
export class AuditWorkerModule {}
