import { Alert, Button, Code, CopyButton, Group, SimpleGrid, Stack, Text } from '@mantine/core';
import { IconCheck, IconCopy, IconDownload, IconPrinter } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { useFocusHere } from './use-focus-here.js';
import { saveFile } from './save-file.js';

/** Backup codes, shown this once: to copy, to download, to print. */
export function BackupCodes({ codes }: { codes: string[] }) {
  const { t } = useTranslation();
  const here = useFocusHere<HTMLDivElement>();
  const text = `Watchword\n\n${codes.join('\n')}\n`;
  const download = () => saveFile('watchword-backup-codes.txt', text, 'text/plain');
  return (
    <Stack ref={here} tabIndex={-1} style={{ outline: 'none' }}>
      <Alert color="yellow" title={t('backup.title')} role="note">
        {t('backup.lead')}
      </Alert>
      <SimpleGrid cols={2} component="ul" p={0} m={0} aria-label={t('factors.backup_codes')} style={{ listStyle: 'none' }}>
        {codes.map((code) => (
          <li key={code}>
            <Code fz="md" block ta="center">
              {code}
            </Code>
          </li>
        ))}
      </SimpleGrid>
      <Group className="no-print">
        <CopyButton value={codes.join('\n')}>
          {({ copied, copy }) => (
            <Button
              variant="default"
              leftSection={copied ? <IconCheck size={16} aria-hidden /> : <IconCopy size={16} aria-hidden />}
              onClick={copy}
            >
              {copied ? t('copied') : t('copy')}
            </Button>
          )}
        </CopyButton>
        <Button variant="default" leftSection={<IconDownload size={16} aria-hidden />} onClick={download}>
          {t('download')}
        </Button>
        <Button variant="default" leftSection={<IconPrinter size={16} aria-hidden />} onClick={() => window.print()}>
          {t('print')}
        </Button>
      </Group>
      <Text size="sm" c="dimmed">
        {t('backup.once')}
      </Text>
    </Stack>
  );
}
