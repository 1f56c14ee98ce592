import { Badge, Button, Drawer, Switch, Table, Text, UnstyledButton } from '@mantine/core';
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
import { FilterAction } from './filter-action.js';
import { FilterText } from './filter-text.js';
import { Filters } from './filters.js';
import { type AuditFilters, momentsOf } from './searches.js';
import { useNames } from './use-names.js';
import { useWords } from './use-words.js';
import { VerifyChain } from './verify-chain.js';

const route = getRouteApi('/house/audit');
/** Of every session, each quarter of an hour. */
const RENEWAL = 'auth.session_refreshed';

/** Who did what, newest first, and whether anybody has touched it since. */
export function AuditPage() {
  const { t } = useTranslation(['insight', 'common']);
  const words = useWords();
  const filters = route.useSearch();
  const navigate = route.useNavigate();
  const [shown, setShown] = useState<Schemas['AuditEvent']>();
  const change = (some?: { [K in keyof AuditFilters]?: AuditFilters[K] | undefined }) =>
    void navigate({ search: (before) => (some ? { ...before, ...some } : {}), replace: true });
  const list = usePages(['audit', filters], (cursor) => {
    const { action, actor, renewals } = filters;
    const which = action ? { action } : renewals ? {} : { except: RENEWAL };
    const query = { ...which, ...(actor && { actor_id: actor }), ...momentsOf(filters), ...(cursor && { cursor }) };
    return answer(api.GET('/api/audit', { params: { query } }));
  });
  const take = useAction(() => answer(api.GET('/api/audit/export', { parseAs: 'blob' })), {
    after: (file) => saveFile('audit.ndjson', file, 'application/x-ndjson'),
    tellsFailure: true,
  });
  const shownActors = list.data?.map(({ actor_type, actor_id }) => (actor_type === 'user' ? actor_id : null)) ?? [];
  const nameOf = useNames([...shownActors, filters.actor ?? null]);
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
      <Filters filters={filters} change={change} cols={{ base: 1, xs: 2, md: 4 }}>
        <FilterAction
          value={filters.action}
          seen={[...new Set(list.data?.map(({ action }) => action))]}
          change={(action) => change({ action })}
        />
        <FilterText
          label={t('audit.person')}
          placeholder={t('audit.personHint')}
          description={nameOf(filters.actor)}
          inputWrapperOrder={['label', 'input', 'description', 'error']}
          maxLength={36}
          value={filters.actor}
          change={(actor) => change({ actor })}
        />
      </Filters>
      <Switch
        label={t('audit.renewals')}
        disabled={filters.action !== undefined}
        checked={filters.action === RENEWAL || (filters.renewals ?? false)}
        onChange={({ currentTarget }) => change({ renewals: currentTarget.checked || undefined })}
      />
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
                  <Actor event={event} name={nameOf(event.actor_id)} choose={(actor) => change({ actor })} />
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
        {shown && <AuditEventDetails event={shown} nameOf={nameOf} />}
      </Drawer>
    </Page>
  );
}

/** By name where there is one, which leads to all that they did; the id is among the details. */
function Actor({ event, name, choose }: { event: Schemas['AuditEvent']; name: string | undefined; choose: (id: string) => void }) {
  const { t } = useTranslation('insight');
  const { actor_id: id, actor_type: type } = event;
  const kind = t(`audit.actors.${type}`);
  if (!id) return <Text size="sm">{kind}</Text>;
  const shown = name ?? `…${id.slice(-12)}`;
  return (
    <>
      <UnstyledButton onClick={() => choose(id)} aria-label={t('audit.onlyThis', { id: shown })}>
        <Text size="sm" td="underline" style={{ textUnderlineOffset: 3, overflowWrap: 'anywhere' }} {...(!name && { ff: 'monospace' })}>
          {shown}
        </Text>
      </UnstyledButton>
      {!name && (
        <Text size="xs" c="dimmed">
          {kind}
        </Text>
      )}
    </>
  );
}
