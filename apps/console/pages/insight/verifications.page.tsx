import { ActionIcon, Anchor, NativeSelect, Table, Text, Tooltip } from '@mantine/core';
import { IconRefresh } from '@tabler/icons-react';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { answer, api } from '../../api/client.js';
import { Listing, More } from '../../parts/listing.js';
import { Empty, Loaded } from '../../parts/loaded.js';
import { Page } from '../../parts/page.js';
import { usePages } from '../../parts/use-pages.js';
import { When } from '../../parts/when.js';
import { FilterText } from './filter-text.js';
import { Filters } from './filters.js';
import { CHANNELS, momentsOf, STATUSES, type VerificationFilters } from './searches.js';
import { SendTestCode } from './send-test-code.js';
import { StatusBadge } from './status-badge.js';

const route = getRouteApi('/house/verifications');

/** Codes that applications of the company sent, newest first. */
export function VerificationsPage() {
  const { t } = useTranslation(['insight', 'common']);
  const filters = route.useSearch();
  const navigate = route.useNavigate();
  const change = (some?: { [K in keyof VerificationFilters]?: VerificationFilters[K] | undefined }) =>
    void navigate({ search: (before) => (some ? { ...before, ...some } : {}), replace: true });
  const list = usePages(['verifications', filters], (cursor) => {
    const { from: _, to: __, ...query } = filters;
    return answer(api.GET('/api/verifications', { params: { query: { ...query, ...momentsOf(filters), ...(cursor && { cursor }) } } }));
  });
  const isFiltered = Object.keys(filters).length > 0;
  return (
    <Page
      title={t('verifications.title')}
      lead={t('verifications.lead')}
      actions={
        <>
          <Tooltip label={t('refresh')}>
            <ActionIcon
              variant="default"
              size={36}
              aria-label={t('refresh')}
              onClick={() => void list.refetch()}
              loading={list.isRefetching}
            >
              <IconRefresh size={18} aria-hidden />
            </ActionIcon>
          </Tooltip>
          <SendTestCode />
        </>
      }
    >
      <Filters filters={filters} change={change} cols={{ base: 1, xs: 2, md: 3, lg: 6 }}>
        <NativeSelect
          label={t('verifications.status')}
          value={filters.status ?? ''}
          onChange={({ currentTarget: { value } }) => change({ status: STATUSES.find((one) => one === value) })}
          data={[{ value: '', label: t('filter.all') }, ...STATUSES.map((value) => ({ value, label: t(`statuses.${value}`) }))]}
        />
        <NativeSelect
          label={t('verifications.channel')}
          value={filters.channel ?? ''}
          onChange={({ currentTarget: { value } }) => change({ channel: CHANNELS.find((one) => one === value) })}
          data={[
            { value: '', label: t('filter.all') },
            ...CHANNELS.map((value) => ({ value, label: t(`channels.${value}`, { ns: 'common' }) })),
          ]}
        />
        <FilterText
          label={t('verifications.recipient')}
          placeholder="+34612345678"
          maxLength={254}
          value={filters.recipient}
          change={(recipient) => change({ recipient })}
        />
        <FilterText
          label={t('verifications.reference')}
          maxLength={100}
          value={filters.reference}
          change={(reference) => change({ reference })}
        />
      </Filters>
      <Loaded
        query={list}
        rows={6}
        isEmpty={(rows) => rows.length === 0}
        empty={
          isFiltered ? (
            <Empty title={t('filter.nothing')}>{t('filter.nothingText')}</Empty>
          ) : (
            <Empty title={t('verifications.none')} action={<SendTestCode />}>
              {t('verifications.noneText')}
            </Empty>
          )
        }
      >
        {(rows) => (
          <Listing
            label={t('verifications.title')}
            head={[
              t('verifications.created'),
              t('verifications.recipient'),
              t('verifications.status'),
              t('verifications.sends'),
              t('verifications.attempts'),
              t('verifications.reference'),
            ]}
            minWidth={720}
          >
            {rows.map(({ id, created_at, workflow, step, status, sends, attempts, reference }) => {
              const at = workflow[step] ?? workflow[0]!;
              return (
                <Table.Tr key={id}>
                  <Table.Td>
                    <When at={created_at} />
                  </Table.Td>
                  <Table.Td>
                    <Anchor renderRoot={(props) => <Link {...props} to="/verifications/$id" params={{ id }} />} size="sm" fw={500}>
                      {at.recipient_masked}
                    </Anchor>
                    <Text size="xs" c="dimmed">
                      {t(`channels.${at.channel}`, { ns: 'common' })}
                      {workflow.length > 1 && ` · ${t('verifications.step', { step: step + 1, steps: workflow.length })}`}
                    </Text>
                  </Table.Td>
                  <Table.Td>
                    <StatusBadge status={status} />
                  </Table.Td>
                  <Table.Td>{sends}</Table.Td>
                  <Table.Td>{attempts}</Table.Td>
                  <Table.Td style={{ overflowWrap: 'anywhere' }}>{reference ?? '–'}</Table.Td>
                </Table.Tr>
              );
            })}
          </Listing>
        )}
      </Loaded>
      <More query={list} />
    </Page>
  );
}
