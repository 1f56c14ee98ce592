import { Module } from '@nestjs/common';
import { AuditHttpModule } from '@app/audit';
import { AuthModule } from '@app/auth';
import { PlatformModule } from '@app/platform';

@Module({ imports: [PlatformModule, AuthModule, AuditHttpModule] })
export class AppModule {}
