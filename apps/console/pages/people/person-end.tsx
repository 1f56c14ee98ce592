import { Button, Stack } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useNavigate } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { answer, api, type Schemas } from '../../api/client.js';
import { ConfirmButton } from '../../parts/confirm-button.js';
import { Panel } from '../../parts/panel.js';
import { ProblemAlert } from '../../parts/problem-alert.js';
import { saveFile } from '../../parts/save-file.js';
import { useAction } from '../../parts/use-action.js';
import { Deed } from './deed.js';
import { Erase } from './erase.js';
import { PEOPLE } from './keys.js';

/** What the person may ask for of what is kept of them, and the ways in which an account ends. */
export function PersonEnd({ person }: { person: Schemas['User'] }) {
  const { t } = useTranslation(['people', 'common']);
  const navigate = useNavigate();
  const params = { path: { id: person.id } };
  const take = useAction(() => answer(api.GET('/api/users/{id}/export', { params })), {
    after: (all) => saveFile(`person-${person.id}.json`, JSON.stringify(all, null, 2), 'application/json'),
  });
  return (
    <Panel title={t('end.title')}>
      <Stack gap="lg">
        <Deed title={t('end.export')} text={t('end.exportText')}>
          <Button
            variant="default"
            leftSection={<IconDownload size={16} aria-hidden />}
            onClick={() => take.mutate()}
            loading={take.isPending}
          >
            {t('download', { ns: 'common' })}
          </Button>
        </Deed>
        <ProblemAlert error={take.error} />
        <Deed title={t('end.delete')} text={t('end.deleteText')}>
          <ConfirmButton
            size="sm"
            label={t('end.delete')}
            title={t('end.deleteTitle', { name: person.full_name })}
            changes={[PEOPLE]}
            run={async () => {
              await answer(api.DELETE('/api/users/{id}', { params }));
              await navigate({ to: '/people' });
            }}
          >
            {t('end.deleteAsk')}
          </ConfirmButton>
        </Deed>
        <Deed title={t('end.erase')} text={t('end.eraseText')}>
          <Erase person={person} />
        </Deed>
      </Stack>
    </Panel>
  );
}
