import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useBlocker } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { session } from '../api/session.js';

/** Asks before what was typed is lost: to a link, to the way back, or to the tab being closed. One for each form that stands on a page. */
export function KeepsChanges({ dirty }: { dirty: boolean }) {
  const { t } = useTranslation();
  const leaving = useBlocker({
    // Filters and pages of lists stand in the address and leave no page; and whoever was signed out is shown the door.
    shouldBlockFn: ({ current, next }) => session.standing === 'in' && current.pathname !== next.pathname,
    disabled: !dirty,
    withResolver: true,
  });
  return (
    <Modal
      opened={leaving.status === 'blocked'}
      onClose={() => leaving.reset?.()}
      title={t('leave.title')}
      centered
      closeButtonProps={{ 'aria-label': t('close') }}
    >
      <Stack>
        <Text size="sm">{t('leave.text')}</Text>
        <Group justify="flex-end">
          <Button variant="default" onClick={() => leaving.reset?.()} data-autofocus>
            {t('leave.stay')}
          </Button>
          <Button color="red.9" onClick={() => leaving.proceed?.()}>
            {t('leave.leave')}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
