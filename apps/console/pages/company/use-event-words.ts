import { useTranslation } from 'react-i18next';
import type { Schemas } from '../../api/client.js';

type EventType = Schemas['CreateWebhook']['event_types'][number];
const KEYS = {
  'verification.approved': 'verificationApproved',
  'verification.failed': 'verificationFailed',
  'message.status': 'messageStatus',
  'user.created': 'userCreated',
  'user.updated': 'userUpdated',
  'user.deactivated': 'userDeactivated',
  'user.deleted': 'userDeleted',
  'session.opened': 'sessionOpened',
  'session.revoked': 'sessionRevoked',
} as const satisfies Record<EventType, string>;
export const EVENT_TYPES = Object.keys(KEYS) as EventType[];

/** An event in the reader's words; one that this console does not know yet, by its name. */
export function useEventWords() {
  const { t } = useTranslation('company');
  return (type: string) => (type === 'webhook.test' ? t('events.test') : type in KEYS ? t(`events.${KEYS[type as EventType]}`) : type);
}
