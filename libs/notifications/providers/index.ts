import type { MessageProvider } from '../message-provider.js';
import { AzureSmsProvider } from './azure-sms/azure-sms.provider.js';
import { AzureVoiceProvider } from './azure-voice/azure-voice.provider.js';

/** Every vendor we serve. Adding one: a folder here, a line here. */
export const MESSAGE_PROVIDERS: readonly (new () => MessageProvider)[] = [AzureSmsProvider, AzureVoiceProvider];
