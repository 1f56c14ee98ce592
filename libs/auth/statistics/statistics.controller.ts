import { Controller, Get, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Costly, CurrentCaller, Returns, Roles, type UserCaller } from '@app/platform';
import * as contract from './statistics.contract.js';
import { StatisticsService } from './statistics.service.js';

@ApiTags('Company')
@ApiBearerAuth()
@Controller('api/company/statistics')
@Roles('manager')
@Costly(true)
export class StatisticsController {
  constructor(private readonly statistics: StatisticsService) {}

  @Get()
  @ApiOperation({ summary: 'Sign-ins, messages, costs and conversion, by day (UTC)', operationId: 'getStatistics' })
  @Returns(contract.statistics)
  get(@CurrentCaller() { policy }: UserCaller, @Query({ schema: contract.statisticsQuery }) period: contract.Period) {
    return this.statistics.of(period, policy);
  }
}
