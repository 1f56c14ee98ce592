import { setTimeout as sleep } from 'node:timers/promises';
import { Controller, Get, ServiceUnavailableException } from '@nestjs/common';
import { ApiOperation, ApiServiceUnavailableResponse, ApiTags } from '@nestjs/swagger';
import { HealthCheckService, HealthIndicatorService } from '@nestjs/terminus';
import { z } from 'zod';
import { defineErrors } from './app-error.js';
import { Public } from './caller.js';
import { HotStatements } from './hot-statements.js';
import { QueueProbe } from './queue-probe.js';
import { Unlimited } from './rate-limits.js';
import { Returns } from './returns.js';
import { RowLevelSecurity } from './row-level-security.js';

const PATIENCE_MS = 3_000;
/** Everybody may ask, as often as they like: an answer is good for so long, and whoever asks meanwhile gets the same. */
const REUSED_MS = 1_000;

const HealthError = defineErrors('health', { notReady: ['unavailable', 'This process cannot serve just now.'] });

const alive = z.object({ status: z.literal('ok') }).meta({ id: 'Alive' });
const part = z.object({ status: z.literal('up') });
const queue = z
  .object({ status: z.enum(['up', 'degraded']), redis: z.enum(['up', 'down', 'unused']) })
  .describe('degraded: Redis is down, and each worker delivers what it claims by itself; the process is ready all the same');
const isReady = z.object({ status: z.literal('ok'), details: z.object({ database: part, migrations: part, queue }) }).meta({ id: 'Ready' });

@ApiTags('Operations')
@Controller('health')
@Unlimited(true)
export class HealthController {
  private readiness: Promise<unknown> | undefined;

  constructor(
    private readonly health: HealthCheckService,
    private readonly indicator: HealthIndicatorService,
    private readonly statements: HotStatements,
    private readonly isolation: RowLevelSecurity,
    private readonly queue: QueueProbe,
  ) {}

  @Get('live')
  @Public()
  @ApiOperation({ summary: 'The process runs', operationId: 'live' })
  @Returns(alive, 200, 'Alive, whatever else is down')
  live() {
    return { status: 'ok' };
  }

  @Get('ready')
  @Public()
  @ApiOperation({ summary: 'The process can serve: database, migrations and queue', operationId: 'ready' })
  @Returns(isReady, 200, 'Ready')
  @ApiServiceUnavailableResponse({ description: 'A problem whose `errors` name the failing parts' })
  ready() {
    if (!this.readiness) {
      const forget = () => setTimeout(() => (this.readiness = undefined), REUSED_MS).unref();
      this.readiness = this.checkAll();
      this.readiness.then(forget, forget);
    }
    return this.readiness;
  }

  private async checkAll() {
    try {
      const [{ status, details }, queue] = await Promise.all([
        this.health.check([
          () => this.check('database', () => this.statements.pool.query('select 1')),
          () => this.check('migrations', () => this.isolation.isMigrated()),
        ]),
        this.queue.state(),
      ]);
      return { status, details: { ...details, queue } };
    } catch (error) {
      if (!(error instanceof ServiceUnavailableException)) throw error;
      const failing = Object.keys((error.getResponse() as { error?: object }).error ?? {});
      throw HealthError.notReady({
        detail: `Not ready: ${failing.join(', ')}.`,
        errors: failing.map((field) => ({ field, message: 'is down' })),
        retryAfter: 2,
      });
    }
  }

  private async check(name: string, probe: () => Promise<unknown>) {
    const indicator = this.indicator.check(name);
    try {
      return (await Promise.race([probe(), late()])) ? indicator.up() : indicator.down();
    } catch {
      return indicator.down();
    }
  }
}

/** A database that swallows every word is as good as none. */
const late = () => sleep(PATIENCE_MS, undefined, { ref: false });
