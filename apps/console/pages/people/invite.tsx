import { Button, Modal, Select, Stack, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useDisclosure } from '@mantine/hooks';
import { IconUserPlus } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { answer, api, type Schemas } from '../../api/client.js';
import { LANGUAGES } from '../../i18n.js';
import { ProblemAlert } from '../../parts/problem-alert.js';
import { useAction } from '../../parts/use-action.js';
import { INVITATIONS } from './keys.js';
import { useRoles } from './use-roles.js';

export function Invite() {
  const { t } = useTranslation(['people', 'common']);
  const [opened, { open, close }] = useDisclosure(false);
  return (
    <>
      <Button leftSection={<IconUserPlus size={16} aria-hidden />} onClick={open}>
        {t('invite.open')}
      </Button>
      <Modal opened={opened} onClose={close} title={t('invite.title')} closeButtonProps={{ 'aria-label': t('close', { ns: 'common' }) }}>
        <InviteForm done={close} />
      </Modal>
    </>
  );
}

function InviteForm({ done }: { done: () => void }) {
  const { t, i18n } = useTranslation('people');
  const roles = useRoles();
  const form = useForm({ initialValues: { email: '', role: 'user' as Schemas['Invite']['role'], locale: i18n.language } });
  const invite = useAction((body: typeof form.values) => answer(api.POST('/api/users/invitations', { body })), {
    changes: [INVITATIONS],
    done: t('invite.sent'),
    form,
    after: done,
  });
  return (
    <form onSubmit={form.onSubmit((values) => invite.mutate(values))}>
      <Stack>
        <TextInput
          label={t('invite.email')}
          description={t('invite.emailHint')}
          type="email"
          required
          maxLength={254}
          data-autofocus
          autoComplete="off"
          {...form.getInputProps('email')}
        />
        <Select
          label={t('invite.role')}
          description={t(`roleHints.${form.values.role}`)}
          data={roles}
          allowDeselect={false}
          {...form.getInputProps('role')}
        />
        <Select
          label={t('invite.language')}
          data={Object.entries(LANGUAGES).map(([value, label]) => ({ value, label }))}
          allowDeselect={false}
          {...form.getInputProps('locale')}
        />
        <ProblemAlert error={invite.error} fields={false} />
        <Button type="submit" loading={invite.isPending}>
          {t('invite.send')}
        </Button>
      </Stack>
    </form>
  );
}
