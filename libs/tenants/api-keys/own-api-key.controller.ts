import { Controller, Get } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { type ApplicationCaller, CurrentCaller, Returns, Scopes } from '@app/platform';
import { ownApiKey } from './api-keys.contract.js';

/** For integrators: is the key right, whose is it, and what may it do? */
@ApiTags('Applications')
@Controller('api/api-key')
export class OwnApiKeyController {
  @Get()
  @Scopes()
  @ApiOperation({ summary: 'Which company and scopes this API key has', operationId: 'getOwnApiKey' })
  @Returns(ownApiKey)
  get(@CurrentCaller() { id, name, scopes, tenantId, companyName }: ApplicationCaller) {
    return { id, name, scopes, company_id: tenantId, company_name: companyName };
  }
}
