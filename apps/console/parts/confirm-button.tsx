import { Button, type ButtonProps, Group, Modal, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { ProblemAlert } from './problem-alert.js';
import { useAction } from './use-action.js';
import { useFocusKept } from './use-focus-kept.js';

/** A button for what cannot be undone, or not easily: it says what will happen, and asks. */
export function ConfirmButton({
  label,
  title,
  children,
  run,
  changes,
  'aria-label': ariaLabel,
  ...button
}: ButtonProps & {
  label: ReactNode;
  title: string;
  children?: ReactNode;
  run: () => Promise<unknown>;
  changes?: readonly (readonly unknown[])[];
  'aria-label'?: string;
}) {
  const { t } = useTranslation();
  const [opened, { open, close }] = useDisclosure(false);
  const kept = useFocusKept<HTMLButtonElement>();
  return (
    <>
      <Button ref={kept} variant="default" size="xs" onClick={open} aria-label={ariaLabel} {...button}>
        {label}
      </Button>
      <Modal opened={opened} onClose={close} title={title} centered closeButtonProps={{ 'aria-label': t('close') }}>
        <Asked run={run} changes={changes} close={close} label={label}>
          {children}
        </Asked>
      </Modal>
    </>
  );
}

function Asked({
  run,
  changes,
  close,
  label,
  children,
}: {
  run: () => Promise<unknown>;
  changes: readonly (readonly unknown[])[] | undefined;
  close: () => void;
  label: ReactNode;
  children?: ReactNode;
}) {
  const { t } = useTranslation();
  const action = useAction(run, { after: close, ...(changes && { changes }) });
  return (
    <Stack>
      {children && <Text size="sm">{children}</Text>}
      <ProblemAlert error={action.error} />
      <Group justify="flex-end">
        <Button variant="default" onClick={close} data-autofocus>
          {t('cancel')}
        </Button>
        <Button color="red.9" onClick={() => action.mutate()} loading={action.isPending}>
          {label}
        </Button>
      </Group>
    </Stack>
  );
}
