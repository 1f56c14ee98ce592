import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiServiceUnavailableResponse, ApiTags } from '@nestjs/swagger';
import { HealthCheckService, HealthIndicatorService } from '@nestjs/terminus';
import { Public } from './caller.js';
import { HotStatements } from './hot-statements.js';
import { Unlimited } from './rate-limits.js';
import { RowLevelSecurity } from './row-level-security.js';

@ApiTags('Operations')
@Controller('health')
@Unlimited(true)
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly indicator: HealthIndicatorService,
    private readonly statements: HotStatements,
    private readonly isolation: RowLevelSecurity,
  ) {}

  @Get('live')
  @Public()
  @ApiOperation({ summary: 'The process runs', operationId: 'live' })
  @ApiOkResponse({ description: 'Alive, whatever else is down' })
  live() {
    return { status: 'ok' };
  }

  @Get('ready')
  @Public()
  @ApiOperation({ summary: 'The process can serve: database and migrations', operationId: 'ready' })
  @ApiOkResponse({ description: 'Ready' })
  @ApiServiceUnavailableResponse({ description: 'The failing part, by name' })
  ready() {
    return this.health.check([() => this.check('database', () => this.statements.pool.query('select 1')), () => this.check('migrations', () => this.isolation.isMigrated())]);
  }

  private async check(name: string, probe: () => Promise<unknown>) {
    const indicator = this.indicator.check(name);
    try {
      return (await probe()) ? indicator.up() : indicator.down();
    } catch {
      return indicator.down();
    }
  }
}
