import { Button, Checkbox, Modal, Select, Stack, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useTranslation } from 'react-i18next';
import { answer, api, type Schemas } from '../../api/client.js';
import { ProblemAlert } from '../../parts/problem-alert.js';
import { useAction } from '../../parts/use-action.js';
import { API_KEYS } from './keys.js';
import { SCOPES, useScopeWords } from './use-scope-words.js';

const DAYS = ['', '30', '90', '365'] as const;

interface Props {
  close: () => void;
  created: (key: Schemas['CreatedApiKey']) => void;
}

export function CreateApiKey({ opened, ...props }: Props & { opened: boolean }) {
  const { t } = useTranslation(['company', 'common']);
  return (
    <Modal
      opened={opened}
      onClose={props.close}
      title={t('keys.createTitle')}
      closeButtonProps={{ 'aria-label': t('close', { ns: 'common' }) }}
    >
      <CreateForm {...props} />
    </Modal>
  );
}

function CreateForm({ created }: Props) {
  const { t } = useTranslation('company');
  const words = useScopeWords();
  const form = useForm({
    initialValues: { name: '', scopes: ['verifications:send', 'verifications:check'] as string[], expires_in_days: '' },
    validate: { scopes: (scopes) => (scopes.length > 0 ? null : t('keys.noScope')) },
  });
  const create = useAction(
    ({ name, scopes, expires_in_days: days }: typeof form.values) =>
      answer(
        api.POST('/api/company/api-keys', {
          body: { name, scopes: scopes as typeof SCOPES, ...(days && { expires_in_days: Number(days) }) },
        }),
      ),
    { changes: [API_KEYS], form, after: created },
  );
  return (
    <form onSubmit={form.onSubmit((values) => create.mutate(values))}>
      <Stack>
        <TextInput
          label={t('keys.name')}
          description={t('keys.nameHint')}
          required
          maxLength={100}
          data-autofocus
          autoComplete="off"
          {...form.getInputProps('name')}
        />
        <Checkbox.Group label={t('keys.scopes')} description={t('keys.scopesHint')} withAsterisk {...form.getInputProps('scopes')}>
          <Stack gap="xs" mt="xs">
            {SCOPES.map((scope) => (
              <Checkbox key={scope} value={scope} label={words(scope)} description={<code>{scope}</code>} />
            ))}
          </Stack>
        </Checkbox.Group>
        <Select
          label={t('keys.ends')}
          data={DAYS.map((value) => ({ value, label: value ? t('keys.days', { count: Number(value) }) : t('keys.never') }))}
          allowDeselect={false}
          {...form.getInputProps('expires_in_days')}
        />
        <ProblemAlert error={create.error} fields={false} />
        <Button type="submit" loading={create.isPending}>
          {t('keys.create')}
        </Button>
      </Stack>
    </form>
  );
}
