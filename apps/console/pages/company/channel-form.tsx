import { Button, Checkbox, Group, NumberInput, SimpleGrid, Stack, Switch, Text } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useTranslation } from 'react-i18next';
import { answer, api, type Schemas } from '../../api/client.js';
import { KeepsChanges } from '../../parts/keeps-changes.js';
import { Panel } from '../../parts/panel.js';
import { ProblemAlert } from '../../parts/problem-alert.js';
import { useAction } from '../../parts/use-action.js';
import { CHANNELS } from './keys.js';
import { SettingsField } from './settings-field.js';
import { faultsOf, fieldsOf, initialOf, sentOf, type SettingsSchema, type SettingsValues } from './settings-schema.js';

export interface ChannelValues {
  settings: SettingsValues;
  /** Stored secrets that are to be forgotten. */
  ended: string[];
  channels: string[];
  priority: number | '';
  is_enabled: boolean;
  rate_per_second: number | '';
}

/** A company's account with a vendor. */
export function ChannelForm({ provider }: { provider: Schemas['Provider'] }) {
  const { t } = useTranslation(['company', 'common']);
  const { configured } = provider;
  const schema = provider.settings_schema as SettingsSchema;
  const stored = configured?.secrets ?? [];
  const form = useForm<ChannelValues>({
    initialValues: {
      settings: initialOf(schema, configured?.settings),
      ended: [],
      channels: configured?.channels ?? provider.channels,
      priority: configured?.priority ?? 100,
      is_enabled: configured?.is_enabled ?? true,
      rate_per_second: configured?.rate_per_second ?? '',
    },
    validate: ({ settings, channels }) => ({
      ...Object.fromEntries(
        Object.entries(faultsOf(schema, settings, stored)).map(([path, fault]) => [path, t(`settings.faults.${fault}`)]),
      ),
      ...(channels.length === 0 && { channels: t('channels.noChannel') }),
    }),
  });
  const save = useAction(
    ({ settings, ended, channels, priority, is_enabled, rate_per_second: rate }: ChannelValues) =>
      answer(
        api.PUT('/api/company/channels/{provider}', {
          params: { path: { provider: provider.provider } },
          body: {
            settings: sentOf(schema, settings, ended),
            channels: channels as Schemas['Provider']['channels'],
            priority: priority === '' ? 100 : priority,
            is_enabled,
            rate_per_second: rate === '' ? null : rate,
          },
        }),
      ),
    { changes: [CHANNELS], done: t('saved', { ns: 'common' }), form },
  );
  return (
    <Panel title={t('channels.account')} lead={t(configured ? 'channels.accountText' : 'channels.newText')}>
      <form onSubmit={form.onSubmit((values) => save.mutate(values))} noValidate>
        <KeepsChanges dirty={form.isDirty()} />
        <Stack>
          {fieldsOf(schema).map((field) => (
            <SettingsField key={field.name} form={form} provider={provider.provider} path={field.name} stored={stored} {...field} />
          ))}
          {provider.channels.length > 1 && (
            <Checkbox.Group label={t('channels.serves')} {...form.getInputProps('channels')}>
              <Group mt="xs">
                {provider.channels.map((channel) => (
                  <Checkbox key={channel} value={channel} label={t(`channels.${channel}`, { ns: 'common' })} />
                ))}
              </Group>
            </Checkbox.Group>
          )}
          <SimpleGrid cols={{ base: 1, sm: 2 }}>
            <NumberInput
              label={t('channels.priority')}
              description={t('channels.priorityHint')}
              min={0}
              max={1000}
              allowDecimal={false}
              {...form.getInputProps('priority')}
            />
            <NumberInput
              label={t('channels.rate')}
              description={t('channels.rateHint')}
              placeholder={t('channels.noRate')}
              min={0.001}
              max={10_000}
              {...form.getInputProps('rate_per_second')}
            />
          </SimpleGrid>
          <Switch
            label={t('channels.enabled')}
            description={t('channels.enabledHint')}
            {...form.getInputProps('is_enabled', { type: 'checkbox' })}
          />
          <ProblemAlert error={save.error} />
          <Group justify="space-between">
            <Text size="sm" c="dimmed">
              {t('channels.secretsText')}
            </Text>
            <Button type="submit" loading={save.isPending} disabled={configured !== null && !form.isDirty()}>
              {configured ? t('save', { ns: 'common' }) : t('channels.setUp')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Panel>
  );
}
