import { Body, Controller, Delete, Get, Param, Post, Put } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { CurrentCaller, ProvenJustNow, Returns, Roles, type UserCaller } from '@app/platform';
import { MessagesService } from '../messages/messages.service.js';
import * as contract from './channels.contract.js';
import { ChannelsService } from './channels.service.js';

const provider = z.string().regex(/^[a-z0-9-]{1,40}$/, 'must be the id of a provider');

@ApiTags('Channels')
@ApiBearerAuth()
@Controller('api/company/channels')
@Roles('admin')
export class ChannelsController {
  constructor(
    private readonly channels: ChannelsService,
    private readonly messages: MessagesService,
  ) {}

  @Get()
  @ApiOperation({ summary: 'Every provider, what it needs, and how it is set up', operationId: 'listChannels' })
  @Returns(contract.providerList)
  async list() {
    return { data: await this.channels.list(), next_cursor: null };
  }

  @Get(':provider')
  @ApiOperation({ summary: 'How a provider is set up, without its secrets', operationId: 'getChannel' })
  @Returns(contract.channelSettings)
  get(@Param('provider', { schema: provider }) id: string) {
    return this.channels.get(id);
  }

  @Put(':provider')
  @ProvenJustNow('any_factor')
  @ApiOperation({ summary: 'Set a provider up', operationId: 'putChannel' })
  @Returns(contract.channelSettings)
  put(@Param('provider', { schema: provider }) id: string, @Body({ schema: contract.putChannel }) request: contract.PutChannel) {
    return this.channels.put(id, request);
  }

  @Delete(':provider')
  @ApiOperation({ summary: 'Forget a provider', operationId: 'removeChannel' })
  @Returns(contract.removed)
  async remove(@Param('provider', { schema: provider }) id: string) {
    await this.channels.remove(id);
    return { message: 'The provider is removed', detail: null };
  }

  @Post(':provider/test')
  @ApiOperation({
    summary: 'Send one message through this provider: how it ended stands in GET /api/messages/{id}',
    operationId: 'testChannel',
  })
  @Returns(contract.queued, 202)
  async test(
    @CurrentCaller() { policy, companyName }: UserCaller,
    @Param('provider', { schema: provider }) id: string,
    @Body({ schema: contract.testChannel }) { to, channel }: z.output<typeof contract.testChannel>,
  ) {
    await this.channels.get(id);
    return this.messages.test(id, to, channel, policy, companyName);
  }
}
