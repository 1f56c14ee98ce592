import { Anchor, Badge, Group, Paper, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { Schemas } from '../../api/client.js';
import { iconOf } from '../../parts/factor-words.js';
import { Loaded } from '../../parts/loaded.js';
import { Page } from '../../parts/page.js';
import { Panel } from '../../parts/panel.js';
import { ChannelState } from './channel-state.js';
import { useChannels } from './use-channels.js';

const CHANNELS = ['sms', 'voice', 'email', 'telegram'] as const satisfies Schemas['Provider']['channels'];
type Channel = Schemas['Provider']['channels'][number];

/** Over whom the company's messages go, by the way they take. */
export function ChannelsPage() {
  const { t } = useTranslation(['company', 'common']);
  const channels = useChannels();
  return (
    <Page title={t('channels.title')} lead={t('channels.lead')}>
      <Loaded query={channels} rows={8}>
        {({ data }) =>
          CHANNELS.map((channel) => (
            <Panel key={channel} title={t(`channels.${channel}`, { ns: 'common' })} lead={t(summaryOf(data, channel))}>
              <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }}>
                {data
                  .filter(({ channels }) => channels.includes(channel))
                  .toSorted((a, b) => rank(a, channel) - rank(b, channel) || a.title.localeCompare(b.title))
                  .map((provider) => (
                    <Card key={provider.provider} provider={provider} channel={channel} />
                  ))}
              </SimpleGrid>
            </Panel>
          ))
        }
      </Loaded>
    </Page>
  );
}

const inUse = ({ configured }: Schemas['Provider'], channel: Channel) =>
  configured?.is_enabled === true && configured.channels.includes(channel);
/** In the order in which they are tried; then what is not in use. */
const rank = (provider: Schemas['Provider'], channel: Channel) => (inUse(provider, channel) ? provider.configured!.priority : 10_000);

function summaryOf(providers: Schemas['Provider'][], channel: Channel) {
  const count = providers.filter((provider) => inUse(provider, channel)).length;
  return count === 0 ? 'channels.nobody' : count === 1 ? 'channels.oneWay' : 'channels.manyWays';
}

function Card({ provider, channel }: { provider: Schemas['Provider']; channel: Channel }) {
  const { t } = useTranslation('company');
  const Icon = iconOf(channel);
  const { configured, recent, title } = provider;
  return (
    <Paper withBorder p="md" style={{ position: 'relative' }}>
      <Stack gap="xs" h="100%">
        <Group justify="space-between" wrap="nowrap" align="flex-start" gap="xs">
          <Group gap="xs" wrap="nowrap">
            <Icon size={20} aria-hidden style={{ flexShrink: 0 }} />
            <Title order={3} size="h6">
              <Anchor component={Link} to={`/channels/${provider.provider}`} inherit>
                {title}
              </Anchor>
            </Title>
          </Group>
          <ChannelState provider={provider} />
        </Group>
        {configured && (
          <Text size="sm" c="dimmed">
            {t('channels.priorityIs', { priority: configured.priority })}
            {recent && recent.sent + recent.failed > 0 && ` · ${t('channels.recent', { ...recent, minutes: recent.window_minutes })}`}
          </Text>
        )}
        {configured && !configured.channels.includes(channel) && <Text size="sm">{t('channels.notForThis')}</Text>}
        <Group gap={6} mt="auto">
          <Badge variant="outline" color="gray">
            {t(provider.reports ? 'channels.reports' : 'channels.noReports')}
          </Badge>
        </Group>
      </Stack>
    </Paper>
  );
}
