import { Anchor, Box, Group, Paper, Stack, Text, Title } from '@mantine/core';
import { type ReactNode, useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { Logo } from './logo.js';
import { Preferences } from './preferences.js';

/** The frame of every page that is open to whoever is not signed in. */
export function Door({
  title,
  lead,
  children,
  foot,
  wide = false,
}: {
  title: string;
  lead?: ReactNode;
  children: ReactNode;
  foot?: ReactNode;
  wide?: boolean;
}) {
  const { t } = useTranslation();
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · Watchword`;
    // A form that has taken the focus keeps it.
    if (document.activeElement === document.body) heading.current?.focus({ preventScroll: true });
  }, [title]);
  return (
    <Stack mih="100dvh" gap={0}>
      <Group component="header" justify="space-between" p="md">
        <Anchor href="/" c="inherit" underline="never">
          <Group gap="xs">
            <Logo />
            <Text fw={700} size="lg">
              Watchword
            </Text>
          </Group>
        </Anchor>
        <Preferences />
      </Group>
      <Box component="main" px="md" pb="xl" pt={{ base: 'md', sm: '8dvh' }} w="100%" maw={wide ? '38rem' : '28rem'} mx="auto">
        <Paper withBorder p={{ base: 'lg', sm: 'xl' }} radius="lg">
          <Stack gap="lg">
            <div>
              <Title order={1} size="h3" ref={heading} tabIndex={-1} style={{ outline: 'none' }}>
                {title}
              </Title>
              {lead && (
                <Text c="dimmed" size="sm" mt={4}>
                  {lead}
                </Text>
              )}
            </div>
            {children}
          </Stack>
        </Paper>
        {foot && (
          <Text size="sm" ta="center" mt="md" component="div">
            {foot}
          </Text>
        )}
      </Box>
      <Text component="footer" size="xs" c="dimmed" ta="center" mt="auto" p="md">
        {t('motto')}
      </Text>
    </Stack>
  );
}
