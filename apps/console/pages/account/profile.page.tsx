import { Alert, Button, Group, Select, SimpleGrid, Stack, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useTranslation } from 'react-i18next';
import { answer, api, type Schemas } from '../../api/client.js';
import { isLanguage, LANGUAGES, speak } from '../../i18n.js';
import { Loaded } from '../../parts/loaded.js';
import { Page } from '../../parts/page.js';
import { Panel } from '../../parts/panel.js';
import { PasswordField } from '../../parts/password-field.js';
import { ProblemAlert } from '../../parts/problem-alert.js';
import { useAction } from '../../parts/use-action.js';
import { ME, useMe } from '../../shell/use-me.js';
import { MyData } from './my-data.js';

export function ProfilePage() {
  const { t } = useTranslation('account');
  const person = useMe();
  return (
    <Page title={t('profile.title')} lead={t('profile.lead')}>
      <Loaded query={person} rows={6}>
        {(me) => (
          <>
            {!me.email_verified && <Unconfirmed email={me.email} />}
            <Details key={me.id} me={me} />
            <Email me={me} />
            <Password />
            <MyData />
          </>
        )}
      </Loaded>
    </Page>
  );
}

function Unconfirmed({ email }: { email: string }) {
  const { t } = useTranslation('account');
  const resend = useAction(() => answer(api.POST('/api/auth/resend-verification', { body: { email } })), { done: t('email.sent') });
  return (
    <Alert color="yellow" title={t('email.unconfirmed')} role="note">
      <Stack align="flex-start" gap="xs">
        <Text size="sm">{t('email.unconfirmedText', { email })}</Text>
        <ProblemAlert error={resend.error} />
        <Button size="xs" variant="default" onClick={() => resend.mutate()} loading={resend.isPending}>
          {t('email.resend')}
        </Button>
      </Stack>
    </Alert>
  );
}

function Details({ me }: { me: Schemas['User'] }) {
  const { t } = useTranslation(['account', 'common']);
  const form = useForm({ initialValues: { full_name: me.full_name, phone_number: me.phone_number ?? '', locale: me.locale ?? '' } });
  const save = useAction(
    ({ full_name, phone_number, locale }: typeof form.values) =>
      answer(api.PUT('/api/users/me', { body: { full_name, phone_number: phone_number.trim() || null, locale: locale || null } })),
    {
      changes: [ME],
      done: t('saved', { ns: 'common' }),
      form,
      after: ({ locale }) => {
        form.resetDirty();
        if (isLanguage(locale)) void speak(locale);
      },
    },
  );
  return (
    <Panel title={t('details.title')}>
      <form onSubmit={form.onSubmit((values) => save.mutate(values))}>
        <Stack>
          <SimpleGrid cols={{ base: 1, sm: 2 }}>
            <TextInput label={t('details.name')} autoComplete="name" required maxLength={200} {...form.getInputProps('full_name')} />
            <TextInput
              label={t('details.phone')}
              description={t('details.phoneHint')}
              type="tel"
              autoComplete="tel"
              inputWrapperOrder={['label', 'input', 'description', 'error']}
              {...form.getInputProps('phone_number')}
            />
            <Select
              label={t('details.language')}
              description={t('details.languageHint')}
              inputWrapperOrder={['label', 'input', 'description', 'error']}
              data={[
                { value: '', label: t('details.noLanguage') },
                ...Object.entries(LANGUAGES).map(([value, label]) => ({ value, label })),
              ]}
              allowDeselect={false}
              {...form.getInputProps('locale')}
            />
            <TextInput label={t('details.role')} value={t(`roles.${me.role}`, { ns: 'common' })} readOnly />
          </SimpleGrid>
          <ProblemAlert error={save.error} fields={false} />
          <Group justify="flex-end">
            <Button type="submit" loading={save.isPending} disabled={!form.isDirty()}>
              {t('save', { ns: 'common' })}
            </Button>
          </Group>
        </Stack>
      </form>
    </Panel>
  );
}

function Email({ me }: { me: Schemas['User'] }) {
  const { t } = useTranslation('account');
  const form = useForm({ initialValues: { new_email: '', password: '' } });
  const change = useAction((body: typeof form.values) => answer(api.POST('/api/users/me/email', { body })), { form });
  return (
    <Panel title={t('email.title')} lead={t('email.lead', { email: me.email })}>
      {change.isSuccess ? (
        <Alert role="status">{t('email.asked', { email: form.values.new_email })}</Alert>
      ) : (
        <form onSubmit={form.onSubmit((values) => change.mutate(values))}>
          <Stack>
            <SimpleGrid cols={{ base: 1, sm: 2 }}>
              <TextInput label={t('email.new')} type="email" required autoComplete="email" {...form.getInputProps('new_email')} />
              <PasswordField kind="current" label={t('password.current')} {...form.getInputProps('password')} />
            </SimpleGrid>
            <ProblemAlert error={change.error} fields={false} />
            <Group justify="flex-end">
              <Button type="submit" variant="default" loading={change.isPending}>
                {t('email.change')}
              </Button>
            </Group>
          </Stack>
        </form>
      )}
    </Panel>
  );
}

function Password() {
  const { t } = useTranslation('account');
  const form = useForm({ initialValues: { current_password: '', new_password: '' } });
  const change = useAction((body: typeof form.values) => answer(api.POST('/api/auth/change-password', { body })), {
    done: t('password.changed'),
    changes: [['sessions']],
    form,
    after: () => form.reset(),
  });
  return (
    <Panel title={t('password.title')} lead={t('password.lead')}>
      <form onSubmit={form.onSubmit((values) => change.mutate(values))}>
        <Stack>
          <SimpleGrid cols={{ base: 1, sm: 2 }}>
            <PasswordField kind="current" label={t('password.current')} {...form.getInputProps('current_password')} />
            <PasswordField
              kind="new"
              label={t('password.new')}
              inputWrapperOrder={['label', 'input', 'description', 'error']}
              {...form.getInputProps('new_password')}
            />
          </SimpleGrid>
          <ProblemAlert error={change.error} />
          <Group justify="flex-end">
            <Button type="submit" variant="default" loading={change.isPending}>
              {t('password.change')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Panel>
  );
}
