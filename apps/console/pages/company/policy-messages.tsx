import { MultiSelect, NumberInput, Select, SimpleGrid, Stack, TextInput } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { Panel } from '../../parts/panel.js';
import { useFormat } from '../../parts/use-format.js';
import { COUNTRIES } from './countries.js';
import { BELOW, type PolicyValues } from './policy-values.js';

export function PolicyMessages({ form }: { form: UseFormReturnType<PolicyValues> }) {
  const { t, i18n } = useTranslation('company');
  const { country } = useFormat();
  const countries = useMemo(
    () => COUNTRIES.map((value) => ({ value, label: country(value) })).toSorted((a, b) => a.label.localeCompare(b.label, i18n.language)),
    [country, i18n.language],
  );
  const { allowed_countries: allowed, default_region: region } = form.values.policy;
  return (
    <Panel title={t('policy.messages')}>
      <Stack>
        <SimpleGrid cols={{ base: 1, sm: 2 }}>
          <Select
            label={t('policy.region')}
            description={t('policy.regionHint')}
            inputWrapperOrder={BELOW}
            placeholder={t('policy.noRegion')}
            data={countries}
            searchable
            clearable
            clearButtonProps={{ 'aria-label': t('clear') }}
            nothingFoundMessage={t('policy.noCountry')}
            {...form.getInputProps('policy.default_region')}
          />
          <NumberInput
            label={t('policy.budget')}
            description={t('policy.budgetHint')}
            inputWrapperOrder={BELOW}
            placeholder={t('policy.operators')}
            min={0}
            max={1_000_000_000}
            decimalScale={4}
            {...form.getInputProps('policy.daily_send_budget')}
          />
        </SimpleGrid>
        <MultiSelect
          label={t('policy.countries')}
          description={t('policy.countriesHint')}
          placeholder={allowed.length > 0 ? '' : region ? t('policy.onlyRegion', { country: country(region) }) : t('policy.nowhere')}
          data={countries}
          searchable
          clearable
          clearButtonProps={{ 'aria-label': t('clear') }}
          nothingFoundMessage={t('policy.noCountry')}
          {...form.getInputProps('policy.allowed_countries')}
        />
        <SimpleGrid cols={{ base: 1, sm: 3 }}>
          <TextInput
            label={t('policy.sender')}
            description={t('policy.senderHint')}
            inputWrapperOrder={BELOW}
            placeholder={form.values.name}
            maxLength={40}
            {...form.getInputProps('policy.sender_name')}
          />
          <TextInput
            label={t('policy.webOtp')}
            description={t('policy.webOtpHint')}
            inputWrapperOrder={BELOW}
            placeholder="app.example.com"
            autoComplete="off"
            {...form.getInputProps('policy.web_otp_domain')}
          />
          <TextInput
            label={t('policy.appHash')}
            description={t('policy.appHashHint')}
            inputWrapperOrder={BELOW}
            placeholder="FA+9qCX9VSu"
            maxLength={11}
            autoComplete="off"
            {...form.getInputProps('policy.sms_app_hash')}
          />
        </SimpleGrid>
      </Stack>
    </Panel>
  );
}
