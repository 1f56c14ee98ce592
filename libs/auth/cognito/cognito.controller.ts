import { Body, Controller, Delete, Get, Put } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import { message } from '@app/mfa';
import { CurrentCaller, ProvenJustNow, Returns, Roles, type UserCaller } from '@app/platform';
import * as contract from './cognito.contract.js';
import { CognitoPools } from './cognito-pools.service.js';

@ApiTags('Outside identity')
@ApiBearerAuth()
@Controller('api/company/cognito')
@Roles('admin')
export class CognitoController {
  constructor(private readonly pools: CognitoPools) {}

  @Get()
  @ApiOperation({
    summary: 'The Cognito user pool that my people may have their passwords in, without its secret',
    operationId: 'getCognito',
  })
  @Returns(contract.cognitoView)
  get() {
    return this.pools.get();
  }

  @Put()
  @ProvenJustNow('any_factor')
  @ApiOperation({ summary: 'Set the user pool up, and say who is asked for passwords; it is tried out', operationId: 'putCognito' })
  @Returns(contract.cognitoView)
  put(@CurrentCaller() caller: UserCaller, @Body({ schema: contract.putCognito }) request: contract.PutCognito) {
    return this.pools.put(caller, request);
  }

  @Delete()
  @ApiOperation({ summary: 'Forget the user pool: passwords are looked for here alone', operationId: 'removeCognito' })
  @Returns(message)
  async remove() {
    await this.pools.remove();
    return { message: 'The user pool is forgotten', detail: null };
  }
}
