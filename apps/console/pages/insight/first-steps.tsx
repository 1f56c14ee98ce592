import { Button, Group, Paper, SimpleGrid, Text, ThemeIcon, Title } from '@mantine/core';
import { IconFingerprint, IconMail, IconSend, IconWorld } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Panel } from '../../parts/panel.js';
import { mayAct, useMe } from '../../shell/use-me.js';
import { SendTestCode } from './send-test-code.js';

/** For a company where nothing has happened yet: what to do first. */
export function FirstSteps() {
  const { t } = useTranslation('insight');
  const { data: person } = useMe();
  const isAdmin = mayAct(person?.role, 'admin');
  return (
    <Panel title={t('first.title')} lead={t('first.lead')}>
      <SimpleGrid component="ol" cols={{ base: 1, sm: 2 }} p={0} m={0} style={{ listStyle: 'none' }}>
        {isAdmin && (
          <Step icon={IconWorld} title={t('first.region')} text={t('first.regionText')}>
            <Button component={Link} to="/company" variant="default">
              {t('first.regionDo')}
            </Button>
          </Step>
        )}
        <Step icon={IconSend} title={t('first.send')} text={t('first.sendText')}>
          <SendTestCode variant="default" />
        </Step>
        {isAdmin && (
          <Step icon={IconMail} title={t('first.invite')} text={t('first.inviteText')}>
            <Button component={Link} to="/people" variant="default">
              {t('first.inviteDo')}
            </Button>
          </Step>
        )}
        <Step icon={IconFingerprint} title={t('first.passkey')} text={t('first.passkeyText')}>
          <Button component={Link} to="/account/security" variant="default">
            {t('first.passkeyDo')}
          </Button>
        </Step>
      </SimpleGrid>
    </Panel>
  );
}

function Step({ icon: Icon, title, text, children }: { icon: typeof IconSend; title: string; text: string; children: ReactNode }) {
  return (
    <Paper component="li" withBorder p="md">
      <Group wrap="nowrap" align="flex-start">
        <ThemeIcon variant="light" size="lg" aria-hidden>
          <Icon size={20} />
        </ThemeIcon>
        <div>
          <Title order={3} size="h6">
            {title}
          </Title>
          <Text size="sm" c="dimmed" mb="sm">
            {text}
          </Text>
          {children}
        </div>
      </Group>
    </Paper>
  );
}
