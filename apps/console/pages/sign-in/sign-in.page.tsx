import { Anchor, Button, Divider, Stack, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { IconBuilding, IconFingerprint } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { answer, api } from '../../api/client.js';
import { PasswordField } from '../../parts/password-field.js';
import { ProblemAlert } from '../../parts/problem-alert.js';
import { useAction } from '../../parts/use-action.js';
import { Door } from '../../shell/door.js';
import { CompanyDoor } from './company-door.js';
import { InsecurePage } from './insecure-page.js';
import { PasskeyButton } from './passkey-button.js';
import { useSteps } from './use-steps.js';

/** Password first; or a passkey, which needs nothing typed; or where the company says that its people come from. */
export function SignInPage() {
  const { t } = useTranslation(['sign-in', 'common']);
  const [byCompany, setByCompany] = useState(false);
  const go = useSteps();
  const form = useForm({ initialValues: { email: '', password: '', company_domain: '' } });
  const signIn = useAction(
    ({ company_domain, ...rest }: typeof form.values) =>
      answer(api.POST('/api/auth/login', { body: { ...rest, ...(company_domain && byCompany && { company_domain }) } })),
    { after: go, form },
  );
  return (
    <Door
      title={t('title')}
      foot={
        <>
          {t('noCompany')}{' '}
          <Anchor component={Link} to="/register" size="sm">
            {t('register')}
          </Anchor>
        </>
      }
    >
      <InsecurePage />
      <form onSubmit={form.onSubmit((values) => signIn.mutate(values))}>
        <Stack>
          <TextInput
            label={t('email')}
            type="email"
            name="email"
            autoComplete="username webauthn"
            required
            autoFocus
            {...form.getInputProps('email')}
          />
          <PasswordField kind="current" label={t('password')} name="password" {...form.getInputProps('password')} />
          {byCompany && <CompanyDoor email={form.values.email} {...form.getInputProps('company_domain')} />}
          <ProblemAlert error={signIn.error} fields={false} />
          <Button type="submit" loading={signIn.isPending}>
            {t('signIn')}
          </Button>
          <Anchor component={Link} to="/forgot-password" size="sm" ta="center">
            {t('forgot')}
          </Anchor>
        </Stack>
      </form>
      <Divider label={t('or')} />
      <Stack gap="xs">
        <PasskeyButton icon={<IconFingerprint size={18} aria-hidden />} after={go} />
        <Button
          variant="default"
          leftSection={<IconBuilding size={18} aria-hidden />}
          onClick={() => setByCompany((shown) => !shown)}
          aria-expanded={byCompany}
        >
          {t('byCompany')}
        </Button>
      </Stack>
    </Door>
  );
}
