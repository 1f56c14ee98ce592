import { Button, Group, Modal, NativeSelect, Stack, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useDisclosure } from '@mantine/hooks';
import { IconSend } from '@tabler/icons-react';
import { useNavigate } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { answer, api } from '../../api/client.js';
import { isLanguage } from '../../i18n.js';
import { ProblemAlert } from '../../parts/problem-alert.js';
import { useAction } from '../../parts/use-action.js';
import { CHANNELS } from './searches.js';

/** A real code to whomever the reader names; then its timeline. */
export function SendTestCode({ variant = 'filled' }: { variant?: string }) {
  const { t } = useTranslation('insight');
  const [opened, { open, close }] = useDisclosure(false);
  return (
    <>
      <Button leftSection={<IconSend size={16} aria-hidden />} onClick={open} variant={variant}>
        {t('test.open')}
      </Button>
      <Modal opened={opened} onClose={close} title={t('test.title')} closeButtonProps={{ 'aria-label': t('close', { ns: 'common' }) }}>
        <TestForm close={close} />
      </Modal>
    </>
  );
}

function TestForm({ close }: { close: () => void }) {
  const { t, i18n } = useTranslation('insight');
  const navigate = useNavigate();
  const form = useForm<{ channel: (typeof CHANNELS)[number]; to: string; reference: string }>({
    initialValues: { channel: 'sms', to: '', reference: '' },
  });
  const send = useAction(
    ({ channel, to, reference }: typeof form.values) =>
      answer(
        api.POST('/api/verifications', {
          body: {
            channel,
            to,
            ...(reference && { reference }),
            ...(isLanguage(i18n.language) && { locale: i18n.language }),
          } as never,
        }),
      ),
    {
      form,
      changes: [['verifications'], ['statistics']],
      after: ({ id }) => {
        close();
        void navigate({ to: '/verifications/$id', params: { id } });
      },
    },
  );
  const { channel } = form.values;
  return (
    <form onSubmit={form.onSubmit((values) => send.mutate(values))}>
      <Stack>
        <NativeSelect
          label={t('verifications.channel')}
          data={CHANNELS.map((value) => ({ value, label: t(`channels.${value}`, { ns: 'common' }) }))}
          {...form.getInputProps('channel')}
        />
        <TextInput
          label={t(`test.to.${channel}`)}
          description={t(`test.hint.${channel}`)}
          type={channel === 'email' ? 'email' : 'text'}
          inputMode={channel === 'email' ? 'email' : 'tel'}
          required
          maxLength={254}
          data-autofocus
          {...form.getInputProps('to')}
        />
        <TextInput label={t('test.reference')} description={t('test.referenceHint')} maxLength={100} {...form.getInputProps('reference')} />
        <ProblemAlert error={send.error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            {t('cancel', { ns: 'common' })}
          </Button>
          <Button type="submit" loading={send.isPending}>
            {t('test.send')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
