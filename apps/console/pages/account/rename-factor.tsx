import { ActionIcon, Button, Modal, Stack, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconPencil } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { answer, api, type Schemas } from '../../api/client.js';
import { useFactorWords } from '../../parts/factor-words.js';
import { ProblemAlert } from '../../parts/problem-alert.js';
import { useAction } from '../../parts/use-action.js';

export function RenameFactor({ factor }: { factor: Schemas['Factor'] }) {
  const { t } = useTranslation(['account', 'common']);
  const words = useFactorWords();
  const [opened, { open, close }] = useDisclosure(false);
  const [label, setLabel] = useState(factor.label ?? '');
  const rename = useAction(
    () => answer(api.PATCH('/api/auth/mfa/factors/{id}', { params: { path: { id: factor.id } }, body: { label: label.trim() } })),
    { changes: [['factors']], after: close },
  );
  return (
    <>
      <ActionIcon
        variant="default"
        size={30}
        onClick={open}
        aria-label={`${t('rename', { ns: 'common' })}: ${factor.label ?? words(factor.type)}`}
      >
        <IconPencil size={16} aria-hidden />
      </ActionIcon>
      <Modal
        opened={opened}
        onClose={close}
        title={t('rename', { ns: 'common' })}
        centered
        closeButtonProps={{ 'aria-label': t('close', { ns: 'common' }) }}
      >
        <form
          onSubmit={(event) => {
            event.preventDefault();
            rename.mutate();
          }}
        >
          <Stack>
            <TextInput
              label={t('security.name')}
              required
              maxLength={100}
              data-autofocus
              value={label}
              onChange={({ currentTarget }) => setLabel(currentTarget.value)}
            />
            <ProblemAlert error={rename.error} />
            <Button type="submit" loading={rename.isPending}>
              {t('save', { ns: 'common' })}
            </Button>
          </Stack>
        </form>
      </Modal>
    </>
  );
}
