import { Alert, Button, Stack, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useTranslation } from 'react-i18next';
import { answer, api } from '../../api/client.js';
import { ProblemAlert } from '../../parts/problem-alert.js';
import { useAction } from '../../parts/use-action.js';

/** Another link to confirm an address. The answer is the same for every address. */
export function AnotherLink() {
  const { t } = useTranslation('sign-in');
  const form = useForm({ initialValues: { email: '' } });
  const send = useAction((body: typeof form.values) => answer(api.POST('/api/auth/resend-verification', { body })), { form });
  if (send.isSuccess) return <Alert role="status">{t('verifyPage.sent', { email: form.values.email })}</Alert>;
  return (
    <form onSubmit={form.onSubmit((values) => send.mutate(values))}>
      <Stack>
        <Text size="sm">{t('verifyPage.spent')}</Text>
        <TextInput label={t('email')} type="email" autoComplete="username" required {...form.getInputProps('email')} />
        <ProblemAlert error={send.error} fields={false} />
        <Button type="submit" loading={send.isPending}>
          {t('verifyPage.another')}
        </Button>
      </Stack>
    </form>
  );
}
