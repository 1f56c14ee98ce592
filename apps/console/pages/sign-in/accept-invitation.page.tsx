import { Button, Stack, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useTranslation } from 'react-i18next';
import { answer, api } from '../../api/client.js';
import { PasswordField } from '../../parts/password-field.js';
import { ProblemAlert } from '../../parts/problem-alert.js';
import { useAction } from '../../parts/use-action.js';
import { Door } from '../../shell/door.js';
import { LinkMissing } from './link-missing.js';
import { isSpent, LinkSpent } from './link-spent.js';
import { useLinkToken } from './link-token.js';
import { useSteps } from './use-steps.js';

/** Joins the company that invited, and signs in. */
export function AcceptInvitationPage() {
  const { t } = useTranslation('sign-in');
  const token = useLinkToken();
  const go = useSteps();
  const form = useForm({ initialValues: { full_name: '', password: '' } });
  const accept = useAction(
    async (values: typeof form.values) => {
      const { email } = await answer(api.POST('/api/auth/accept-invitation', { body: { token: token!, ...values } }));
      return answer(api.POST('/api/auth/login', { body: { email, password: values.password } }));
    },
    { after: go, form },
  );
  if (!token) return <LinkMissing />;
  if (isSpent(accept.error))
    return (
      <LinkSpent error={accept.error}>
        <Text size="sm">{t('invitationPage.spent')}</Text>
      </LinkSpent>
    );
  return (
    <Door title={t('invitationPage.title')} lead={t('invitationPage.lead')}>
      <form onSubmit={form.onSubmit((values) => accept.mutate(values))}>
        <Stack>
          <TextInput label={t('fullName')} autoComplete="name" required autoFocus maxLength={200} {...form.getInputProps('full_name')} />
          <PasswordField kind="new" label={t('password')} {...form.getInputProps('password')} />
          <ProblemAlert error={accept.error} />
          <Button type="submit" loading={accept.isPending}>
            {t('invitationPage.submit')}
          </Button>
        </Stack>
      </form>
    </Door>
  );
}
