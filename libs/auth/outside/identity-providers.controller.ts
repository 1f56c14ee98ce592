import { Body, Controller, Delete, Get, Param, Put } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import { message } from '@app/mfa';
import { ProvenJustNow, Returns, Roles } from '@app/platform';
import * as contract from './identity-providers.contract.js';
import { IdentityProvidersService } from './identity-providers.service.js';

@ApiTags('Outside identity')
@ApiBearerAuth()
@Controller('api/company/identity-providers')
@Roles('admin')
export class IdentityProvidersController {
  constructor(private readonly providers: IdentityProvidersService) {}

  @Get()
  @ApiOperation({ summary: 'The OpenID providers that my people may come from', operationId: 'listIdentityProviders' })
  @Returns(contract.providerList)
  async list() {
    return { data: await this.providers.list(), next_cursor: null };
  }

  @Get(':name')
  @ApiOperation({ summary: 'One of them, without its secret', operationId: 'getIdentityProvider' })
  @Returns(contract.providerView)
  get(@Param('name', { schema: contract.providerName }) name: string) {
    return this.providers.get(name);
  }

  @Put(':name')
  @ProvenJustNow('any_factor')
  @ApiOperation({ summary: 'Set an OpenID provider up; its metadata is looked at', operationId: 'putIdentityProvider' })
  @Returns(contract.providerView)
  put(
    @Param('name', { schema: contract.providerName }) name: string,
    @Body({ schema: contract.putProvider }) request: contract.PutProvider,
  ) {
    return this.providers.put(name, request);
  }

  @Delete(':name')
  @ApiOperation({ summary: 'Forget an OpenID provider', operationId: 'removeIdentityProvider' })
  @Returns(message)
  async remove(@Param('name', { schema: contract.providerName }) name: string) {
    await this.providers.remove(name);
    return { message: 'The identity provider is removed', detail: null };
  }
}
