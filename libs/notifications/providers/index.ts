import type { MessageProvider } from '../message-provider.js';
import { AwsSnsProvider } from './aws-sns/aws-sns.provider.js';
import { AzureSmsProvider } from './azure-sms/azure-sms.provider.js';
import { AzureVoiceProvider } from './azure-voice/azure-voice.provider.js';
import { VonageSmsProvider } from './vonage-sms/vonage-sms.provider.js';
import { VonageVerifyProvider } from './vonage-verify/vonage-verify.provider.js';

/** Every vendor we serve. Adding one: a folder here, a line here. */
export const MESSAGE_PROVIDERS: readonly (new () => MessageProvider)[] = [
  AwsSnsProvider,
  AzureSmsProvider,
  AzureVoiceProvider,
  VonageSmsProvider,
  VonageVerifyProvider,
];
