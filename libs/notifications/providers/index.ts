import type { MessageProvider } from '../message-provider.js';
import { AwsSnsProvider } from './aws-sns/aws-sns.provider.js';
import { AzureSmsProvider } from './azure-sms/azure-sms.provider.js';
import { AzureVoiceProvider } from './azure-voice/azure-voice.provider.js';
import { SandboxProvider } from './sandbox/sandbox.provider.js';
import { SmtpProvider } from './smtp/smtp.provider.js';
import { TelegramBotProvider } from './telegram-bot/telegram-bot.provider.js';
import { TelegramGatewayProvider } from './telegram-gateway/telegram-gateway.provider.js';
import { VonageSmsProvider } from './vonage-sms/vonage-sms.provider.js';
import { VonageVerifyProvider } from './vonage-verify/vonage-verify.provider.js';

/** Every vendor we serve. Adding one: a folder here, a line here. */
export const MESSAGE_PROVIDERS: readonly (new () => MessageProvider)[] = [
  AwsSnsProvider,
  AzureSmsProvider,
  AzureVoiceProvider,
  SandboxProvider,
  SmtpProvider,
  TelegramBotProvider,
  TelegramGatewayProvider,
  VonageSmsProvider,
  VonageVerifyProvider,
];
