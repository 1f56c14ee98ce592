import { Button, Modal, PasswordInput, Stack, Switch, TagsInput, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useTranslation } from 'react-i18next';
import { answer, api } from '../../api/client.js';
import { ProblemAlert } from '../../parts/problem-alert.js';
import { useAction } from '../../parts/use-action.js';
import { IDENTITY_PROVIDERS } from './keys.js';

export function IdentityProviderForm({ opened, close }: { opened: boolean; close: () => void }) {
  const { t } = useTranslation(['company', 'common']);
  return (
    <Modal
      opened={opened}
      onClose={close}
      title={t('identity.addTitle')}
      size="lg"
      closeButtonProps={{ 'aria-label': t('close', { ns: 'common' }) }}
    >
      <Fields close={close} />
    </Modal>
  );
}

function Fields({ close }: { close: () => void }) {
  const { t } = useTranslation(['company', 'common']);
  const form = useForm({
    initialValues: {
      name: '',
      display_name: '',
      issuer: '',
      client_id: '',
      client_secret: '',
      just_in_time: false,
      allowed_email_domains: [] as string[],
    },
    validate: {
      name: (name) => (/^[a-z0-9-]{1,40}$/.test(name) ? null : t('identity.nameHint')),
      allowed_email_domains: (domains, { just_in_time }) => (just_in_time && domains.length === 0 ? t('identity.domainsNeeded') : null),
    },
  });
  const add = useAction(
    ({ name, display_name, client_secret, ...rest }: typeof form.values) =>
      answer(
        api.PUT('/api/company/identity-providers/{name}', {
          params: { path: { name } },
          body: {
            ...rest,
            ...(display_name.trim() && { display_name }),
            client_secret: client_secret || null,
            // To this console, which the person comes back to.
            return_urls: [`${window.location.origin}/sign-in/returned`],
            scopes: ['openid', 'email', 'profile'],
            role: 'user',
            link_verified_emails: false,
            second_factor_acr: [],
            second_factor_amr: [],
            is_enabled: true,
          },
        }),
      ),
    { changes: [IDENTITY_PROVIDERS], done: t('saved', { ns: 'common' }), form, after: close },
  );
  return (
    <form onSubmit={form.onSubmit((values) => add.mutate(values))}>
      <Stack>
        <TextInput
          label={t('identity.id')}
          description={t('identity.nameHint')}
          required
          maxLength={40}
          placeholder="entra"
          data-autofocus
          autoComplete="off"
          {...form.getInputProps('name')}
        />
        <TextInput
          label={t('identity.name')}
          description={t('identity.displayHint')}
          maxLength={60}
          autoComplete="off"
          {...form.getInputProps('display_name')}
        />
        <TextInput
          label={t('identity.issuer')}
          description={t('identity.issuerHint')}
          type="url"
          required
          placeholder="https://login.example.com"
          autoComplete="off"
          {...form.getInputProps('issuer')}
        />
        <TextInput label={t('identity.clientId')} required autoComplete="off" {...form.getInputProps('client_id')} />
        <PasswordInput
          label={t('identity.clientSecret')}
          description={t('identity.clientSecretHint')}
          autoComplete="new-password"
          {...form.getInputProps('client_secret')}
        />
        <Switch
          label={t('identity.jit')}
          description={t('identity.jitHint')}
          {...form.getInputProps('just_in_time', { type: 'checkbox' })}
        />
        <TagsInput
          label={t('identity.domains')}
          description={t('identity.domainsHint')}
          placeholder={form.values.allowed_email_domains.length === 0 ? 'example.com' : ''}
          {...form.getInputProps('allowed_email_domains')}
        />
        <ProblemAlert error={add.error} />
        <Button type="submit" loading={add.isPending}>
          {t('identity.add')}
        </Button>
      </Stack>
    </form>
  );
}
