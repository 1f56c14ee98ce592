import { Body, Controller, Headers, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { AppError, type ApplicationCaller, CurrentCaller, Returns, Scopes, type UserCaller } from '@app/platform';
import { CompatError } from '../compat.errors.js';
import { FailsWithDetail } from '../error-shapes.js';
import { codesIn } from './code-in-text.js';
import { HandedMessages } from './handed-messages.service.js';
import { oktaAnswer, secondsUntil } from './okta-answer.js';
import * as contract from './phone-hooks.contract.js';

type Sender = ApplicationCaller | UserCaller;

/** The SMS and voice service that Azure Communication Services was put behind for Auth0, whose text route is Okta's telephony inline hook. */
@ApiTags('Compatible APIs')
@Controller()
export class PhoneHooksController {
  constructor(private readonly handed: HandedMessages) {}

  @Post('send-text-code')
  @Scopes('verifications:send')
  @FailsWithDetail()
  @ApiOperation({ summary: "A code by SMS, made elsewhere; Okta's telephony inline hook", operationId: 'sendTextCode' })
  @Returns(contract.hookAnswer)
  text(
    @CurrentCaller() caller: Sender,
    @Body({ schema: contract.sendTextCode }) request: contract.HookRequest,
    @Headers('idempotency-key') key?: string,
  ) {
    return this.answer(request, 'SMS successfully sent', () => this.take(caller, request, 'sms', key));
  }

  @Post('send-voice-code')
  @Scopes('verifications:send')
  @FailsWithDetail()
  @ApiOperation({ summary: 'A code by call, made elsewhere', operationId: 'sendVoiceCode' })
  @Returns(contract.hookAnswer)
  voice(
    @CurrentCaller() caller: Sender,
    @Body({ schema: contract.sendVoiceCode }) request: contract.HookRequest,
    @Headers('idempotency-key') key?: string,
  ) {
    return this.answer(request, 'Voice call initiated', () => this.take(caller, request, 'voice', key));
  }

  private take(caller: Sender, request: contract.HookRequest, route: 'sms' | 'voice', key: string | undefined) {
    const profile = request.data?.messageProfile ?? {};
    const to = request.phoneNumber ?? profile.phoneNumber;
    if (!to) throw CompatError.missingPhoneNumber();
    let code = request.code ?? profile.otpCode ?? undefined;
    const text = profile.msgTemplate;
    // No words of strangers' go out: of a text with a code, the code alone does, in the company's template.
    if (code === undefined && text) {
      const codes = codesIn(text);
      if (codes.length > 1) throw CompatError.severalNumbers();
      code = codes[0];
    }
    if (code === undefined && !text) throw route === 'voice' ? CompatError.missingCode() : CompatError.missingText();
    const channel = /call|voice/i.test(profile.deliveryChannel ?? '') ? 'voice' : route;
    const message = {
      channel,
      to,
      code,
      text,
      locale: profile.locale,
      seconds: secondsUntil(profile.otpExpires),
      ip: request.data?.context?.request?.ipAddress,
      field: 'phoneNumber',
    } as const;
    return this.handed.take(caller, message, key ?? (request.eventId ? `okta:${request.eventId}` : undefined));
  }

  /** To Okta, a code that cannot go out is an answer like any other; only while we are down does it do better to send by itself. */
  private async answer({ eventType }: contract.HookRequest, done: string, take: () => Promise<{ id: string }>) {
    if (eventType === undefined) {
      await take();
      return { status: done };
    }
    try {
      const { id } = await take();
      return oktaAnswer('PENDING', id, 'queued');
    } catch (error) {
      if (!(error instanceof AppError) || error.kind === 'unavailable') throw error;
      return oktaAnswer('FAILED', '', error.code);
    }
  }
}
