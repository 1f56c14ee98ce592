import { Module } from '@nestjs/common';
import { AuditWorkerModule } from '@app/audit';
import { AuthWorkerModule } from '@app/auth';
import { MfaWorkerModule } from '@app/mfa';
import { DeliveryWorkerModule } from '@app/notifications';
import { PlatformModule } from '@app/platform';
import { Retention } from './retention.js';

/** What runs beside requests, in any number of copies. */
@Module({ imports: [AuditWorkerModule, DeliveryWorkerModule, MfaWorkerModule, AuthWorkerModule], providers: [Retention] })
export class BackgroundModule {}

@Module({ imports: [PlatformModule, BackgroundModule] })
export class WorkerModule {}
