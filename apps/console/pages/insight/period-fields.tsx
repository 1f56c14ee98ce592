import { TextInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { Days } from './searches.js';

export function PeriodFields({ days, change }: { days: Days; change: (days: { [K in keyof Days]?: Days[K] | undefined }) => void }) {
  const { t } = useTranslation('insight');
  return (
    <>
      <TextInput
        type="date"
        label={t('filter.from')}
        value={days.from ?? ''}
        max={days.to}
        onChange={({ currentTarget: { value } }) => change({ from: value || undefined })}
      />
      <TextInput
        type="date"
        label={t('filter.to')}
        value={days.to ?? ''}
        min={days.from}
        onChange={({ currentTarget: { value } }) => change({ to: value || undefined })}
      />
    </>
  );
}
