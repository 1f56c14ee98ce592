import { SegmentedControl, SimpleGrid, Skeleton, Stack } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { lazy, Suspense } from 'react';
import { useTranslation } from 'react-i18next';
import { answer, api, type Schemas } from '../../api/client.js';
import { Loaded } from '../../parts/loaded.js';
import { Page } from '../../parts/page.js';
import { mayAct, useMe } from '../../shell/use-me.js';
import { ByCountry, ByProvider } from './dashboard-tables.js';
import { FirstSteps } from './first-steps.js';
import { ProvidersNow } from './providers-now.js';
import { PERIODS } from './searches.js';
import { Tiles } from './tiles.js';

const route = getRouteApi('/house/');
const Charts = lazy(() => import('./charts.js'));
const DAY_MS = 86_400_000;
/** Verifications are kept as long. */
const KEPT_DAYS = 30;

/** What the company's people, messages and codes came to. */
export function DashboardPage() {
  const { t } = useTranslation('insight');
  const { days = 30 } = route.useSearch();
  const navigate = route.useNavigate();
  const { data: person } = useMe();
  const statistics = useQuery({
    queryKey: ['statistics', days],
    queryFn: async () => {
      const from = new Date(Date.now() - (days - 1) * DAY_MS).toISOString().slice(0, 10);
      const counted = await answer(api.GET('/api/company/statistics', { params: { query: { from } } }));
      return { ...counted, isNew: isQuiet(counted) && (days >= KEPT_DAYS || !(await hasSentCodes())) };
    },
    // Another period takes the place of this one, and the page keeps its height meanwhile.
    placeholderData: keepPreviousData,
    refetchInterval: 60_000,
  });
  return (
    <Page
      title={t('dashboard.title')}
      lead={t('dashboard.lead')}
      actions={
        <SegmentedControl
          aria-label={t('dashboard.period')}
          value={String(days)}
          onChange={(value) => void navigate({ search: { days: PERIODS.find((one) => one === Number(value)) ?? 30 }, replace: true })}
          data={PERIODS.map((count) => ({ value: String(count), label: t('dashboard.days', { count }) }))}
        />
      }
    >
      <Loaded query={statistics} rows={10}>
        {(data) => (
          <Stack gap="lg" aria-busy={statistics.isPlaceholderData}>
            {data.isNew && <FirstSteps />}
            <Tiles statistics={data} />
            <Suspense fallback={<ChartsToCome />}>
              <Charts statistics={data} />
            </Suspense>
            <ByProvider statistics={data} />
            <ByCountry statistics={data} />
            {mayAct(person?.role, 'admin') && <ProvidersNow />}
          </Stack>
        )}
      </Loaded>
    </Page>
  );
}

/** No code in this period, and hardly anybody is there. Mail about accounts, and codes of people's own factors, are counted as messages alone. */
const isQuiet = ({ verifications, people }: Schemas['CompanyStatistics']) => verifications.created === 0 && people.active <= 3;

/** A quiet week makes no newcomer: whether there was a code in all the time that codes are kept. */
const hasSentCodes = async () => (await answer(api.GET('/api/verifications', { params: { query: { limit: 1 } } }))).data.length > 0;

/** As high as the charts will be. */
const ChartsToCome = () => (
  <SimpleGrid cols={{ base: 1, md: 2, xl: 3 }} aria-hidden>
    {Array.from({ length: 3 }, (_, at) => (
      <Skeleton key={at} height={376} />
    ))}
  </SimpleGrid>
);
