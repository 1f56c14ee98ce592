import { Alert, Anchor, Button, Stack, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { answer, api } from '../../api/client.js';
import { ProblemAlert } from '../../parts/problem-alert.js';
import { useAction } from '../../parts/use-action.js';
import { Door } from '../../shell/door.js';

/** The answer is the same for every address. */
export function ForgotPasswordPage() {
  const { t } = useTranslation('sign-in');
  const form = useForm({ initialValues: { email: '' } });
  const ask = useAction((body: typeof form.values) => answer(api.POST('/api/auth/forgot-password', { body })), { form });
  return (
    <Door
      title={t('forgotPage.title')}
      lead={t('forgotPage.lead')}
      foot={
        <Anchor component={Link} to="/sign-in" size="sm">
          {t('secondFactor.back')}
        </Anchor>
      }
    >
      {ask.isSuccess ? (
        <Alert role="status">{t('forgotPage.sent', { email: form.values.email })}</Alert>
      ) : (
        <form onSubmit={form.onSubmit((values) => ask.mutate(values))}>
          <Stack>
            <TextInput label={t('email')} type="email" autoComplete="username" required autoFocus {...form.getInputProps('email')} />
            <ProblemAlert error={ask.error} fields={false} />
            <Button type="submit" loading={ask.isPending}>
              {t('forgotPage.submit')}
            </Button>
          </Stack>
        </form>
      )}
    </Door>
  );
}
