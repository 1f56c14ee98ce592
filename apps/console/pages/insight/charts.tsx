import '@mantine/charts/styles.css';
import { BarChart, LineChart } from '@mantine/charts';
import { Button, Paper, ScrollArea, SimpleGrid, Table, Text, Title } from '@mantine/core';
import { IconChartBar, IconTable } from '@tabler/icons-react';
import { type ReactNode, useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Schemas } from '../../api/client.js';
import { useFormat } from '../../parts/use-format.js';
import { CHANNELS } from './searches.js';

type Statistics = Schemas['CompanyStatistics'];
const HEIGHT = 290;

/** Told apart by who sees no red or green, too (Okabe and Ito's colours), and ≥ 3:1 on both grounds. */
const COLORS = {
  good: 'light-dark(#0072b2, #56b4e9)',
  bad: 'light-dark(#c4500a, #e69f00)',
  sms: 'light-dark(#0072b2, #56b4e9)',
  voice: 'light-dark(#c4500a, #e69f00)',
  email: 'light-dark(#00795c, #2bb68f)',
  telegram: 'light-dark(#a3487c, #e79fc8)',
};

/** The table beside it is for whoever does not see it: nothing in it takes the focus. */
const HIDDEN = { accessibilityLayer: false };

interface Series {
  name: string;
  label: string;
  color: string;
  dash?: string;
}
type Row = Record<string, string | number>;

/** A chunk of its own, for recharts is heavy. */
export default function Charts({ statistics: { sign_ins, sends, by_date } }: { statistics: Statistics }) {
  const { t } = useTranslation(['insight', 'common']);
  const { day } = useFormat();
  const used = CHANNELS.filter((channel) => sends.some((one) => one.channel === channel));
  const perDay = by_date.map(({ date }) => ({
    date,
    ...Object.fromEntries(used.map((channel) => [channel, sends.find((one) => one.date === date && one.channel === channel)?.sent ?? 0])),
  }));
  const outcomes: Series[] = [
    { name: 'succeeded', label: t('charts.succeeded'), color: COLORS.good },
    { name: 'failed', label: t('charts.failed'), color: COLORS.bad, dash: '6 4' },
  ];
  const channels: Series[] = used.map((name) => ({ name, label: t(`channels.${name}`, { ns: 'common' }), color: COLORS[name] }));
  const conversions: Series[] = [
    { name: 'created', label: t('charts.created'), color: COLORS.bad, dash: '6 4' },
    { name: 'approved', label: t('charts.approved'), color: COLORS.good },
  ];
  const shared = (series: Series[]) => ({
    h: HEIGHT,
    dataKey: 'date',
    series: series.map(({ name, label, color, dash }) => ({ name, label, color, ...(dash && { strokeDasharray: dash }) })),
    withLegend: series.length > 1,
    legendProps: { verticalAlign: 'bottom' as const },
    xAxisProps: { tickFormatter: day, minTickGap: 24 },
    yAxisProps: { allowDecimals: false, width: 40 },
    tooltipProps: { labelFormatter: (label: unknown) => (label ? day(String(label)) : '') },
    tooltipAnimationDuration: 0,
  });
  return (
    <SimpleGrid cols={{ base: 1, md: 2, xl: 3 }}>
      <Chart title={t('charts.signIns')} series={outcomes} rows={sign_ins}>
        <LineChart lineChartProps={HIDDEN} data={sign_ins} curveType="linear" withDots={false} {...shared(outcomes)} />
      </Chart>
      <Chart title={t('charts.sends')} series={channels} rows={perDay}>
        <BarChart barChartProps={HIDDEN} data={perDay} type="stacked" {...shared(channels)} />
      </Chart>
      <Chart
        title={t('charts.conversions')}
        series={conversions}
        rows={by_date.map(({ date, created, approved }) => ({ date, created, approved }))}
      >
        <LineChart lineChartProps={HIDDEN} data={by_date} curveType="linear" withDots={false} {...shared(conversions)} />
      </Chart>
    </SimpleGrid>
  );
}

/** A picture, and the same as a table for whoever asks for it or does not see pictures. */
function Chart({ title, series, rows, children }: { title: string; series: Series[]; rows: Row[]; children: ReactNode }) {
  const { t } = useTranslation('insight');
  const { date, number } = useFormat();
  const id = useId();
  const [asTable, setAsTable] = useState(false);
  const isEmpty = rows.every((row) => series.every(({ name }) => !row[name]));
  return (
    <Paper withBorder p="md" component="section" aria-labelledby={id} mih={376}>
      <div style={{ display: 'flex', justifyContent: 'space-between', alignItems: 'center', marginBottom: 12, gap: 8 }}>
        <Title order={2} size="h5" id={id}>
          {title}
        </Title>
        <Button
          variant="subtle"
          size="compact-xs"
          aria-pressed={asTable}
          aria-describedby={id}
          leftSection={asTable ? <IconChartBar size={14} aria-hidden /> : <IconTable size={14} aria-hidden />}
          onClick={() => setAsTable(!asTable)}
        >
          {asTable ? t('charts.asChart') : t('charts.asTable')}
        </Button>
      </div>
      {isEmpty ? (
        <Text c="dimmed" size="sm" h={HEIGHT} style={{ display: 'grid', placeItems: 'center' }}>
          {t('charts.empty')}
        </Text>
      ) : asTable ? (
        <ScrollArea h={HEIGHT + 32} tabIndex={0} role="region" aria-labelledby={id}>
          <Table stickyHeader verticalSpacing={4} aria-labelledby={id}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th scope="col">{t('charts.day')}</Table.Th>
                {series.map(({ name, label }) => (
                  <Table.Th key={name} scope="col" ta="right">
                    {label}
                  </Table.Th>
                ))}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {rows.toReversed().map((row) => (
                <Table.Tr key={row.date}>
                  <Table.Td>{date(`${row.date}T12:00`)}</Table.Td>
                  {series.map(({ name }) => (
                    <Table.Td key={name} ta="right">
                      {number(Number(row[name]))}
                    </Table.Td>
                  ))}
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </ScrollArea>
      ) : (
        <div aria-hidden>{children}</div>
      )}
    </Paper>
  );
}
