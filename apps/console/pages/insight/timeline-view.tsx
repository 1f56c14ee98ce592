import { Badge, Code, Group, Text, Timeline } from '@mantine/core';
import {
  IconArrowForwardUp,
  IconBan,
  IconCheck,
  IconClockX,
  IconHandStop,
  IconMailOff,
  IconPlaneDeparture,
  IconQuestionMark,
  IconReceipt,
  IconSend,
  IconX,
} from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { Schemas } from '../../api/client.js';
import { useFormat } from '../../parts/use-format.js';
import { useWords } from './use-words.js';

type Entry = Schemas['TimelineEntry'];

const ICONS: Record<string, typeof IconSend> = {
  sent: IconSend,
  blocked: IconHandStop,
  attempt: IconPlaneDeparture,
  attempt_ended: IconArrowForwardUp,
  receipt: IconReceipt,
  undelivered: IconMailOff,
  check_failed: IconX,
  check_refused: IconBan,
  approved: IconCheck,
  expired: IconClockX,
  canceled: IconBan,
};
const GOOD = ['approved', 'accepted', 'delivered'];
const BAD = ['blocked', 'undelivered', 'check_failed', 'check_refused', 'failed', 'definite', 'configuration'];
const DOUBTFUL = ['retryable', 'ambiguous', 'expired', 'canceled'];

function colorOf({ kind, outcome }: Entry) {
  // Of calls and receipts the outcome tells; of all else what happened does.
  const told = kind === 'attempt_ended' || kind === 'receipt' ? (outcome ?? '') : kind;
  if (GOOD.includes(told)) return 'verdigris';
  if (BAD.includes(told)) return 'red';
  return DOUBTFUL.includes(told) ? 'orange' : 'gray';
}

/** Why the code came, or did not: every decision, call, receipt and answer in order, with how long after the beginning. */
export function TimelineView({ entries, since }: { entries: Entry[]; since: string | undefined }) {
  const { t } = useTranslation('insight');
  return (
    <Timeline
      bulletSize={28}
      lineWidth={2}
      active={entries.length}
      component="ol"
      aria-label={t('timeline.title')}
      p={0}
      pl={14}
      m={0}
      style={{ listStyle: 'none' }}
    >
      {entries.map((entry, at) => {
        const Icon = ICONS[entry.kind] ?? IconQuestionMark;
        return (
          <Timeline.Item
            key={`${entry.at}${entry.kind}${at}`}
            component="li"
            color={colorOf(entry)}
            bullet={<Icon size={15} aria-hidden />}
            title={<Heading entry={entry} since={since} />}
          >
            <Body entry={entry} />
          </Timeline.Item>
        );
      })}
    </Timeline>
  );
}

function Heading({ entry: { at, kind, outcome, provider }, since }: { entry: Entry; since: string | undefined }) {
  const words = useWords();
  const { exact, number } = useFormat();
  const { t } = useTranslation('insight');
  const told = kind === 'attempt_ended' || kind === 'receipt' ? `${kind}_${outcome ?? 'unknown'}` : kind;
  const said = words('kinds', told, { provider: provider ?? t('timeline.provider') });
  return (
    <Group gap="xs" wrap="wrap" align="baseline">
      <Text fw={600} size="sm">
        {said === told ? [words('kinds', kind), outcome].filter(Boolean).join(': ') : said}
      </Text>
      {since && (
        <Text size="xs" c="dimmed" component="time" dateTime={at} title={exact(at)} style={{ fontVariantNumeric: 'tabular-nums' }}>
          +{number((Date.parse(at) - Date.parse(since)) / 1000, 1)} s
        </Text>
      )}
    </Group>
  );
}

const DECISIONS = { sent: 'because', blocked: 'rules' } as const;

function Body({ entry: { kind, channel, recipient_masked, provider, reason, provider_message_id, details } }: { entry: Entry }) {
  const { t } = useTranslation(['insight', 'common']);
  const words = useWords();
  const { exact, number } = useFormat();
  const vendorCode = typeof details.vendor_code === 'string' ? details.vendor_code : undefined;
  const cost = typeof details.cost === 'number' && details.cost > 0 ? details.cost : undefined;
  const group = DECISIONS[kind as 'sent'] ?? 'reasons';
  const from = reason && /^(failed_by|no_receipt_by)_(.+)$/.exec(reason);
  const why = from ? words(group, from[1]!, { channel: channelIn(from[2]!, t) }) : reason && words(group, reason);
  return (
    <>
      <Group gap={6} mt={2}>
        {channel && (
          <Badge variant="default" size="sm" tt="none" fw={500}>
            {channelIn(channel, t)}
          </Badge>
        )}
        {provider && (
          <Badge variant="default" size="sm" tt="none" fw={500}>
            {provider}
          </Badge>
        )}
        {recipient_masked && (
          <Text size="sm" c="dimmed">
            {recipient_masked}
          </Text>
        )}
      </Group>
      {why && (
        <Text size="sm" mt={4}>
          {why}
        </Text>
      )}
      {typeof details.attempts === 'number' && (
        <Text size="sm" c="dimmed" mt={4}>
          {t('timeline.attempt', { count: details.attempts })}
        </Text>
      )}
      <Group gap="md" mt={2}>
        {vendorCode && (
          <Text size="xs" c="dimmed">
            {t('timeline.vendorCode')} <Code fz="xs">{vendorCode}</Code>
          </Text>
        )}
        {cost !== undefined && (
          <Text size="xs" c="dimmed">
            {t('timeline.cost', { cost: number(cost, 4) })}
          </Text>
        )}
        {provider_message_id && (
          <Text size="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
            {t('timeline.messageId')} <Code fz="xs">{provider_message_id}</Code>
          </Text>
        )}
        {kind === 'receipt' && typeof details.vendor_time === 'string' && (
          <Text size="xs" c="dimmed">
            {t('timeline.vendorTime', { time: exact(details.vendor_time) })}
          </Text>
        )}
      </Group>
    </>
  );
}

const CHANNEL_NAMES = ['sms', 'voice', 'email', 'telegram'] as const;
const channelIn = (channel: string, t: ReturnType<typeof useTranslation<['insight', 'common']>>['t']) => {
  const known = CHANNEL_NAMES.find((one) => one === channel);
  return known ? t(`channels.${known}`, { ns: 'common' }) : channel;
};
