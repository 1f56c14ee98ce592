import { Badge, Group, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { answer, api } from '../../api/client.js';
import { session } from '../../api/session.js';
import { ConfirmButton } from '../../parts/confirm-button.js';
import { Listing } from '../../parts/listing.js';
import { Empty, Loaded } from '../../parts/loaded.js';
import { Page } from '../../parts/page.js';
import { Panel } from '../../parts/panel.js';
import { When } from '../../parts/when.js';

const SESSIONS = ['sessions'] as const;
const DEVICES = ['devices'] as const;

/** Where the reader is signed in, and which devices are not asked for a second factor. */
export function SessionsPage() {
  const { t } = useTranslation(['account', 'common']);
  const sessions = useQuery({ queryKey: SESSIONS, queryFn: () => answer(api.GET('/api/auth/sessions')) });
  const devices = useQuery({ queryKey: DEVICES, queryFn: () => answer(api.GET('/api/auth/devices')) });
  return (
    <Page
      title={t('sessions.title')}
      lead={t('sessions.lead')}
      actions={
        <ConfirmButton
          size="sm"
          label={t('sessions.endAll')}
          title={t('sessions.endAllTitle')}
          run={async () => {
            await answer(api.POST('/api/auth/logout-all'));
            session.end();
          }}
        >
          {t('sessions.endAllText')}
        </ConfirmButton>
      }
    >
      <Panel title={t('sessions.open')}>
        <Loaded query={sessions}>
          {(open) => (
            <Listing
              label={t('sessions.open')}
              head={[t('sessions.device'), t('sessions.address'), t('sessions.seen'), t('sessions.began'), '']}
            >
              {open.map(({ id, device, device_name, ip_address, last_seen_at, created_at, is_current }) => (
                <Table.Tr key={id}>
                  <Table.Td>
                    <Group gap="xs">
                      <Text size="sm" fw={500}>
                        {device_name ?? device}
                      </Text>
                      {is_current && <Badge variant="light">{t('sessions.current')}</Badge>}
                    </Group>
                    {device_name && (
                      <Text size="xs" c="dimmed">
                        {device}
                      </Text>
                    )}
                  </Table.Td>
                  <Table.Td>{ip_address}</Table.Td>
                  <Table.Td>
                    <When at={last_seen_at} />
                  </Table.Td>
                  <Table.Td>
                    <When at={created_at} />
                  </Table.Td>
                  <Table.Td ta="right">
                    {!is_current && (
                      <ConfirmButton
                        label={t('sessions.end')}
                        aria-label={`${t('sessions.end')}: ${device_name ?? device}`}
                        title={t('sessions.endTitle')}
                        changes={[SESSIONS]}
                        run={() => answer(api.DELETE('/api/auth/sessions/{id}', { params: { path: { id } } }))}
                      >
                        {t('sessions.endText', { device: device_name ?? device })}
                      </ConfirmButton>
                    )}
                  </Table.Td>
                </Table.Tr>
              ))}
            </Listing>
          )}
        </Loaded>
      </Panel>
      {!sessions.isPending && (
        <Panel title={t('devices.title')} lead={t('devices.lead')}>
          <Loaded query={devices} rows={1} isEmpty={(list) => list.length === 0} empty={<Empty title={t('devices.none')} />}>
            {(list) => (
              <Listing
                label={t('devices.title')}
                head={[t('sessions.device'), t('sessions.address'), t('security.used'), t('devices.until'), '']}
              >
                {list.map(({ id, device, device_name, ip_address, last_used_at, expires_at }) => (
                  <Table.Tr key={id}>
                    <Table.Td>{device_name ?? device}</Table.Td>
                    <Table.Td>{ip_address}</Table.Td>
                    <Table.Td>
                      <When at={last_used_at} />
                    </Table.Td>
                    <Table.Td>
                      <When at={expires_at} />
                    </Table.Td>
                    <Table.Td ta="right">
                      <ConfirmButton
                        label={t('devices.forget')}
                        aria-label={`${t('devices.forget')}: ${device_name ?? device}`}
                        title={t('devices.forgetTitle')}
                        changes={[DEVICES]}
                        run={() => answer(api.DELETE('/api/auth/devices/{id}', { params: { path: { id } } }))}
                      />
                    </Table.Td>
                  </Table.Tr>
                ))}
              </Listing>
            )}
          </Loaded>
        </Panel>
      )}
    </Page>
  );
}
