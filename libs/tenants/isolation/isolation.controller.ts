import { Controller, Get } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Costly, Returns, Roles } from '@app/platform';
import { isolationReport } from './isolation.contract.js';
import { IsolationProof } from './isolation-proof.js';

@ApiTags('Company')
@ApiBearerAuth()
@Controller('api/company/isolation')
@Roles('admin')
@Costly(true)
export class IsolationController {
  constructor(private readonly proof: IsolationProof) {}

  @Get()
  @ApiOperation({ summary: "What keeps other companies from my company's data, looked at now", operationId: 'getIsolation' })
  @Returns(isolationReport)
  get() {
    return this.proof.now();
  }
}
