import { Alert, Button, List, Table, Text } from '@mantine/core';
import { IconAlertTriangle, IconCheck, IconMinus, IconPrinter, IconRefresh, IconShieldCheck, IconX } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { answer, api, type Schemas } from '../../api/client.js';
import { Listing } from '../../parts/listing.js';
import { Loaded } from '../../parts/loaded.js';
import { Page } from '../../parts/page.js';
import { Panel } from '../../parts/panel.js';
import { useFormat } from '../../parts/use-format.js';

type Report = Schemas['IsolationReport'];

/** What keeps other companies from this company's data, looked at just now, in words. */
export function IsolationPage() {
  const { t } = useTranslation(['insight', 'common']);
  const report = useQuery({
    queryKey: ['isolation'],
    queryFn: () => answer(api.GET('/api/company/isolation')),
    // It is a look at the database: taken when asked for.
    staleTime: 60_000,
  });
  return (
    <Page
      title={t('isolation.title')}
      lead={t('isolation.lead')}
      actions={
        <>
          <Button
            className="no-print"
            variant="default"
            leftSection={<IconRefresh size={16} aria-hidden />}
            onClick={() => void report.refetch()}
            loading={report.isRefetching}
          >
            {t('isolation.again')}
          </Button>
          <Button className="no-print" variant="default" leftSection={<IconPrinter size={16} aria-hidden />} onClick={() => window.print()}>
            {t('print', { ns: 'common' })}
          </Button>
        </>
      }
    >
      <Loaded query={report} rows={8}>
        {(found) => (
          <>
            <Verdict report={found} />
            <Panel title={t('isolation.tables')} lead={t('isolation.tablesLead')}>
              <Tables report={found} />
            </Panel>
            <Panel title={t('isolation.how')}>
              <List size="sm" spacing="xs">
                <List.Item>{t('isolation.howSecurity')}</List.Item>
                <List.Item>{t('isolation.howForced')}</List.Item>
                <List.Item>{t('isolation.howPolicy')}</List.Item>
                <List.Item>{t('isolation.howOwner', { role: found.role })}</List.Item>
                <List.Item>{t('isolation.howProbe')}</List.Item>
              </List>
            </Panel>
          </>
        )}
      </Loaded>
    </Page>
  );
}

function Verdict({ report: { ok, checked_at, role, holes, tables, own_probe } }: { report: Report }) {
  const { t } = useTranslation('insight');
  const { exact } = useFormat();
  const all = [...holes, ...tables.flatMap(({ table, holes: found }) => found.map((hole) => `${table}: ${hole}`))];
  return (
    <Alert
      color={ok ? 'verdigris' : 'red'}
      variant="light"
      role="status"
      icon={ok ? <IconShieldCheck aria-hidden /> : <IconAlertTriangle aria-hidden />}
      title={ok ? t('isolation.ok') : t('isolation.broken')}
    >
      <Text size="sm">{t(`isolation.own.${own_probe}`)}</Text>
      {all.length > 0 && (
        <List size="sm" my="xs">
          {all.map((hole) => (
            <List.Item key={hole} lang="en">
              {hole}
            </List.Item>
          ))}
        </List>
      )}
      <Text size="sm" mt={4}>
        {t('isolation.checked', { when: exact(checked_at), role, count: tables.length })}
      </Text>
    </Alert>
  );
}

function Tables({ report: { tables, role } }: { report: Report }) {
  const { t } = useTranslation('insight');
  return (
    <Listing
      label={t('isolation.tablesLead')}
      minWidth={760}
      head={[
        t('isolation.table'),
        t('isolation.security'),
        t('isolation.forced'),
        t('isolation.policy'),
        t('isolation.notOwner'),
        t('isolation.probe'),
      ]}
    >
      {tables.map(({ table, row_level_security, forced, policies, owner, holes, probe }) => (
        <Table.Tr key={table}>
          <Table.Td>
            <Text size="sm" fw={500} ff="monospace" translate="no">
              {table}
            </Text>
            {holes.map((hole) => (
              <Text key={hole} size="xs" c="red" lang="en">
                {hole}
              </Text>
            ))}
          </Table.Td>
          <Guard holds={row_level_security} />
          <Guard holds={forced} />
          <Guard holds={policies.length > 0} words={policies.join(', ')} />
          <Guard holds={owner !== role} words={owner} />
          {probe === 'not_probed' ? (
            <Table.Td>
              <Words icon={IconMinus} text={t('isolation.notProbed')} />
            </Table.Td>
          ) : (
            <Guard holds={probe === 'passed'} words={t(`isolation.${probe}`)} />
          )}
        </Table.Tr>
      ))}
    </Listing>
  );
}

function Guard({ holds, words }: { holds: boolean; words?: string }) {
  const { t } = useTranslation('insight');
  const said = words || (holds ? t('isolation.yes') : t('isolation.no'));
  return (
    <Table.Td>
      <Words
        icon={holds ? IconCheck : IconX}
        color={holds ? 'var(--mantine-color-verdigris-text)' : 'var(--mantine-color-error)'}
        text={said}
      />
    </Table.Td>
  );
}

const Words = ({ icon: Icon, color, text }: { icon: typeof IconCheck; color?: string; text: string }) => (
  <Text size="sm" component="span" style={{ display: 'inline-flex', alignItems: 'center', gap: 6 }}>
    <Icon size={16} color={color ?? 'currentColor'} aria-hidden style={{ flexShrink: 0 }} />
    {text}
  </Text>
);
