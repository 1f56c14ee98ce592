import { Module } from '@nestjs/common';
import { AuditHttpModule } from '@app/audit';
import { AuthModule } from '@app/auth';
import { NotificationsModule } from '@app/notifications';
import { PlatformModule } from '@app/platform';

@Module({ imports: [PlatformModule, AuthModule, NotificationsModule, AuditHttpModule] })
export class AppModule {}
