import { Body, Controller, Get, Headers, Param, Post, Query } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { type ApplicationCaller, CurrentCaller, holds, Returns, Scopes, type UserCaller } from '@app/platform';
import { queued } from '../channels/channels.contract.js';
import { NotificationError } from '../notifications.errors.js';
import * as contract from './messages.contract.js';
import { MessageReader, type SentMessage } from './message-reader.js';
import { MessagesService } from './messages.service.js';

@ApiTags('Messages')
@Controller('api/messages')
export class MessagesController {
  constructor(
    private readonly messages: MessagesService,
    private readonly reader: MessageReader,
  ) {}

  @Post()
  @Scopes('messages:send')
  @ApiHeader({
    name: 'Idempotency-Key',
    required: false,
    description: 'the same key and body again within 24 hours: the same answer, and nothing is sent',
  })
  @ApiOperation({ summary: "A message from a template, or (scope messages:raw) in words of one's own", operationId: 'sendMessage' })
  @Returns(queued, 202)
  send(
    @CurrentCaller() caller: ApplicationCaller | UserCaller,
    @Body({ schema: contract.sendMessage }) request: contract.SendMessage,
    @Headers('idempotency-key') key?: string,
  ) {
    if (request.message !== undefined && !holds(caller, 'messages:raw')) throw NotificationError.rawNotAllowed();
    return this.messages.send(request, caller.policy, caller.companyName, key);
  }

  @Get()
  @Scopes('messages:read')
  @ApiOperation({ summary: 'Messages that are no codes, newest first; those of the last 30 days', operationId: 'listMessages' })
  @Returns(contract.messagePage)
  async list(
    @CurrentCaller() { policy }: ApplicationCaller | UserCaller,
    @Query({ schema: contract.messageQuery }) query: contract.MessageQuery,
  ) {
    const { data, next_cursor } = await this.reader.page(query, policy);
    return { data: data.map(view), next_cursor };
  }

  @Get(':id')
  @Scopes('messages:read')
  @ApiOperation({ summary: 'What became of a message', operationId: 'getMessage' })
  @Returns(contract.messageView)
  async get(@Param('id', { schema: z.uuid() }) id: string) {
    return view(await this.reader.get(id));
  }
}

const view = ({ row, attempts }: SentMessage) => ({
  id: row.id,
  channel: row.channel,
  recipient_masked: row.recipientMasked,
  status: row.status,
  reason: row.reason ?? null,
  template: row.template,
  reference: row.reference ?? null,
  created_at: row.createdAt.toISOString(),
  ended_at: row.endedAt?.toISOString() ?? null,
  attempts: attempts.map((one) => ({
    provider: one.provider,
    at: one.createdAt.toISOString(),
    outcome: one.outcome ?? null,
    reason: one.reason ?? null,
    vendor_code: one.vendorCode ?? null,
    provider_message_id: one.providerMessageId ?? null,
    receipt: one.receipt ?? null,
    cost: Number(one.cost),
  })),
});
