import { Anchor, Badge, Group, Table, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { Schemas } from '../../api/client.js';
import { When } from '../../parts/when.js';

export function PersonRow({ person, isMe }: { person: Schemas['User']; isMe: boolean }) {
  const { t } = useTranslation(['people', 'common']);
  return (
    <Table.Tr>
      <Table.Td>
        <Group gap="xs">
          <Anchor component={Link} to={`/people/${person.id}`} fw={500} size="sm" style={{ overflowWrap: 'anywhere' }}>
            {person.full_name}
          </Anchor>
          {isMe && (
            <Badge variant="light" color="gray">
              {t('you')}
            </Badge>
          )}
        </Group>
        <Text size="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
          {person.email}
        </Text>
      </Table.Td>
      <Table.Td>
        <Text size="sm">{t(`roles.${person.role}`, { ns: 'common' })}</Text>
      </Table.Td>
      <Table.Td>
        <Standing person={person} />
      </Table.Td>
      <Table.Td>
        <When at={person.last_login} />
      </Table.Td>
    </Table.Tr>
  );
}

/** In words, with a colour besides. */
export function Standing({ person }: { person: Schemas['User'] }) {
  const { t } = useTranslation('people');
  return (
    <Group gap={6}>
      {person.is_active ? <Badge variant="light">{t('standing.active')}</Badge> : <Badge color="red.9">{t('standing.inactive')}</Badge>}
      {!person.email_verified && (
        <Badge variant="outline" color="gray">
          {t('standing.unconfirmed')}
        </Badge>
      )}
      <Badge variant={person.mfa_enabled ? 'light' : 'outline'} color={person.mfa_enabled ? 'verdigris' : 'gray'}>
        {t(person.mfa_enabled ? 'standing.factor' : 'standing.noFactor')}
      </Badge>
    </Group>
  );
}
