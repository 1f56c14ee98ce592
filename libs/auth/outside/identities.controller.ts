import { Body, Controller, Delete, Get, Param, Post } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { message } from '@app/mfa';
import { CurrentCaller, ProvenJustNow, Returns, Roles, type UserCaller } from '@app/platform';
import { IdentitiesService } from './identities.service.js';
import * as contract from './oidc.contract.js';

@ApiTags('Outside identity')
@ApiBearerAuth()
@Controller('api/auth/identities')
@Roles('user')
export class IdentitiesController {
  constructor(private readonly identities: IdentitiesService) {}

  @Get()
  @ApiOperation({ summary: 'The outside identities that I sign in with', operationId: 'listIdentities' })
  @Returns(contract.identityList)
  async list(@CurrentCaller() caller: UserCaller) {
    return { data: await this.identities.list(caller), next_cursor: null };
  }

  @Post('start')
  @ProvenJustNow(true)
  @ApiOperation({ summary: 'Begin to link an identity to my account', operationId: 'startLink' })
  @Returns(contract.started)
  start(@CurrentCaller() caller: UserCaller, @Body({ schema: contract.startLinkRequest }) request: contract.StartLinkRequest) {
    return this.identities.start(caller, request);
  }

  @Post()
  @ProvenJustNow(true)
  @ApiOperation({ summary: 'Link the identity that came back', operationId: 'linkIdentity' })
  @Returns(contract.identity, 201)
  link(@CurrentCaller() caller: UserCaller, @Body({ schema: contract.linkRequest }) request: contract.LinkRequest) {
    return this.identities.finish(caller, request);
  }

  @Delete(':id')
  @ProvenJustNow(true)
  @ApiOperation({ summary: 'Unlink an identity; ends my other sessions', operationId: 'unlinkIdentity' })
  @Returns(message)
  async remove(@CurrentCaller() caller: UserCaller, @Param('id', { schema: z.uuid() }) id: string) {
    await this.identities.remove(caller, id);
    return { message: 'The identity is unlinked', detail: null };
  }
}
