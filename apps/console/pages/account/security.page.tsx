import { Badge, Button, Group, Modal, Stack, Table, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconPlus } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { answer, api, type Schemas } from '../../api/client.js';
import { BackupCodes } from '../../parts/backup-codes.js';
import { EnrolFactor } from '../../parts/enrol-factor.js';
import { byStrength, iconOf, useFactorWords } from '../../parts/factor-words.js';
import { Listing } from '../../parts/listing.js';
import { Empty, Loaded } from '../../parts/loaded.js';
import { Page } from '../../parts/page.js';
import { Panel } from '../../parts/panel.js';
import { When } from '../../parts/when.js';
import { ME } from '../../shell/use-me.js';
import { BackupPanel } from './backup-panel.js';
import { IdentitiesPanel } from './identities-panel.js';
import { RemoveFactor } from './remove-factor.js';
import { RenameFactor } from './rename-factor.js';

const FACTORS = ['factors'] as const;

/** How the reader's account is opened, besides the password. */
export function SecurityPage() {
  const { t } = useTranslation(['account', 'common']);
  const factors = useQuery({ queryKey: FACTORS, queryFn: () => answer(api.GET('/api/auth/mfa/factors')) });
  const confirmed = factors.data?.data.filter((factor) => factor.confirmed && factor.type !== 'backup_codes') ?? [];
  return (
    <Page title={t('security.title')} lead={t('security.lead')}>
      <Panel title={t('security.factors')} actions={<AddFactor />}>
        <Loaded
          query={factors}
          isEmpty={() => confirmed.length === 0}
          empty={<Empty title={t('security.none')}>{t('security.noneText')}</Empty>}
        >
          {() => (
            <Listing label={t('security.factors')} head={[t('security.kind'), t('security.added'), t('security.used'), '']}>
              {confirmed.toSorted(byStrength).map((factor) => (
                <FactorRow key={factor.id} factor={factor} all={factors.data!.data} />
              ))}
            </Listing>
          )}
        </Loaded>
      </Panel>
      {confirmed.length > 0 && <BackupPanel factors={factors.data!.data} />}
      <IdentitiesPanel />
    </Page>
  );
}

function FactorRow({ factor, all }: { factor: Schemas['Factor']; all: Schemas['Factor'][] }) {
  const { t } = useTranslation(['account', 'common']);
  const words = useFactorWords();
  const Icon = iconOf(factor.type);
  return (
    <Table.Tr>
      <Table.Td>
        <Group gap="sm" wrap="nowrap">
          <Icon size={22} aria-hidden />
          <div>
            <Group gap="xs">
              <Text size="sm" fw={500}>
                {factor.label ?? words(factor.type)}
              </Text>
              {factor.disabled && <Badge color="red">{t('security.disabled')}</Badge>}
              {factor.synced && (
                <Badge variant="light" color="gray">
                  {t('security.synced')}
                </Badge>
              )}
            </Group>
            <Text size="xs" c="dimmed">
              {factor.recipient_masked ?? words(factor.type)}
            </Text>
          </div>
        </Group>
      </Table.Td>
      <Table.Td>
        <When at={factor.created_at} />
      </Table.Td>
      <Table.Td>
        <When at={factor.last_used_at} />
      </Table.Td>
      <Table.Td>
        <Group gap="xs" justify="flex-end" wrap="nowrap">
          <RenameFactor factor={factor} />
          <RemoveFactor factor={factor} factors={all} />
        </Group>
      </Table.Td>
    </Table.Tr>
  );
}

function AddFactor() {
  const { t } = useTranslation(['account', 'common']);
  const queries = useQueryClient();
  const [opened, { open, close }] = useDisclosure(false);
  const [codes, setCodes] = useState<string[]>();
  const refresh = () => Promise.all([FACTORS, ['backup-codes'], ME].map((queryKey) => queries.invalidateQueries({ queryKey })));
  const leave = () => {
    close();
    // Not before: what is read anew may want a fresh proof, and its dialog would lie over the codes.
    if (codes) void refresh();
    setCodes(undefined);
  };
  return (
    <>
      <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={open}>
        {t('security.add')}
      </Button>
      <Modal
        opened={opened}
        onClose={leave}
        title={codes ? t('factors.backup_codes', { ns: 'common' }) : t('security.add')}
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
          <EnrolFactor
            done={(backupCodes) => {
              if (backupCodes) return setCodes(backupCodes);
              close();
              void refresh();
            }}
          />
        )}
      </Modal>
    </>
  );
}
