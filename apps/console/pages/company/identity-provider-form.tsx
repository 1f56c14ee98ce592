import { Accordion, Button, Modal, Stack, Switch, TagsInput, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useDisclosure } from '@mantine/hooks';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { answer, api, type Schemas } from '../../api/client.js';
import { ProblemAlert } from '../../parts/problem-alert.js';
import { useAction } from '../../parts/use-action.js';
import { ClientSecret, isSecretMissing, NO_SECRET, secretSent } from './client-secret.js';
import { IDENTITY_PROVIDERS } from './keys.js';
import { admittedBy, WhoComesIn } from './who-comes-in.js';

interface Props {
  /** None: a new one. */
  provider: Schemas['IdentityProvider'] | undefined;
  close: () => void;
}

export function IdentityProviderForm({ opened, ...props }: Props & { opened: boolean }) {
  const { t } = useTranslation(['company', 'common']);
  const { provider } = props;
  return (
    <Modal
      opened={opened}
      onClose={props.close}
      title={provider ? t('identity.editTitle', { name: provider.display_name ?? provider.name }) : t('identity.addTitle')}
      size="lg"
      closeButtonProps={{ 'aria-label': t('close', { ns: 'common' }) }}
    >
      <Fields {...props} />
    </Modal>
  );
}

/** What is compared so is not split at a comma, nor taken for another that differs in case. */
const LETTER_BY_LETTER = { splitChars: [' '], isDuplicate: (value: string, all: string[]) => all.includes(value) };

/** What stands below, as it is set or as a new one begins. */
const detailsOf = (provider: Schemas['IdentityProvider'] | undefined) => ({
  scopes: provider?.scopes ?? ['openid', 'email', 'profile'],
  second_factor_acr: provider?.second_factor_acr ?? [],
  second_factor_amr: provider?.second_factor_amr ?? [],
  // To this console, which the person comes back to.
  return_urls: provider?.return_urls ?? [`${window.location.origin}/sign-in/returned`],
});

function Fields({ provider, close }: Props) {
  const { t } = useTranslation(['company', 'common']);
  const isStored = provider?.has_secret ?? false;
  const isMoved = ({ issuer, client_id }: { issuer: string; client_id: string }) =>
    provider !== undefined && (issuer !== provider.issuer || client_id !== provider.client_id);
  const form = useForm({
    initialValues: {
      ...NO_SECRET,
      name: provider?.name ?? '',
      display_name: provider?.display_name ?? '',
      issuer: provider?.issuer ?? '',
      client_id: provider?.client_id ?? '',
      ...admittedBy(provider),
      ...detailsOf(provider),
      is_enabled: provider?.is_enabled ?? true,
    },
    validate: {
      name: (name) => (/^[a-z0-9-]{1,40}$/.test(name) ? null : t('identity.nameHint')),
      client_secret: (_, values) => (isSecretMissing(values, isStored, isMoved(values)) ? t('identity.secretNeeded') : null),
      allowed_email_domains: (domains, { just_in_time }) => (just_in_time && domains.length === 0 ? t('identity.domainsNeeded') : null),
    },
  });
  const [isOpen, { open, toggle }] = useDisclosure(false);
  const hasHiddenError = Object.keys(detailsOf(provider)).some((field) => field in form.errors);
  useEffect(() => {
    if (hasHiddenError) open();
  }, [hasHiddenError, open]);
  const put = useAction(
    ({ name, display_name, client_secret, ends_secret, ...shown }: typeof form.values) =>
      answer(
        api.PUT('/api/company/identity-providers/{name}', {
          params: { path: { name } },
          body: {
            ...shown,
            ...(display_name.trim() && { display_name: display_name.trim() }),
            ...secretSent({ client_secret, ends_secret }, isStored),
          },
        }),
      ),
    { changes: [IDENTITY_PROVIDERS], done: t('saved', { ns: 'common' }), form, after: close },
  );
  return (
    <form onSubmit={form.onSubmit((values) => put.mutate(values))}>
      <Stack>
        {!provider && (
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
        )}
        <TextInput
          label={t('identity.name')}
          description={t('identity.displayHint')}
          maxLength={60}
          autoComplete="off"
          {...(provider && { 'data-autofocus': true })}
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
        <ClientSecret
          isStored={isStored}
          moved={isMoved(form.values)}
          ends={form.values.ends_secret}
          setEnds={(ends) => form.setFieldValue('ends_secret', ends)}
          {...form.getInputProps('client_secret')}
        />
        <WhoComesIn form={form} jitHint={t('identity.jitHint')} />
        <Accordion variant="contained" value={isOpen ? 'more' : null} onChange={toggle}>
          <Accordion.Item value="more">
            <Accordion.Control>{t('identity.more')}</Accordion.Control>
            <Accordion.Panel>
              <Stack>
                <TagsInput
                  label={t('identity.acr')}
                  description={t('identity.acrHint')}
                  {...LETTER_BY_LETTER}
                  {...form.getInputProps('second_factor_acr')}
                />
                <TagsInput label={t('identity.amr')} {...LETTER_BY_LETTER} {...form.getInputProps('second_factor_amr')} />
                <TagsInput
                  label={t('identity.returns')}
                  description={t('identity.returnsHint')}
                  {...LETTER_BY_LETTER}
                  {...form.getInputProps('return_urls')}
                />
                <TagsInput label={t('identity.scopes')} {...form.getInputProps('scopes')} />
              </Stack>
            </Accordion.Panel>
          </Accordion.Item>
        </Accordion>
        {provider && (
          <Switch
            label={t('channels.enabled')}
            description={t('identity.enabledHint')}
            {...form.getInputProps('is_enabled', { type: 'checkbox' })}
          />
        )}
        <ProblemAlert error={put.error} />
        <Button type="submit" loading={put.isPending} disabled={provider !== undefined && !form.isDirty()}>
          {provider ? t('save', { ns: 'common' }) : t('identity.add')}
        </Button>
      </Stack>
    </form>
  );
}
