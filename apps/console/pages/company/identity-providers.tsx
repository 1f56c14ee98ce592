import { Badge, Button, Group, Table, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { answer, api, type Schemas } from '../../api/client.js';
import { ConfirmButton } from '../../parts/confirm-button.js';
import { Copyable } from '../../parts/copyable.js';
import { Listing } from '../../parts/listing.js';
import { Empty, Loaded } from '../../parts/loaded.js';
import { Panel } from '../../parts/panel.js';
import { IdentityProviderForm } from './identity-provider-form.js';
import { IDENTITY_PROVIDERS } from './keys.js';

type Provider = Schemas['IdentityProvider'];

/** Where else the company's people may sign in: its own OpenID providers. */
export function IdentityProviders() {
  const { t } = useTranslation(['company', 'common']);
  const [opened, { open, close }] = useDisclosure(false);
  /** Stays while the dialog goes away, so that it does not change its words on its way. */
  const [edited, setEdited] = useState<Provider>();
  const edit = (provider: Provider | undefined) => {
    setEdited(provider);
    open();
  };
  const providers = useQuery({ queryKey: IDENTITY_PROVIDERS, queryFn: () => answer(api.GET('/api/company/identity-providers')) });
  const add = (
    <Button variant="default" leftSection={<IconPlus size={16} aria-hidden />} onClick={() => edit(undefined)}>
      {t('identity.add')}
    </Button>
  );
  return (
    <Panel title={t('identity.title')} lead={t('identity.lead')} actions={add}>
      <Loaded query={providers} rows={1} isEmpty={({ data }) => data.length === 0} empty={<Empty title={t('identity.none')} />}>
        {({ data }) => (
          <Listing label={t('identity.title')} head={[t('identity.name'), t('identity.issuer'), t('identity.redirect'), '']} minWidth={820}>
            {data.map((provider) => (
              <Row key={provider.name} provider={provider} edit={() => edit(provider)} />
            ))}
          </Listing>
        )}
      </Loaded>
      <IdentityProviderForm opened={opened} close={close} provider={edited} />
    </Panel>
  );
}

function Row({ provider, edit }: { provider: Provider; edit: () => void }) {
  const { t } = useTranslation(['company', 'common']);
  const { name, display_name, issuer, redirect_uri, is_enabled, just_in_time } = provider;
  const called = display_name ?? name;
  return (
    <Table.Tr>
      <Table.Td>
        <Group gap="xs">
          <Text size="sm" fw={500}>
            {called}
          </Text>
          {!is_enabled && <Badge color="gray.7">{t('channels.paused')}</Badge>}
          {just_in_time && <Badge variant="light">{t('identity.jit')}</Badge>}
        </Group>
      </Table.Td>
      <Table.Td style={{ overflowWrap: 'anywhere' }}>{issuer}</Table.Td>
      <Table.Td>
        <Copyable text={redirect_uri} label={t('identity.redirect')} />
      </Table.Td>
      <Table.Td>
        <Group gap="xs" justify="flex-end" wrap="nowrap">
          <Button variant="default" size="xs" onClick={edit} aria-label={`${t('identity.edit')}: ${called}`}>
            {t('identity.edit')}
          </Button>
          <ConfirmButton
            label={t('remove', { ns: 'common' })}
            aria-label={`${t('remove', { ns: 'common' })}: ${called}`}
            title={t('identity.removeTitle', { name: called })}
            changes={[IDENTITY_PROVIDERS]}
            run={() => answer(api.DELETE('/api/company/identity-providers/{name}', { params: { path: { name } } }))}
          >
            {t('identity.removeText')}
          </ConfirmButton>
        </Group>
      </Table.Td>
    </Table.Tr>
  );
}
