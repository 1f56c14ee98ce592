import { Alert, Button, Group, Loader, Select, Stack, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { answer, api, type Schemas } from '../../api/client.js';
import { Panel } from '../../parts/panel.js';
import { ProblemAlert } from '../../parts/problem-alert.js';
import { useAction } from '../../parts/use-action.js';
import { CHANNELS } from './keys.js';
import { ENDED, OUTCOME_COLOURS } from './message-outcomes.js';

const EVERY_MS = 1_000;
/** A vendor that reports has said by then; one that does not never will. */
const PATIENCE_MS = 60_000;

/** One real message over this provider, and what became of it. */
export function ChannelTest({ provider }: { provider: Schemas['Provider'] }) {
  const { t } = useTranslation(['company', 'common']);
  const channels = provider.configured?.channels ?? provider.channels;
  const [sent, setSent] = useState<{ id: string; at: number }>();
  const form = useForm({ initialValues: { to: '', channel: channels[0]! } });
  const send = useAction(
    (body: typeof form.values) =>
      answer(api.POST('/api/company/channels/{provider}/test', { params: { path: { provider: provider.provider } }, body })),
    { form, after: ({ id }) => setSent({ id, at: Date.now() }) },
  );
  return (
    <Panel title={t('test.title')} lead={t('test.lead')}>
      <form onSubmit={form.onSubmit((values) => send.mutate(values))}>
        <Stack>
          <Group align="flex-end">
            {channels.length > 1 && (
              <Select
                label={t('test.channel')}
                data={channels.map((value) => ({ value, label: t(`channels.${value}`, { ns: 'common' }) }))}
                allowDeselect={false}
                w={160}
                {...form.getInputProps('channel')}
              />
            )}
            <TextInput
              label={t(`test.to.${form.values.channel}`)}
              required
              maxLength={254}
              autoComplete="off"
              flex="1 1 14rem"
              maw={420}
              {...form.getInputProps('to')}
            />
            <Button type="submit" variant="default" loading={send.isPending}>
              {t('test.send')}
            </Button>
          </Group>
          <ProblemAlert error={send.error} fields={false} />
          <div aria-live="polite">{sent && <Outcome key={sent.id} {...sent} reports={provider.reports} />}</div>
        </Stack>
      </form>
    </Panel>
  );
}

function Outcome({ id, at, reports }: { id: string; at: number; reports: boolean }) {
  const { t } = useTranslation('company');
  const isOver = ({ status }: Schemas['MessageState']) =>
    ENDED.includes(status) || (status === 'accepted' && !reports) || Date.now() - at > PATIENCE_MS;
  const message = useQuery({
    queryKey: [...CHANNELS, 'test', id],
    queryFn: () => answer(api.GET('/api/messages/{id}', { params: { path: { id } } })),
    refetchInterval: ({ state: { data } }) => (data && isOver(data) ? false : EVERY_MS),
  });
  if (message.error) return <ProblemAlert error={message.error} />;
  if (!message.data) return <Loader size="sm" />;
  const { status, reason, recipient_masked, attempts } = message.data;
  const last = attempts.at(-1);
  const why = [reason ?? last?.reason, last?.vendor_code].filter(Boolean).join(', ');
  return (
    <Alert color={OUTCOME_COLOURS[status]} variant="light" icon={!isOver(message.data) && <Loader size="xs" />} role="none">
      <Text size="sm">
        {t(`test.statuses.${status}`, { recipient: recipient_masked })}
        {status === 'accepted' && !reports && ` ${t('test.neverReports')}`}
      </Text>
      {why && (
        <Text size="sm">
          {t('test.reason')} <code lang="en">{why}</code>
        </Text>
      )}
    </Alert>
  );
}
