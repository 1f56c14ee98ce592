import { Alert, Code, Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { Schemas } from '../../api/client.js';
import { Copyable } from '../../parts/copyable.js';
import { useFormat } from '../../parts/use-format.js';

/** All that an event says. */
export function AuditEventDetails({ event, nameOf }: { event: Schemas['AuditEvent']; nameOf: (id: string | null) => string | undefined }) {
  const { t } = useTranslation('insight');
  const { exact } = useFormat();
  const target = event.target_id === event.actor_id ? undefined : nameOf(event.target_id);
  const ids = [
    ['actor', event.actor_id],
    ['target', event.target_id],
    ['session', event.session_id],
    ['request', event.request_id],
    ['event', event.id],
    ['hash', event.hash],
  ] as const;
  return (
    <Stack component="dl" m={0} gap="sm">
      <Fact name={t('audit.when')}>{exact(event.at)}</Fact>
      <Fact name={t('audit.action')}>
        <Code>{event.action}</Code>
      </Fact>
      <Fact name={t('audit.outcome')}>{event.outcome === 'success' ? t('audit.success') : t('audit.failure')}</Fact>
      <Fact name={t('audit.who')}>{nameOf(event.actor_id) ?? t(`audit.actors.${event.actor_type}`)}</Fact>
      {target && <Fact name={t('audit.target')}>{target}</Fact>}
      {event.erased.length > 0 && (
        <Alert variant="light" color="gray" role="note">
          {t('audit.erasedText')}
        </Alert>
      )}
      {!event.erased.includes('origin') && (
        <>
          <Fact name={t('audit.from')}>{event.ip_address ?? '–'}</Fact>
          <Fact name={t('audit.browser')}>{event.user_agent ?? '–'}</Fact>
        </>
      )}
      {!event.erased.includes('details') && Object.keys(event.details).length > 0 && (
        <Fact name={t('audit.details')}>
          <Code block tabIndex={0}>
            {JSON.stringify(event.details, null, 2)}
          </Code>
        </Fact>
      )}
      <Fact name={t('audit.place')}>{event.seq ?? t('audit.unsealed')}</Fact>
      {ids.map(
        ([name, id]) =>
          id && (
            <Fact key={name} name={t(`audit.ids.${name}`)}>
              <Copyable text={id} label={t(`audit.ids.${name}`)} />
            </Fact>
          ),
      )}
    </Stack>
  );
}

const Fact = ({ name, children }: { name: string; children: ReactNode }) => (
  <div>
    <Text component="dt" size="sm" c="dimmed">
      {name}
    </Text>
    <Text component="dd" m={0} size="sm" style={{ overflowWrap: 'anywhere' }}>
      {children}
    </Text>
  </div>
);
