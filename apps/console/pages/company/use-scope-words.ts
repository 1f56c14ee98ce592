import { useTranslation } from 'react-i18next';
import type { Schemas } from '../../api/client.js';

type Scope = Schemas['CreateApiKey']['scopes'][number];
const KEYS: Record<
  Scope,
  'verificationsSend' | 'verificationsCheck' | 'verificationsRead' | 'messagesSend' | 'messagesRaw' | 'messagesRead'
> = {
  'verifications:send': 'verificationsSend',
  'verifications:check': 'verificationsCheck',
  'verifications:read': 'verificationsRead',
  'messages:send': 'messagesSend',
  'messages:raw': 'messagesRaw',
  'messages:read': 'messagesRead',
};
export const SCOPES = Object.keys(KEYS) as Scope[];

/** What a scope is good for, in the reader's words; one that this console does not know yet, by its name. */
export function useScopeWords() {
  const { t } = useTranslation('company');
  return (scope: string) => (scope in KEYS ? t(`scopes.${KEYS[scope as Scope]}`) : scope);
}
