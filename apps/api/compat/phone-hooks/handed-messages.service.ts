import { Injectable } from '@nestjs/common';
import { CarriedCodes } from '@app/mfa';
import { type Channel, MessagesService, NotificationError, readLocale } from '@app/notifications';
import { type ApplicationCaller, holds, type UserCaller } from '@app/platform';
import { CompatError } from '../compat.errors.js';

/** What a hook wants somebody to be told. */
export interface HandedMessage {
  channel: Extract<Channel, 'sms' | 'voice'>;
  to: string;
  code?: string | null | undefined;
  text?: string | null | undefined;
  locale?: string | null | undefined;
  reference?: string | undefined;
  seconds?: number | undefined;
  ip?: string | undefined;
  field: string;
}

/** Messages whose words an identity provider made: a code leaves in the company's template, and other words only with a scope of their own. */
@Injectable()
export class HandedMessages {
  constructor(
    private readonly codes: CarriedCodes,
    private readonly messages: MessagesService,
  ) {}

  async take(caller: ApplicationCaller | UserCaller, message: HandedMessage, key?: string): Promise<{ id: string }> {
    const { channel, to, code, text, reference, seconds = 300, ip, field } = message;
    const locale = readLocale(message.locale ?? '') ?? 'en';
    if (code != null) return this.codes.carry({ channel, to, code, locale, seconds, reference, ip, field }, caller.policy, key);
    if (!text) throw CompatError.missingText();
    if (!holds(caller, 'messages:raw')) throw NotificationError.rawNotAllowed();
    return this.messages.send({ channel, recipient: to, message: text, locale, reference }, caller.policy, caller.companyName, key);
  }
}
