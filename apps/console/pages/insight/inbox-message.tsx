import { Anchor, Badge, Group, Paper, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { Schemas } from '../../api/client.js';
import { Copyable } from '../../parts/copyable.js';
import { When } from '../../parts/when.js';

/** A message as text: the HTML of a mail is never shown as such, whatever it holds. */
export function InboxMessage({
  message: { channel, to, subject, text, code, company, taken_at },
}: {
  message: Schemas['Inbox']['data'][number];
}) {
  const { t } = useTranslation(['insight', 'common']);
  return (
    <Paper component="li" withBorder p="md">
      <Group justify="space-between" gap="xs">
        <Group gap="xs">
          <Badge variant="light" color="gray" tt="none">
            {t(`channels.${channel}`, { ns: 'common' })}
          </Badge>
          <Anchor
            renderRoot={(props) => <Link {...props} to="/inbox" search={{ to }} />}
            size="sm"
            fw={500}
            style={{ overflowWrap: 'anywhere' }}
          >
            {to}
          </Anchor>
          <Text size="sm" c="dimmed">
            {t('inbox.from', { company })}
          </Text>
        </Group>
        <When at={taken_at} />
      </Group>
      {subject && (
        <Text fw={600} mt="xs">
          {subject}
        </Text>
      )}
      <Text mt={6} size="sm" style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
        <WithLinks text={text} />
      </Text>
      {code && (
        <Group mt="xs">
          <Copyable text={code} label={t('inbox.code', { to })} />
        </Group>
      )}
    </Paper>
  );
}

const OUR_PAGES = ['/verify-email', '/reset-password', '/accept-invitation'];

/** Links to pages of this console open here; others in a window of their own, which learns nothing of this one. */
function WithLinks({ text }: { text: string }) {
  return text.split(/(https?:\/\/[^\s<>"]+)/).map((piece, at) => {
    const url = at % 2 === 1 ? URL.parse(piece) : null;
    if (!url) return piece;
    const isOurs = url.origin === window.location.origin && OUR_PAGES.includes(url.pathname);
    return (
      <Anchor key={at} href={url.href} size="sm" underline="always" {...(!isOurs && { target: '_blank', rel: 'noopener noreferrer' })}>
        {piece}
      </Anchor>
    );
  });
}
