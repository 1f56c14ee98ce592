import { Button, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { Door } from '../../shell/door.js';

/** A page of a mail's link, opened without its token. */
export function LinkMissing() {
  const { t } = useTranslation('sign-in');
  return (
    <Door title={t('link.missing')}>
      <Text size="sm">{t('link.missingText')}</Text>
      <Button component={Link} to="/sign-in" variant="default">
        {t('signIn')}
      </Button>
    </Door>
  );
}
