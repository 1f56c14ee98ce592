import { Badge, Button, Drawer, Group, SimpleGrid, Table, Text, UnstyledButton } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { answer, api, type Schemas } from '../../api/client.js';
import { Listing, More } from '../../parts/listing.js';
import { Empty, Loaded } from '../../parts/loaded.js';
import { Page } from '../../parts/page.js';
import { saveFile } from '../../parts/save-file.js';
import { useAction } from '../../parts/use-action.js';
import { usePages } from '../../parts/use-pages.js';
import { When } from '../../parts/when.js';
import { AuditEventDetails } from './audit-event-details.js';
import { FilterText } from './filter-text.js';
import { PeriodFields } from './period-fields.js';
import { type AuditFilters, momentsOf } from './searches.js';
import { useWords } from './use-words.js';
import { VerifyChain } from './verify-chain.js';

const route = getRouteApi('/house/audit');

/** Who did what, newest first, and whether anybody has touched it since. */
export function AuditPage() {
  const { t } = useTranslation(['insight', 'common']);
  const words = useWords();
  const filters = route.useSearch();
  const navigate = route.useNavigate();
  const [shown, setShown] = useState<Schemas['AuditEvent']>();
  const change = (some: { [K in keyof AuditFilters]?: AuditFilters[K] | undefined }) =>
    void navigate({ search: (before) => ({ ...before, ...some }), replace: true });
  const list = usePages(['audit', filters], (cursor) => {
    const { action, actor } = filters;
    const query = { ...(action && { action }), ...(actor && { actor_id: actor }), ...momentsOf(filters), ...(cursor && { cursor }) };
    return answer(api.GET('/api/audit', { params: { query } }));
  });
  const take = useAction(() => answer(api.GET('/api/audit/export', { parseAs: 'blob' })), {
    after: (file) => saveFile('audit.ndjson', file, 'application/x-ndjson'),
    tellsFailure: true,
  });
  const isFiltered = Object.keys(filters).length > 0;
  return (
    <Page
      title={t('audit.title')}
      lead={t('audit.lead')}
      actions={
        <Button
          variant="default"
          leftSection={<IconDownload size={16} aria-hidden />}
          onClick={() => take.mutate()}
          loading={take.isPending}
        >
          {t('audit.export')}
        </Button>
      }
    >
      <VerifyChain />
      <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }} spacing="sm" role="search" aria-label={t('filter.title')}>
        <FilterText
          label={t('audit.action')}
          placeholder="auth.signed_in"
          maxLength={100}
          value={filters.action}
          change={(action) => change({ action })}
        />
        <FilterText
          label={t('audit.person')}
          placeholder={t('audit.personHint')}
          maxLength={36}
          value={filters.actor}
          change={(actor) => change({ actor })}
        />
        <PeriodFields days={filters} change={change} />
      </SimpleGrid>
      {isFiltered && (
        <Group>
          <Button variant="subtle" size="xs" onClick={() => void navigate({ search: {}, replace: true })}>
            {t('filter.clear')}
          </Button>
        </Group>
      )}
      <Loaded
        query={list}
        rows={8}
        isEmpty={(rows) => rows.length === 0}
        empty={<Empty title={t('filter.nothing')}>{t('filter.nothingText')}</Empty>}
      >
        {(rows) => (
          <Listing
            label={t('audit.title')}
            minWidth={640}
            head={[t('audit.when'), t('audit.what'), t('audit.who'), t('audit.from'), t('audit.place')]}
          >
            {rows.map((event) => (
              <Table.Tr key={event.id}>
                <Table.Td>
                  <When at={event.at} />
                </Table.Td>
                <Table.Td>
                  <UnstyledButton onClick={() => setShown(event)} aria-haspopup="dialog">
                    <Text size="sm" fw={500} td="underline" style={{ textUnderlineOffset: 3 }}>
                      {words('actions', event.action)}
                    </Text>
                  </UnstyledButton>
                  {event.outcome === 'failure' && (
                    <Badge color="red" variant="light" size="sm" ml="xs" tt="none">
                      {t('audit.failure')}
                    </Badge>
                  )}
                  {words('actions', event.action) !== event.action && (
                    <Text size="xs" c="dimmed" ff="monospace">
                      {event.action}
                    </Text>
                  )}
                </Table.Td>
                <Table.Td>
                  <Text size="sm">{t(`audit.actors.${event.actor_type}`)}</Text>
                  {event.actor_id && (
                    <UnstyledButton
                      onClick={() => change({ actor: event.actor_id! })}
                      aria-label={t('audit.onlyThis', { id: event.actor_id })}
                    >
                      <Text size="xs" c="dimmed" ff="monospace" title={event.actor_id} td="underline">
                        …{event.actor_id.slice(-12)}
                      </Text>
                    </UnstyledButton>
                  )}
                </Table.Td>
                <Table.Td>{event.erased.includes('origin') ? t('audit.erased') : (event.ip_address ?? '–')}</Table.Td>
                <Table.Td>{event.seq ?? t('audit.unsealed')}</Table.Td>
              </Table.Tr>
            ))}
          </Listing>
        )}
      </Loaded>
      <More query={list} />
      <Drawer
        opened={shown !== undefined}
        onClose={() => setShown(undefined)}
        position="right"
        size="md"
        title={shown && words('actions', shown.action)}
        closeButtonProps={{ 'aria-label': t('close', { ns: 'common' }) }}
      >
        {shown && <AuditEventDetails event={shown} />}
      </Drawer>
    </Page>
  );
}
