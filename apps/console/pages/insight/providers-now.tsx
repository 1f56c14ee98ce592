import { Anchor, Badge, Table, Text } from '@mantine/core';
import { IconAlertTriangle, IconCheck, IconProgress } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { answer, api, type Schemas } from '../../api/client.js';
import { Listing } from '../../parts/listing.js';
import { Loaded } from '../../parts/loaded.js';
import { Panel } from '../../parts/panel.js';
import { useFormat } from '../../parts/use-format.js';

/** How the company's vendors are just now: a breaker holds messages back from one that fails. */
export function ProvidersNow() {
  const { t } = useTranslation('insight');
  const { percent, number } = useFormat();
  const channels = useQuery({ queryKey: ['channels'], queryFn: () => answer(api.GET('/api/company/channels')), refetchInterval: 30_000 });
  return (
    <Panel title={t('breakers.title')} lead={t('breakers.lead')}>
      <Loaded
        query={channels}
        rows={1}
        isEmpty={({ data }) => data.every(({ configured }) => !configured)}
        empty={
          <Text size="sm">
            {t('breakers.none')}{' '}
            <Anchor component={Link} to="/channels" size="sm" underline="always">
              {t('breakers.setUp')}
            </Anchor>
          </Text>
        }
      >
        {({ data }) => (
          <Listing label={t('breakers.lead')} head={[t('providers.provider'), t('breakers.state'), t('breakers.recent')]}>
            {data
              .filter(({ configured }) => configured)
              .map(({ provider, title, breaker, recent, configured }) => (
                <Table.Tr key={provider}>
                  <Table.Td>{title}</Table.Td>
                  <Table.Td>{configured!.is_enabled ? <Breaker breaker={breaker} /> : t('breakers.disabled')}</Table.Td>
                  <Table.Td>
                    {recent === null || recent.sent + recent.failed === 0
                      ? '–'
                      : t('breakers.calls', {
                          share: percent(recent.sent / (recent.sent + recent.failed)),
                          calls: number(recent.sent + recent.failed),
                          count: recent.window_minutes,
                        })}
                  </Table.Td>
                </Table.Tr>
              ))}
          </Listing>
        )}
      </Loaded>
    </Panel>
  );
}

const LOOKS = { closed: ['verdigris', IconCheck], open: ['red', IconAlertTriangle], half_open: ['orange', IconProgress] } as const;

function Breaker({ breaker }: { breaker: Schemas['Provider']['breaker'] }) {
  const { t } = useTranslation('insight');
  const { ago } = useFormat();
  if (!breaker) return <Text size="sm">{t('breakers.unknown')}</Text>;
  const [color, Icon] = LOOKS[breaker.state];
  return (
    <>
      <Badge variant="light" color={color} tt="none" leftSection={<Icon size={12} aria-hidden />}>
        {t(`breakers.${breaker.state}`)}
      </Badge>
      {breaker.since && (
        <Text size="xs" c="dimmed">
          {t('breakers.since', { when: ago(breaker.since) })}
        </Text>
      )}
    </>
  );
}
