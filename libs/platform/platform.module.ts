import { MikroOrmModule } from '@mikro-orm/nestjs';
import { PostgreSqlDriver } from '@mikro-orm/postgresql';
import { Global, Module, StandardSchemaSerializerInterceptor } from '@nestjs/common';
import { APP_FILTER, APP_INTERCEPTOR, APP_PIPE } from '@nestjs/core';
import { TerminusModule } from '@nestjs/terminus';
import { AppErrorFilter } from './app-error.filter.js';
import { config } from './config.js';
import { databaseSocket } from './database-socket.js';
import { HealthController } from './health.controller.js';
import { HotStatements } from './hot-statements.js';
import { SHOWN_OF_A_STATEMENT } from './isolation.js';
import { MetricsController } from './metrics/metrics.controller.js';
import { ProcessMetrics } from './metrics/process-metrics.js';
import { QueueProbe } from './queue-probe.js';
import { RequestContext } from './request-context.js';
import { RequestValidation } from './request-validation.js';
import { RowLevelSecurity } from './row-level-security.js';
import { SigningKeys } from './signing-keys.js';
import { Tracing } from './tracing/tracing.js';

/**
 * The ORM writes values into its statements, and every session of our role may read the beginning of the others' statements
 * (pg_stat_activity): injected SQL would read other companies' data there. So they all begin with as much of nothing as is shown.
 */
const VEIL = `/*${' '.repeat(SHOWN_OF_A_STATEMENT)}*/ `;

@Global()
@Module({
  imports: [
    MikroOrmModule.forRootAsync({
      driver: PostgreSqlDriver,
      useFactory: () => ({
        driver: PostgreSqlDriver,
        clientUrl: config.DATABASE_URL,
        autoLoadEntities: true,
        registerRequestContext: false,
        onQuery: (sql) => VEIL + sql,
        ensureDatabase: false,
        discovery: { warnWhenNoEntities: false }, // the command line's part of the platform has none
        pool: { min: 0, max: Math.max(2, Math.ceil(config.DATABASE_POOL / 2)) },
        driverOptions: {
          stream: databaseSocket,
          connectionTimeoutMillis: 3_000,
          statement_timeout: 15_000,
          application_name: 'watchword-orm',
        },
      }),
    }),
    TerminusModule.forRoot({ logger: false }),
  ],
  controllers: [HealthController, MetricsController],
  providers: [
    RequestContext,
    HotStatements,
    RowLevelSecurity,
    SigningKeys,
    QueueProbe,
    ProcessMetrics,
    Tracing,
    AppErrorFilter,
    { provide: APP_FILTER, useExisting: AppErrorFilter },
    { provide: APP_PIPE, useClass: RequestValidation },
    { provide: APP_INTERCEPTOR, useClass: StandardSchemaSerializerInterceptor },
  ],
  exports: [RequestContext, HotStatements, RowLevelSecurity, SigningKeys, AppErrorFilter],
})
export class PlatformModule {}
