import { Module } from '@nestjs/common';
import { AuditHttpModule } from '@app/audit';
import { AuthModule } from '@app/auth';
import { NotificationsModule } from '@app/notifications';
import { PlatformModule } from '@app/platform';
import { CompatModule } from './compat/compat.module.js';

@Module({ imports: [PlatformModule, AuthModule, NotificationsModule, AuditHttpModule, CompatModule] })
export class AppModule {}
