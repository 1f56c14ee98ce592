import { Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { notifications } from '@mantine/notifications';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { answer, api, type Schemas } from '../../api/client.js';
import { ProblemAlert } from '../../parts/problem-alert.js';
import { useAction } from '../../parts/use-action.js';
import { PEOPLE } from './keys.js';

/** There is no way back from this, so the person's e-mail is typed first. */
export function Erase({ person }: { person: Schemas['User'] }) {
  const { t } = useTranslation(['people', 'common']);
  const [opened, { open, close }] = useDisclosure(false);
  return (
    <>
      <Button variant="default" onClick={open}>
        {t('end.erase')}
      </Button>
      <Modal
        opened={opened}
        onClose={close}
        title={t('end.eraseTitle', { name: person.full_name })}
        closeButtonProps={{ 'aria-label': t('close', { ns: 'common' }) }}
      >
        <Typed person={person} close={close} />
      </Modal>
    </>
  );
}

function Typed({ person, close }: { person: Schemas['User']; close: () => void }) {
  const { t } = useTranslation(['people', 'common']);
  const navigate = useNavigate();
  const [typed, setTyped] = useState('');
  const isRight = typed.trim().toLowerCase() === person.email.toLowerCase();
  const erase = useAction(() => answer(api.POST('/api/users/{id}/erase', { params: { path: { id: person.id } } })), {
    changes: [PEOPLE],
    after: ({ sessions, factors, verifications, messages, audit_events: events }) => {
      const message = t('end.erased', { sessions, factors, messages: messages + verifications, events });
      notifications.show({ message, color: 'verdigris', autoClose: 10_000 });
      void navigate({ to: '/people' });
    },
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (isRight) erase.mutate();
      }}
    >
      <Stack>
        <Text size="sm">{t('end.eraseAsk')}</Text>
        <TextInput
          label={t('end.eraseType', { email: person.email })}
          autoComplete="off"
          data-autofocus
          value={typed}
          onChange={({ currentTarget }) => setTyped(currentTarget.value)}
        />
        <ProblemAlert error={erase.error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            {t('cancel', { ns: 'common' })}
          </Button>
          <Button type="submit" color="red.9" disabled={!isRight} loading={erase.isPending}>
            {t('end.erase')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
