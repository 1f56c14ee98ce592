import { PasswordInput, type PasswordInputProps } from '@mantine/core';
import { useTranslation } from 'react-i18next';

/** Takes a password: the one that there is, or a new one, of which it says how long it must be. Keepers of passwords know which is which. */
export function PasswordField({ kind, ...field }: PasswordInputProps & { kind: 'current' | 'new' }) {
  const { t } = useTranslation();
  return (
    <PasswordInput
      autoComplete={`${kind}-password`}
      description={kind === 'new' && t('password.hint')}
      required
      visibilityToggleFocusable
      visibilityToggleButtonProps={{ 'aria-label': t('password.show') }}
      {...field}
    />
  );
}
