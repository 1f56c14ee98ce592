import type { MessageProvider } from '../message-provider.js';
import { SandboxProvider } from './sandbox/sandbox.provider.js';
import { SmtpProvider } from './smtp/smtp.provider.js';
import { TelegramBotProvider } from './telegram-bot/telegram-bot.provider.js';
import { TelegramGatewayProvider } from './telegram-gateway/telegram-gateway.provider.js';

/** Every vendor we serve. Adding one: a folder here, a line here. */
export const MESSAGE_PROVIDERS: readonly (new () => MessageProvider)[] = [
  SandboxProvider,
  SmtpProvider,
  TelegramBotProvider,
  TelegramGatewayProvider,
];
