import { Button, Group } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { answer, api } from '../../api/client.js';
import { Panel } from '../../parts/panel.js';
import { ProblemAlert } from '../../parts/problem-alert.js';
import { saveFile } from '../../parts/save-file.js';
import { useAction } from '../../parts/use-action.js';

/** All that is kept of the reader, as a file. */
export function MyData() {
  const { t } = useTranslation('account');
  const take = useAction(() => answer(api.GET('/api/users/me/export')), {
    after: (all) => saveFile('watchword-my-data.json', JSON.stringify(all, null, 2), 'application/json'),
  });
  return (
    <Panel title={t('data.title')} lead={t('data.lead')}>
      <ProblemAlert error={take.error} />
      <Group>
        <Button
          variant="default"
          leftSection={<IconDownload size={16} aria-hidden />}
          onClick={() => take.mutate()}
          loading={take.isPending}
        >
          {t('data.download')}
        </Button>
      </Group>
    </Panel>
  );
}
