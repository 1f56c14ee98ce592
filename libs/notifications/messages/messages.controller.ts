import { Body, Controller, Get, Headers, Param, Post } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { type ApplicationCaller, CurrentCaller, holds, Returns, Scopes, type UserCaller } from '@app/platform';
import { queued } from '../channels/channels.contract.js';
import { NotificationError } from '../notifications.errors.js';
import * as contract from './messages.contract.js';
import { MessagesService } from './messages.service.js';

@ApiTags('Messages')
@Controller('api/messages')
export class MessagesController {
  constructor(private readonly messages: MessagesService) {}

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

  @Get(':id')
  @Scopes('messages:read')
  @ApiOperation({ summary: 'What became of a message', operationId: 'getMessage' })
  @Returns(contract.messageView)
  async get(@Param('id', { schema: z.uuid() }) id: string) {
    const { row, attempts } = await this.messages.get(id);
    return {
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
    };
  }
}
