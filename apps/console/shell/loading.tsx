import { Skeleton, Stack } from '@mantine/core';
import { useTranslation } from 'react-i18next';

/** Stands where a page will be. */
export function Loading() {
  const { t } = useTranslation();
  return (
    <Stack role="status" aria-label={t('loading')} maw="var(--console-wide)" mx="auto" mih="70dvh">
      <Skeleton height={32} width="40%" />
      <Skeleton height={18} width="60%" />
      <Skeleton height={220} mt="md" />
    </Stack>
  );
}
