import { Anchor, Button, Stack, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { answer, api } from '../../api/client.js';
import { PasswordField } from '../../parts/password-field.js';
import { ProblemAlert } from '../../parts/problem-alert.js';
import { useAction } from '../../parts/use-action.js';
import { Door } from '../../shell/door.js';
import { useSteps } from './use-steps.js';

/** A new company with its first administrator, who is signed in at once. */
export function RegisterPage() {
  const { t, i18n } = useTranslation(['sign-in', 'common']);
  const go = useSteps();
  const form = useForm({ initialValues: { company_name: '', company_domain: '', full_name: '', email: '', password: '' } });
  const register = useAction(
    async (values: typeof form.values) => {
      await answer(api.POST('/api/auth/register', { body: { ...values, locale: i18n.language } }));
      const { email, password, company_domain } = values;
      return answer(api.POST('/api/auth/login', { body: { email, password, company_domain } }));
    },
    { after: go, form },
  );
  return (
    <Door
      title={t('registerPage.title')}
      lead={t('registerPage.lead')}
      foot={
        <>
          {t('registerPage.known')}{' '}
          <Anchor component={Link} to="/sign-in" size="sm">
            {t('signIn')}
          </Anchor>
        </>
      }
    >
      <form onSubmit={form.onSubmit((values) => register.mutate(values))}>
        <Stack>
          <TextInput
            label={t('companyName')}
            autoComplete="organization"
            required
            autoFocus
            maxLength={200}
            {...form.getInputProps('company_name')}
          />
          <TextInput
            label={t('companyDomain')}
            description={t('registerPage.domainHint')}
            placeholder="acme.example"
            required
            maxLength={253}
            {...form.getInputProps('company_domain')}
          />
          <TextInput label={t('fullName')} autoComplete="name" required maxLength={200} {...form.getInputProps('full_name')} />
          <TextInput label={t('email')} type="email" autoComplete="username" required {...form.getInputProps('email')} />
          <PasswordField kind="new" label={t('password')} {...form.getInputProps('password')} />
          <ProblemAlert error={register.error} />
          <Button type="submit" loading={register.isPending}>
            {t('registerPage.submit')}
          </Button>
          <Text size="xs" c="dimmed">
            {t('registerPage.mail')}
          </Text>
        </Stack>
      </form>
    </Door>
  );
}
