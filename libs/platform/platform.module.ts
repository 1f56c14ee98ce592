import { MikroOrmModule } from '@mikro-orm/nestjs';
import { PostgreSqlDriver } from '@mikro-orm/postgresql';
import { Global, Module, StandardSchemaValidationPipe, StandardSchemaSerializerInterceptor } from '@nestjs/common';
import { APP_FILTER, APP_INTERCEPTOR, APP_PIPE } from '@nestjs/core';
import { TerminusModule } from '@nestjs/terminus';
import { RequestError } from './app-error.js';
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
import { RowLevelSecurity } from './row-level-security.js';
import { SigningKeys } from './signing-keys.js';
import { Tracing } from './tracing/tracing.js';

interface Issue {
  message: string;
  path?: readonly (PropertyKey | { key: PropertyKey })[] | undefined;
}

const field = ({ path = [] }: Issue) => path.map((part) => String(typeof part === 'object' ? part.key : part)).join('.');

/** Every bad field of a request, named. */
export const invalid = (issues: readonly Issue[]) => {
  const errors = issues.slice(0, 50).map((issue) => ({ field: field(issue), message: issue.message }));
  return RequestError.invalid({
    errors,
    detail: errors.map(({ field, message }) => (field ? `${field}: ${message}` : message)).join('; '),
  });
};

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
    { provide: APP_PIPE, useValue: new StandardSchemaValidationPipe({ exceptionFactory: (issues) => invalid(issues) }) },
    { provide: APP_INTERCEPTOR, useClass: StandardSchemaSerializerInterceptor },
  ],
  exports: [RequestContext, HotStatements, RowLevelSecurity, SigningKeys, AppErrorFilter],
})
export class PlatformModule {}
