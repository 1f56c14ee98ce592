import { Alert, Button, Stack } from '@mantine/core';
import { useForm } from '@mantine/form';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { answer, api } from '../../api/client.js';
import { PasswordField } from '../../parts/password-field.js';
import { ProblemAlert } from '../../parts/problem-alert.js';
import { useAction } from '../../parts/use-action.js';
import { Door } from '../../shell/door.js';
import { LinkMissing } from './link-missing.js';
import { isSpent, LinkSpent } from './link-spent.js';
import { useLinkToken } from './link-token.js';

export function ResetPasswordPage() {
  const { t } = useTranslation('sign-in');
  const token = useLinkToken();
  const form = useForm({ initialValues: { new_password: '' } });
  const reset = useAction(
    (body: typeof form.values) => answer(api.POST('/api/auth/reset-password', { body: { token: token!, ...body } })),
    {
      form,
    },
  );
  if (!token) return <LinkMissing />;
  if (isSpent(reset.error))
    return (
      <LinkSpent error={reset.error}>
        <Button component={Link} to="/forgot-password">
          {t('resetPage.another')}
        </Button>
      </LinkSpent>
    );
  if (reset.isSuccess)
    return (
      <Door title={t('resetPage.doneTitle')}>
        <Alert role="status">{t('resetPage.done')}</Alert>
        <Button component={Link} to="/sign-in">
          {t('signIn')}
        </Button>
      </Door>
    );
  return (
    <Door title={t('resetPage.title')} lead={t('resetPage.lead')}>
      <form onSubmit={form.onSubmit((values) => reset.mutate(values))}>
        <Stack>
          <PasswordField kind="new" label={t('newPassword')} autoFocus {...form.getInputProps('new_password')} />
          <ProblemAlert error={reset.error} />
          <Button type="submit" loading={reset.isPending}>
            {t('resetPage.submit')}
          </Button>
        </Stack>
      </form>
    </Door>
  );
}
