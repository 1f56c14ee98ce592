import { Button, Modal, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { answer, api, type Schemas } from '../../api/client.js';
import { BackupCodes } from '../../parts/backup-codes.js';
import { Loaded } from '../../parts/loaded.js';
import { Panel } from '../../parts/panel.js';
import { type Proof, ProveFactor } from '../../parts/prove-factor.js';
import { usable } from './remove-factor.js';

/** How many backup codes are left, and a way to new ones. */
export function BackupPanel({ factors }: { factors: Schemas['Factor'][] }) {
  const { t } = useTranslation(['account', 'common']);
  const queries = useQueryClient();
  const [opened, { open, close }] = useDisclosure(false);
  const [codes, setCodes] = useState<string[]>();
  const left = useQuery({ queryKey: ['backup-codes'], queryFn: () => answer(api.GET('/api/auth/mfa/backup-codes')) });
  const leave = () => {
    close();
    setCodes(undefined);
  };
  return (
    <Panel
      title={t('factors.backup_codes', { ns: 'common' })}
      lead={t('backup.lead')}
      actions={
        <Button variant="default" onClick={open}>
          {t('backup.renew')}
        </Button>
      }
    >
      <Loaded query={left} rows={1}>
        {({ remaining }) => <Text size="sm">{t('backup.left', { count: remaining })}</Text>}
      </Loaded>
      <Modal
        opened={opened}
        onClose={leave}
        title={t('backup.renew')}
        size="lg"
        closeOnClickOutside={!codes}
        closeOnEscape={!codes}
        closeButtonProps={{ 'aria-label': t('close', { ns: 'common' }) }}
      >
        {codes ? (
          <Stack>
            <BackupCodes codes={codes} />
            <Button onClick={leave}>{t('security.kept')}</Button>
          </Stack>
        ) : (
          <Stack>
            <Text size="sm">{t('backup.renewText')}</Text>
            <ProveFactor
              factors={usable(factors)}
              submit={t('backup.renew')}
              run={({ code, credential }: Proof) =>
                answer(
                  api.POST('/api/auth/mfa/backup-codes', {
                    body: { ...(code !== undefined && { code }), ...(credential && { credential }) },
                  }),
                )
              }
              after={({ backup_codes }) => {
                setCodes(backup_codes);
                void queries.invalidateQueries({ queryKey: ['backup-codes'] });
              }}
            />
          </Stack>
        )}
      </Modal>
    </Panel>
  );
}
