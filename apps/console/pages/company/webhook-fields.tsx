import { Button, Checkbox, Group, SimpleGrid, Stack, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import type { UseMutationResult } from '@tanstack/react-query';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { asProblem } from '../../api/problem.js';
import type { Schemas } from '../../api/client.js';
import { KeepsChanges } from '../../parts/keeps-changes.js';
import { ProblemAlert } from '../../parts/problem-alert.js';
import { EVENT_TYPES, useEventWords } from './use-event-words.js';

type Values = Pick<Schemas['CreateWebhook'], 'url' | 'event_types' | 'description'>;

/** Of a new webhook, or of one that is there. */
export function WebhookFields({
  hook,
  submit,
  action,
}: {
  hook?: Schemas['Webhook'];
  submit: string;
  action: UseMutationResult<unknown, unknown, Schemas['CreateWebhook']>;
}) {
  const { t } = useTranslation('company');
  const words = useEventWords();
  const form = useForm({
    initialValues: { url: hook?.url ?? '', description: hook?.description ?? '', event_types: hook?.event_types ?? ([] as string[]) },
    validate: { event_types: (types) => (types.length > 0 ? null : t('hooks.noEvent')) },
  });
  const { setErrors } = form;
  useEffect(() => {
    if (!action.error) return;
    const fields = asProblem(action.error).fields.map(({ field, message }) => [field.split('.')[0]!, message]);
    setErrors(Object.fromEntries(fields));
  }, [action.error, setErrors]);
  const all = form.values.event_types.length === EVENT_TYPES.length;
  const types = [...EVENT_TYPES, ...(hook?.event_types ?? []).filter((type) => !(EVENT_TYPES as string[]).includes(type))];
  return (
    <form
      onSubmit={form.onSubmit(({ url, description, event_types }) =>
        action.mutate({
          url: url.trim(),
          description: description.trim() || null,
          event_types: event_types as Values['event_types'],
          enabled: hook?.enabled ?? true,
        }),
      )}
    >
      {hook && <KeepsChanges dirty={form.isDirty()} />}
      <Stack>
        <TextInput
          label={t('hooks.url')}
          description={t('hooks.urlHint')}
          type="url"
          required
          maxLength={2000}
          placeholder="https://example.com/hooks/watchword"
          autoComplete="off"
          data-autofocus
          {...form.getInputProps('url')}
        />
        <TextInput label={t('hooks.description')} maxLength={200} autoComplete="off" {...form.getInputProps('description')} />
        <Checkbox.Group label={t('hooks.events')} description={t('hooks.eventsHint')} withAsterisk {...form.getInputProps('event_types')}>
          <SimpleGrid cols={{ base: 1, sm: 2 }} mt="xs" verticalSpacing="xs">
            {types.map((type) => (
              <Checkbox key={type} value={type} label={words(type)} description={<code>{type}</code>} />
            ))}
          </SimpleGrid>
        </Checkbox.Group>
        <ProblemAlert error={action.error} fields={false} />
        <Group justify="space-between">
          <Button variant="subtle" size="xs" onClick={() => form.setFieldValue('event_types', all ? [] : [...EVENT_TYPES])}>
            {t(all ? 'hooks.noneOfThem' : 'hooks.allOfThem')}
          </Button>
          <Button type="submit" loading={action.isPending} disabled={hook !== undefined && !form.isDirty()}>
            {submit}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
