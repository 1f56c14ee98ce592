import { useTranslation } from 'react-i18next';
import type { Role } from '../../shell/use-me.js';

const ROLES: readonly Role[] = ['user', 'manager', 'admin'];

/** To choose from. */
export function useRoles() {
  const { t } = useTranslation();
  return ROLES.map((value) => ({ value, label: t(`roles.${value}`) }));
}
