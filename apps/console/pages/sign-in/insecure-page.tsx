import { Alert } from '@mantine/core';
import { useTranslation } from 'react-i18next';

/** Over plain http browsers keep none of our cookies, but on localhost. */
export function InsecurePage() {
  const { t } = useTranslation('sign-in');
  if (window.isSecureContext) return null;
  return (
    <Alert color="yellow" role="note">
      {t('insecure')}
    </Alert>
  );
}
