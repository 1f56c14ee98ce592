import { Fieldset, MultiSelect, Select, SimpleGrid, Stack, Switch, Text } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import { useTranslation } from 'react-i18next';
import type { Schemas } from '../../api/client.js';
import { ORDER, useFactorWords } from '../../parts/factor-words.js';
import { Panel } from '../../parts/panel.js';
import { BELOW, type PolicyValues } from './policy-values.js';

/** What may be asked of a role. One that is added to the contract stops the build here until it is offered. */
const DEMANDS = Object.keys({ optional: true, required: true, phishing_resistant: true } satisfies Record<
  Schemas['CompanyPolicy']['mfa']['admin'],
  true
>) as Schemas['CompanyPolicy']['mfa']['admin'][];
const ROLES = ['admin', 'manager', 'user'] as const;

export function PolicySignIn({ form }: { form: UseFormReturnType<PolicyValues> }) {
  const { t } = useTranslation(['company', 'common']);
  const words = useFactorWords();
  const kinds = ORDER.filter((type) => type !== 'backup_codes').map((value) => ({ value, label: words(value) }));
  const others = form.values.policy.allowed_factors.filter((type) => !ORDER.includes(type)).map((value) => ({ value, label: value }));
  return (
    <Panel title={t('policy.signIn')}>
      <Stack>
        <Fieldset legend={t('policy.mfa')} variant="unstyled">
          <Text size="sm" c="dimmed" mb="xs">
            {t('policy.mfaHint')}
          </Text>
          <SimpleGrid cols={{ base: 1, sm: 3 }}>
            {ROLES.map((role) => (
              <Select
                key={role}
                label={t(`roles.${role}`, { ns: 'common' })}
                data={DEMANDS.map((value) => ({ value, label: t(`policy.demands.${value}`) }))}
                allowDeselect={false}
                {...form.getInputProps(`policy.mfa.${role}`)}
              />
            ))}
          </SimpleGrid>
        </Fieldset>
        <MultiSelect
          label={t('policy.allowedFactors')}
          description={t('policy.allowedFactorsHint')}
          placeholder={form.values.policy.allowed_factors.length === 0 ? t('policy.allFactors') : ''}
          data={[...kinds, ...others]}
          clearable
          clearButtonProps={{ 'aria-label': t('clear') }}
          {...form.getInputProps('policy.allowed_factors')}
        />
        <SimpleGrid cols={{ base: 1, sm: 2 }}>
          <Select
            label={t('policy.totpWindow')}
            description={t('policy.totpWindowHint')}
            inputWrapperOrder={BELOW}
            data={(['0', '1'] as const).map((value) => ({ value, label: t(`policy.totpWindows.${value}`) }))}
            allowDeselect={false}
            {...form.getInputProps('policy.totp_window')}
          />
          <Select
            label={t('policy.emailVerification')}
            description={t('policy.emailVerificationHint')}
            inputWrapperOrder={BELOW}
            data={(['optional', 'required'] as const).map((value) => ({ value, label: t(`policy.demands.${value}`) }))}
            allowDeselect={false}
            {...form.getInputProps('policy.email_verification')}
          />
        </SimpleGrid>
        <Switch
          label={t('policy.tellsUsernames')}
          description={t('policy.tellsUsernamesHint')}
          {...form.getInputProps('policy.tells_unknown_usernames', { type: 'checkbox' })}
        />
      </Stack>
    </Panel>
  );
}
