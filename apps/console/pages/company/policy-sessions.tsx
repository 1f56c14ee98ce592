import { NumberInput, SimpleGrid } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import { useTranslation } from 'react-i18next';
import { Panel } from '../../parts/panel.js';
import { BELOW, type PolicyValues } from './policy-values.js';

export function PolicySessions({ form }: { form: UseFormReturnType<PolicyValues> }) {
  const { t } = useTranslation('company');
  return (
    <Panel title={t('policy.sessions')}>
      <SimpleGrid cols={{ base: 1, sm: 3 }}>
        <NumberInput
          label={t('policy.sessionHours')}
          description={t('policy.sessionHoursHint')}
          inputWrapperOrder={BELOW}
          placeholder={t('policy.operators')}
          min={1}
          max={8760}
          allowDecimal={false}
          {...form.getInputProps('policy.session_hours')}
        />
        <NumberInput
          label={t('policy.maxSessions')}
          description={t('policy.maxSessionsHint')}
          inputWrapperOrder={BELOW}
          placeholder={t('policy.anyNumber')}
          min={1}
          max={1000}
          allowDecimal={false}
          {...form.getInputProps('policy.max_sessions')}
        />
        <NumberInput
          label={t('policy.rememberDays')}
          description={t('policy.rememberDaysHint')}
          inputWrapperOrder={BELOW}
          min={0}
          max={90}
          allowDecimal={false}
          {...form.getInputProps('policy.remember_device_days')}
        />
      </SimpleGrid>
    </Panel>
  );
}
