import { Button, Modal, NumberInput, Stack, Text } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useDisclosure } from '@mantine/hooks';
import { useTranslation } from 'react-i18next';
import { answer, api, type Schemas } from '../../api/client.js';
import { ProblemAlert } from '../../parts/problem-alert.js';
import { useAction } from '../../parts/use-action.js';
import { API_KEYS } from './keys.js';

interface Props {
  apiKey: Schemas['ApiKey'];
  rotated: (key: Schemas['CreatedApiKey']) => void;
}

export function RotateApiKey({ apiKey, rotated }: Props) {
  const { t } = useTranslation(['company', 'common']);
  const [opened, { open, close }] = useDisclosure(false);
  return (
    <>
      <Button variant="default" size="xs" onClick={open} aria-label={`${t('keys.rotate')}: ${apiKey.name}`}>
        {t('keys.rotate')}
      </Button>
      <Modal
        opened={opened}
        onClose={close}
        title={t('keys.rotateTitle', { name: apiKey.name })}
        closeButtonProps={{ 'aria-label': t('close', { ns: 'common' }) }}
      >
        <Overlap apiKey={apiKey} rotated={rotated} close={close} />
      </Modal>
    </>
  );
}

function Overlap({ apiKey: { id }, rotated, close }: Props & { close: () => void }) {
  const { t } = useTranslation('company');
  const form = useForm({ initialValues: { overlap_hours: 24 } });
  const rotate = useAction(
    (body: typeof form.values) => answer(api.POST('/api/company/api-keys/{id}/rotate', { params: { path: { id } }, body })),
    {
      changes: [API_KEYS],
      form,
      after: (key) => {
        close();
        rotated(key);
      },
    },
  );
  return (
    <form onSubmit={form.onSubmit((values) => rotate.mutate(values))}>
      <Stack>
        <Text size="sm">{t('keys.rotateText')}</Text>
        <NumberInput
          label={t('keys.overlap')}
          description={t('keys.overlapHint')}
          min={0}
          max={168}
          allowDecimal={false}
          required
          data-autofocus
          {...form.getInputProps('overlap_hours')}
        />
        <ProblemAlert error={rotate.error} fields={false} />
        <Button type="submit" loading={rotate.isPending}>
          {t('keys.rotate')}
        </Button>
      </Stack>
    </form>
  );
}
