import { Body, Controller, Headers, Post } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type ApplicationCaller, CurrentCaller, Returns, Scopes, type UserCaller } from '@app/platform';
import { FailsWithDetail } from '../error-shapes.js';
import { HandedMessages } from './handed-messages.service.js';
import * as contract from './phone-hooks.contract.js';

/** What Auth0's phone Actions post to a provider of one's own. docs/auth0.md has the Action. */
@ApiTags('Compatible APIs')
@Controller('hooks/auth0')
export class Auth0Controller {
  constructor(private readonly handed: HandedMessages) {}

  @Post()
  @Scopes('verifications:send')
  @FailsWithDetail()
  @ApiHeader({
    name: 'Idempotency-Key',
    required: false,
    description: 'Auth0 tries up to five times: the same key, and one message goes out',
  })
  @ApiOperation({ summary: "A message of Auth0's, by SMS or call", operationId: 'sendPhoneHookMessage' })
  @Returns(contract.taken)
  async send(
    @CurrentCaller() caller: ApplicationCaller | UserCaller,
    @Body({ schema: contract.auth0Message })
    { recipient, message_type, code, text, action, language, ip_address: ip }: contract.Auth0Message,
    @Headers('idempotency-key') key?: string,
  ) {
    const message = {
      channel: message_type === 'voice' ? 'voice' : 'sms',
      to: recipient,
      code,
      text,
      locale: language,
      reference: action ?? undefined,
      ip,
      field: 'recipient',
    } as const;
    const { id } = await this.handed.take(caller, message, key);
    return { status: 'accepted', id };
  }
}
