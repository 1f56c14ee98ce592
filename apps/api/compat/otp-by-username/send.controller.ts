import { Body, Controller, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { MessagesService } from '@app/notifications';
import { type ApplicationCaller, CurrentCaller, Returns, Scopes, type UserCaller } from '@app/platform';
import { CompatError } from '../compat.errors.js';
import { FailsWithError } from '../error-shapes.js';
import * as contract from './otp-by-username.contract.js';

/** The notification service beside it: words of one's own to anybody, and so with the scope for that. */
@ApiTags('Compatible APIs')
@Controller()
export class SendController {
  constructor(private readonly messages: MessagesService) {}

  @Post('send')
  @Scopes('messages:raw')
  @FailsWithError()
  @ApiOperation({ summary: "A message in words of one's own, by e-mail or Telegram", operationId: 'sendNotification' })
  @Returns(contract.notificationSent)
  async send(
    @CurrentCaller() { policy, companyName }: ApplicationCaller | UserCaller,
    @Body({ schema: contract.sendNotification }) { channel, recipient, message }: z.output<typeof contract.sendNotification>,
  ) {
    if (!channel || !recipient || !message) throw CompatError.missingFields();
    if (channel !== 'email' && channel !== 'telegram') throw CompatError.unsupportedChannel();
    await this.messages.send({ channel, recipient, message, locale: 'en' }, policy, companyName);
    return { status: 'sent' };
  }
}
