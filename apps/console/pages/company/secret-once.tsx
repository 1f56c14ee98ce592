import { Alert, Button, Code, Modal, Stack, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Copyable } from '../../parts/copyable.js';

/** A secret that is shown this once: nothing but the button takes it away. */
export function SecretOnce({
  title,
  secret,
  example,
  close,
}: {
  title: string;
  secret: string | undefined;
  /** How it is used: a title, and lines to paste. */
  example?: { title: string; lines: string };
  close: () => void;
}) {
  const { t } = useTranslation('company');
  return (
    <Modal
      opened={secret !== undefined}
      onClose={close}
      title={title}
      size="lg"
      withCloseButton={false}
      closeOnClickOutside={false}
      closeOnEscape={false}
    >
      <Stack>
        <Alert color="yellow" title={t('secret.once')} role="note">
          {t('secret.onceText')}
        </Alert>
        <Copyable text={secret ?? ''} label={title} />
        {example && (
          <div>
            <Text size="sm" fw={500} mb={4}>
              {example.title}
            </Text>
            <Code block tabIndex={0} aria-label={example.title}>
              {example.lines}
            </Code>
          </div>
        )}
        <Button onClick={close} data-autofocus>
          {t('secret.kept')}
        </Button>
      </Stack>
    </Modal>
  );
}
