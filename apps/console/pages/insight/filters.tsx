import { Button, Group, SimpleGrid, type SimpleGridProps } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { PeriodFields } from './period-fields.js';
import type { Days } from './searches.js';

/** What a list may be narrowed by, the days last, and a way back to all of it. `change` without a word clears them. */
export function Filters<F extends Days>({
  filters,
  change,
  cols,
  children,
}: {
  filters: F;
  change: (some?: { [K in keyof F]?: F[K] | undefined }) => void;
  cols: NonNullable<SimpleGridProps['cols']>;
  children: ReactNode;
}) {
  const { t } = useTranslation('insight');
  return (
    <>
      <SimpleGrid cols={cols} spacing="sm" role="search" aria-label={t('filter.title')}>
        {children}
        <PeriodFields days={filters} change={(days) => change(days as { [K in keyof F]?: F[K] | undefined })} />
      </SimpleGrid>
      {Object.keys(filters).length > 0 && (
        <Group>
          <Button variant="subtle" size="xs" onClick={() => change()}>
            {t('filter.clear')}
          </Button>
        </Group>
      )}
    </>
  );
}
