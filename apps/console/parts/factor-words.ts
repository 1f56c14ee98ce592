import {
  IconAuth2fa,
  IconBrandTelegram,
  IconDeviceMobileMessage,
  IconFingerprint,
  IconListNumbers,
  IconMail,
  IconPhoneCall,
  IconShield,
} from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';

const ICONS: Record<string, typeof IconShield> = {
  totp: IconAuth2fa,
  sms: IconDeviceMobileMessage,
  voice: IconPhoneCall,
  email: IconMail,
  telegram: IconBrandTelegram,
  webauthn: IconFingerprint,
  backup_codes: IconListNumbers,
};
export const iconOf = (type: string) => ICONS[type] ?? IconShield;

const KNOWN = ['totp', 'sms', 'voice', 'email', 'telegram', 'webauthn', 'backup_codes'] as const;
type Known = (typeof KNOWN)[number];
const isKnown = (type: string): type is Known => (KNOWN as readonly string[]).includes(type);

/** A kind of factor in the reader's words; one that this console does not know yet, by its name. */
export function useFactorWords() {
  const { t } = useTranslation();
  return (type: string) => (isKnown(type) ? t(`factors.${type}`) : type);
}

/** Strongest first: what a reader is offered before anything else. */
export const ORDER = ['webauthn', 'totp', 'sms', 'voice', 'telegram', 'email', 'backup_codes'];
export const byStrength = (a: { type: string }, b: { type: string }) => rank(a.type) - rank(b.type);
const rank = (type: string) => (ORDER.includes(type) ? ORDER.indexOf(type) : ORDER.length);
