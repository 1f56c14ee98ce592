import { Alert, Anchor, Stack, Text } from '@mantine/core';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { answer, api, type Schemas } from '../../api/client.js';
import { ConfirmButton } from '../../parts/confirm-button.js';
import { Copyable } from '../../parts/copyable.js';
import { Empty, Loaded } from '../../parts/loaded.js';
import { Page } from '../../parts/page.js';
import { Panel } from '../../parts/panel.js';
import { useFormat } from '../../parts/use-format.js';
import { ChannelForm } from './channel-form.js';
import { ChannelState } from './channel-state.js';
import { ChannelTest } from './channel-test.js';
import { CHANNELS } from './keys.js';
import { useChannels } from './use-channels.js';

const route = getRouteApi('/house/channels/$provider');

export function ChannelPage() {
  // The words of settings are fetched with the page's, so that the form need not wait for them.
  const { t } = useTranslation(['company', 'provider-settings']);
  const { provider: id } = route.useParams();
  const channels = useChannels();
  const found = channels.data?.data.find(({ provider }) => provider === id);
  return (
    <Page
      title={found?.title ?? t('channels.one')}
      lead={
        <Anchor component={Link} to="/channels" size="sm">
          {t('channels.back')}
        </Anchor>
      }
    >
      <Loaded query={channels} rows={6} isEmpty={() => !found} empty={<Empty title={t('channels.unknown')} />}>
        {() => (
          <>
            <Standing provider={found!} />
            <ChannelForm key={found!.configured?.updated_at ?? 'new'} provider={found!} />
            {found!.configured && <ChannelTest provider={found!} />}
            {found!.configured && <Remove provider={found!} />}
          </>
        )}
      </Loaded>
    </Page>
  );
}

function Standing({ provider }: { provider: Schemas['Provider'] }) {
  const { t } = useTranslation('company');
  const { exact } = useFormat();
  const { breaker, recent, reports, callback_url: callback } = provider;
  return (
    <Panel title={t('channels.standing')} actions={<ChannelState provider={provider} />}>
      <Stack gap="sm">
        {breaker && breaker.state !== 'closed' && (
          <Alert color={breaker.state === 'open' ? 'red' : 'yellow'} variant="light" role="note">
            {t(breaker.state === 'open' ? 'channels.openText' : 'channels.halfOpenText')}{' '}
            {breaker.retry_at && t('channels.retryAt', { at: exact(breaker.retry_at) })}
          </Alert>
        )}
        {recent && <Text size="sm">{t('channels.recent', { ...recent, minutes: recent.window_minutes })}</Text>}
        {reports ? (
          <div>
            <Text size="sm">{t('channels.callback')}</Text>
            <Copyable text={callback} label={t('channels.callback')} />
          </div>
        ) : (
          <Text size="sm">{t('channels.noReportsText')}</Text>
        )}
      </Stack>
    </Panel>
  );
}

function Remove({ provider: { provider, title } }: { provider: Schemas['Provider'] }) {
  const { t } = useTranslation(['company', 'common']);
  return (
    <Panel title={t('channels.remove')} lead={t('channels.removeLead')}>
      <div>
        <ConfirmButton
          size="sm"
          label={t('remove', { ns: 'common' })}
          title={t('channels.removeTitle', { title })}
          changes={[CHANNELS]}
          run={() => answer(api.DELETE('/api/company/channels/{provider}', { params: { path: { provider } } }))}
        >
          {t('channels.removeText')}
        </ConfirmButton>
      </div>
    </Panel>
  );
}
