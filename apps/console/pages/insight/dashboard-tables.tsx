import { Group, Progress, Table, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { Schemas } from '../../api/client.js';
import { Listing } from '../../parts/listing.js';
import { Panel } from '../../parts/panel.js';
import { useFormat } from '../../parts/use-format.js';

type Statistics = Schemas['CompanyStatistics'];

export function ByProvider({ statistics: { by_provider } }: { statistics: Statistics }) {
  const { t } = useTranslation(['insight', 'common']);
  const { number, percent } = useFormat();
  if (by_provider.length === 0) return null;
  const seconds = (ms: number | null) => (ms === null ? '–' : t('unit.seconds', { number: number(ms / 1000, 1) }));
  return (
    <Panel title={t('providers.title')} lead={t('providers.lead')}>
      <Listing
        label={t('providers.lead')}
        minWidth={720}
        head={[
          t('providers.provider'),
          t('providers.sent'),
          t('providers.rate'),
          t('providers.p50'),
          t('providers.p95'),
          t('providers.failed'),
          t('providers.cost'),
        ]}
      >
        {by_provider.map(({ provider, channel, sent, failed, cost, delivery_rate, latency_p50_ms, latency_p95_ms }) => (
          <Table.Tr key={`${provider} ${channel}`}>
            <Table.Td>
              <Text size="sm" fw={500}>
                {provider}
              </Text>
              <Text size="xs" c="dimmed">
                {t(`channels.${channel}`, { ns: 'common' })}
              </Text>
            </Table.Td>
            <Table.Td>{number(sent)}</Table.Td>
            <Table.Td>
              {delivery_rate === null ? (
                <Text size="sm" c="dimmed">
                  {t('providers.silent')}
                </Text>
              ) : (
                <Bar share={delivery_rate} text={percent(delivery_rate)} name={`${t('providers.rate')}: ${provider}`} />
              )}
            </Table.Td>
            <Table.Td>{seconds(latency_p50_ms)}</Table.Td>
            <Table.Td>{seconds(latency_p95_ms)}</Table.Td>
            <Table.Td>{number(failed)}</Table.Td>
            <Table.Td>{number(cost, 4)}</Table.Td>
          </Table.Tr>
        ))}
      </Listing>
    </Panel>
  );
}

export function ByCountry({ statistics: { by_country } }: { statistics: Statistics }) {
  const { t } = useTranslation('insight');
  const { number, percent, country } = useFormat();
  const rows = by_country.filter((one) => one.country !== null);
  if (rows.length === 0) return null;
  const all = Math.max(
    1,
    rows.reduce((so, { sent }) => so + sent, 0),
  );
  return (
    <Panel title={t('countries.title')}>
      <Listing
        label={t('countries.country')}
        head={[t('countries.country'), t('providers.sent'), t('providers.delivered'), t('providers.failed'), t('providers.cost')]}
      >
        {rows.map((one) => (
          <Table.Tr key={one.country}>
            <Table.Td>{country(one.country!)}</Table.Td>
            <Table.Td>
              <Bar share={one.sent / all} text={`${number(one.sent)} (${percent(one.sent / all)})`} name={country(one.country!)} />
            </Table.Td>
            <Table.Td>{number(one.delivered)}</Table.Td>
            <Table.Td>{number(one.failed)}</Table.Td>
            <Table.Td>{number(one.cost, 4)}</Table.Td>
          </Table.Tr>
        ))}
      </Listing>
    </Panel>
  );
}

const Bar = ({ share, text, name }: { share: number; text: string; name: string }) => (
  <Group gap="xs" wrap="nowrap">
    <Progress.Root size="sm" w={80} aria-hidden>
      <Progress.Section value={100 * share} aria-label={name} />
    </Progress.Root>
    <Text size="sm" style={{ whiteSpace: 'nowrap' }}>
      {text}
    </Text>
  </Group>
);
