import { Paper, Progress, SimpleGrid, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { Schemas } from '../../api/client.js';
import { useFormat } from '../../parts/use-format.js';

type Statistics = Schemas['CompanyStatistics'];
const sum = <K extends string>(rows: readonly Record<K, number>[], key: K) => rows.reduce((so, row) => so + row[key], 0);

export function Tiles({ statistics: { sign_ins, sends, by_provider, verifications, budget, people } }: { statistics: Statistics }) {
  const { t } = useTranslation('insight');
  const { number, percent } = useFormat();
  // Of providers that tell; weighted by how much went over each.
  const told = by_provider.filter(({ delivery_rate }) => delivery_rate !== null);
  const ended = sum(told, 'delivered') + sum(told, 'failed');
  const refused = sum(sign_ins, 'failed');
  const money = (amount: number) => `${number(amount, 2)}${budget.currency ? ` ${budget.currency}` : ''}`;
  return (
    <SimpleGrid component="dl" m={0} cols={{ base: 2, md: 3 }} spacing="md">
      <Tile name={t('tiles.signIns')} value={number(sum(sign_ins, 'succeeded'))}>
        {t('tiles.refused', { count: refused, number: number(refused) })}
      </Tile>
      <Tile name={t('tiles.sends')} value={number(sum(sends, 'sent'))}>
        {t('tiles.cost', { cost: money(sum(sends, 'cost')) })}
      </Tile>
      <Tile name={t('tiles.delivery')} value={ended > 0 ? percent(sum(told, 'delivered') / ended) : '–'}>
        {ended > 0 ? t('tiles.deliveryOf', { count: ended, number: number(ended) }) : t('tiles.deliveryNone')}
      </Tile>
      <Tile name={t('tiles.approval')} value={verifications.conversion_rate === null ? '–' : percent(verifications.conversion_rate)}>
        {t('tiles.approvalOf', { approved: number(verifications.approved), created: number(verifications.created) })}
      </Tile>
      <Tile name={t('tiles.budget')} value={money(budget.reserved_or_spent)}>
        {budget.limit === null ? t('tiles.noLimit') : t('tiles.ofLimit', { limit: money(budget.limit) })}
        <Share name={t('tiles.budget')} part={budget.reserved_or_spent} whole={budget.limit ?? 0} warns />
      </Tile>
      <Tile name={t('tiles.factors')} value={people.active > 0 ? percent(people.with_factor / people.active) : '–'}>
        {t('tiles.factorsOf', {
          factors: number(people.with_factor),
          passkeys: number(people.with_passkey),
          people: number(people.active),
        })}
        <Share name={t('tiles.factors')} part={people.with_factor} whole={people.active} />
      </Tile>
    </SimpleGrid>
  );
}

function Tile({ name, value, children }: { name: string; value: string; children: ReactNode }) {
  return (
    <Paper withBorder p="md">
      <Text component="dt" size="sm" c="dimmed">
        {name}
      </Text>
      <Text component="dd" m={0} fz={{ base: 22, sm: 28 }} fw={650} lh={1.3} style={{ fontVariantNumeric: 'tabular-nums' }}>
        {value}
      </Text>
      <Text component="dd" m={0} size="xs" c="dimmed">
        {children}
      </Text>
    </Paper>
  );
}

/** The number beside it says the same. */
function Share({ name, part, whole, warns = false }: { name: string; part: number; whole: number; warns?: boolean }) {
  const value = whole > 0 ? Math.min(100, (100 * part) / whole) : 0;
  return (
    <Progress.Root mt={8} size="sm" component="span" display="flex">
      <Progress.Section
        value={value}
        color={warns && value >= 90 ? 'red' : warns && value >= 70 ? 'orange' : 'verdigris'}
        aria-label={name}
      />
    </Progress.Root>
  );
}
