import { Badge, Code, Group, Table, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { answer, api, type Schemas } from '../../api/client.js';
import { ConfirmButton } from '../../parts/confirm-button.js';
import { When } from '../../parts/when.js';
import { API_KEYS } from './keys.js';
import { RotateApiKey } from './rotate-api-key.js';
import { useScopeWords } from './use-scope-words.js';

export function ApiKeyRow({ apiKey, rotated }: { apiKey: Schemas['ApiKey']; rotated: (key: Schemas['CreatedApiKey']) => void }) {
  const { t } = useTranslation('company');
  const words = useScopeWords();
  const { id, name, scopes, hint, last_used_at, expires_at, revoked_at } = apiKey;
  const ends = revoked_at ?? expires_at;
  const isOver = revoked_at !== null || (expires_at !== null && new Date(expires_at) < new Date());
  return (
    <Table.Tr>
      <Table.Td>
        <Group gap="xs">
          <Text size="sm" fw={500} c={isOver ? 'dimmed' : undefined} style={{ overflowWrap: 'anywhere' }}>
            {name}
          </Text>
          <Standing apiKey={apiKey} isOver={isOver} />
        </Group>
        <Code fz="xs">…{hint}</Code>
      </Table.Td>
      <Table.Td>
        {scopes.map((scope) => (
          <Text key={scope} size="sm" c={isOver ? 'dimmed' : undefined}>
            {words(scope)}
          </Text>
        ))}
      </Table.Td>
      <Table.Td>
        <When at={last_used_at} />
      </Table.Td>
      <Table.Td>{ends ? <When at={ends} /> : <Text size="sm">{t('keys.never')}</Text>}</Table.Td>
      <Table.Td>
        {!isOver && (
          <Group gap="xs" justify="flex-end" wrap="nowrap">
            {!apiKey.rotated_to && <RotateApiKey apiKey={apiKey} rotated={rotated} />}
            <ConfirmButton
              label={t('keys.revoke')}
              aria-label={`${t('keys.revoke')}: ${name}`}
              title={t('keys.revokeTitle', { name })}
              changes={[API_KEYS]}
              run={() => answer(api.DELETE('/api/company/api-keys/{id}', { params: { path: { id } } }))}
            >
              {t('keys.revokeText')}
            </ConfirmButton>
          </Group>
        )}
      </Table.Td>
    </Table.Tr>
  );
}

function Standing({ apiKey, isOver }: { apiKey: Schemas['ApiKey']; isOver: boolean }) {
  const { t } = useTranslation('company');
  if (apiKey.revoked_at)
    return (
      <Badge color="gray" variant="outline">
        {t('keys.revoked')}
      </Badge>
    );
  if (isOver)
    return (
      <Badge color="gray" variant="outline">
        {t('keys.expired')}
      </Badge>
    );
  if (apiKey.rotated_to)
    return (
      <Badge color="blue" variant="light">
        {t('keys.replaced')}
      </Badge>
    );
  return apiKey.expires_soon ? <Badge color="yellow">{t('keys.soon')}</Badge> : null;
}
