import { Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { answer, api } from '../../api/client.js';
import { ConfirmButton } from '../../parts/confirm-button.js';
import { Listing } from '../../parts/listing.js';
import { Loaded } from '../../parts/loaded.js';
import { Panel } from '../../parts/panel.js';
import { When } from '../../parts/when.js';

/** Identities elsewhere that open this account; shown to whoever has one. */
export function IdentitiesPanel() {
  const { t } = useTranslation('account');
  const key = ['identities'] as const;
  const identities = useQuery({ queryKey: key, queryFn: () => answer(api.GET('/api/auth/identities')) });
  if (identities.data?.data.length === 0) return null;
  return (
    <Panel title={t('identities.title')} lead={t('identities.lead')}>
      <Loaded query={identities} rows={1}>
        {({ data }) => (
          <Listing label={t('identities.title')} head={[t('identities.issuer'), t('identities.email'), t('security.used'), '']}>
            {data.map(({ id, issuer, email, last_used_at }) => (
              <Table.Tr key={id}>
                <Table.Td>{new URL(issuer).hostname}</Table.Td>
                <Table.Td>{email ?? <Text c="dimmed">–</Text>}</Table.Td>
                <Table.Td>
                  <When at={last_used_at} />
                </Table.Td>
                <Table.Td ta="right">
                  <ConfirmButton
                    label={t('identities.unlink')}
                    title={t('identities.unlinkTitle')}
                    changes={[key]}
                    run={() => answer(api.DELETE('/api/auth/identities/{id}', { params: { path: { id } } }))}
                  >
                    {t('identities.unlinkText')}
                  </ConfirmButton>
                </Table.Td>
              </Table.Tr>
            ))}
          </Listing>
        )}
      </Loaded>
    </Panel>
  );
}
