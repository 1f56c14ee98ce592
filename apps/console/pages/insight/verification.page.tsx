import { Alert, Anchor, Group, SimpleGrid, Stack, Text } from '@mantine/core';
import { IconArrowLeft } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { answer, api, type Schemas } from '../../api/client.js';
import { Copyable } from '../../parts/copyable.js';
import { Loaded } from '../../parts/loaded.js';
import { Page } from '../../parts/page.js';
import { Panel } from '../../parts/panel.js';
import { useCountdown } from '../../parts/use-countdown.js';
import { useFormat } from '../../parts/use-format.js';
import { StatusBadge } from './status-badge.js';
import { TimelineView } from './timeline-view.js';
import { VerificationActions } from './verification-actions.js';

const route = getRouteApi('/house/verifications/$id');
const LOOK_AGAIN_MS = 2_000;
/** Receipts come after the end, too: for a while it is worth looking. */
const RECEIPTS_MS = 120_000;

export function VerificationPage() {
  const { t } = useTranslation(['insight', 'common']);
  const { id } = route.useParams();
  const verification = useQuery({
    queryKey: ['verification', id],
    queryFn: () => answer(api.GET('/api/verifications/{id}', { params: { path: { id } } })),
    refetchInterval: ({ state: { data } }) => (data && isLively(data) ? LOOK_AGAIN_MS : false),
  });
  const isLive = verification.data !== undefined && isLively(verification.data);
  const timeline = useQuery({
    queryKey: ['verification', id, 'timeline'],
    queryFn: () => answer(api.GET('/api/verifications/{id}/timeline', { params: { path: { id } } })),
    refetchInterval: isLive ? LOOK_AGAIN_MS : false,
  });
  return (
    <Page
      title={t('verification.title')}
      lead={
        <Anchor component={Link} to="/verifications" size="sm">
          <Group gap={4} component="span">
            <IconArrowLeft size={14} aria-hidden />
            {t('verification.back')}
          </Group>
        </Anchor>
      }
    >
      <Loaded query={verification} rows={3}>
        {(one) => (
          <>
            <State verification={one} />
            {one.status === 'pending' && <VerificationActions verification={one} />}
          </>
        )}
      </Loaded>
      {verification.data && (
        <Panel title={t('timeline.title')} lead={isLive ? t('timeline.live') : t('timeline.lead')}>
          <Loaded query={timeline} rows={4}>
            {({ data }) => <TimelineView entries={data} since={verification.data.created_at} />}
          </Loaded>
        </Panel>
      )}
    </Page>
  );
}

const isLively = ({ status, ended_at }: Schemas['Verification']) =>
  status === 'pending' || (status === 'approved' && ended_at !== null && Date.now() - Date.parse(ended_at) < RECEIPTS_MS);

function State({ verification }: { verification: Schemas['Verification'] }) {
  const { t } = useTranslation(['insight', 'common']);
  const { exact } = useFormat();
  const { id, status, workflow, step, sends, attempts, reference, created_at, expires_at, ended_at } = verification;
  const left = useCountdown(status === 'pending' ? Date.parse(expires_at) : undefined);
  return (
    <Panel title={workflow[step]?.recipient_masked ?? t('verification.title')} actions={<StatusBadge status={status} size="lg" />}>
      <SimpleGrid component="dl" cols={{ base: 1, xs: 2, md: 3 }} m={0} spacing="md">
        <Fact name={t('verifications.created')}>{exact(created_at)}</Fact>
        {status === 'pending' ? (
          <Fact name={t('verification.left')}>{t('seconds', { count: left })}</Fact>
        ) : (
          <Fact name={t('verification.ended')}>{ended_at ? exact(ended_at) : exact(expires_at)}</Fact>
        )}
        <Fact name={t('verifications.reference')}>{reference ?? '–'}</Fact>
        <Fact name={t('verifications.sends')}>{sends}</Fact>
        <Fact name={t('verifications.attempts')}>{attempts}</Fact>
        <Fact name={t('verification.id')}>
          <Copyable text={id} label={t('verification.id')} />
        </Fact>
      </SimpleGrid>
      {workflow.length > 1 && (
        <Stack gap={4}>
          <Text size="sm" c="dimmed">
            {t('verification.workflow')}
          </Text>
          <Text size="sm" component="ol" m={0} pl="lg">
            {workflow.map(({ channel, recipient_masked, provider }, at) => (
              <li key={at} aria-current={at === step ? 'step' : undefined}>
                <Text span size="sm" fw={at === step ? 700 : 400}>
                  {t(`channels.${channel}`, { ns: 'common' })} · {recipient_masked}
                  {provider && ` · ${provider}`}
                </Text>
              </li>
            ))}
          </Text>
        </Stack>
      )}
      {status === 'max_attempts_reached' && (
        <Alert color="red" variant="light" role="note">
          {t('verification.tooMany')}
        </Alert>
      )}
    </Panel>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <Text component="dt" size="sm" c="dimmed">
        {name}
      </Text>
      <Text component="dd" size="sm" m={0} fw={500} style={{ overflowWrap: 'anywhere' }}>
        {children}
      </Text>
    </div>
  );
}
