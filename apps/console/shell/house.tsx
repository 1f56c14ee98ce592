import { ActionIcon, Anchor, AppShell, Badge, Box, Burger, Button, Group, NavLink, ScrollArea, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { Notifications } from '@mantine/notifications';
import '@mantine/notifications/styles.css';
import { IconLogout } from '@tabler/icons-react';
import { Link, Outlet, useRouterState } from '@tanstack/react-router';
import { Suspense, useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { answer, api } from '../api/client.js';
import { session } from '../api/session.js';
import { useAction } from '../parts/use-action.js';
import { useStanding } from './use-standing.js';
import { Loading } from './loading.js';
import { Logo } from './logo.js';
import { MENU } from './menu.js';
import { Preferences } from './preferences.js';
import { mayAct, useMe } from './use-me.js';

/** The frame of every page of somebody who is signed in. */
export function House() {
  const { t } = useTranslation();
  const [opened, { toggle, close }] = useDisclosure(false);
  const path = useRouterState({ select: ({ location }) => location.pathname });
  useEffect(close, [path, close]);
  useStanding();
  const { data: person, isPending } = useMe();
  const main = useRef<HTMLElement>(null);
  const leave = useAction(() => answer(api.POST('/api/auth/logout', { body: {} })), {
    after: () => session.end(),
    tellsFailure: true,
  });

  return (
    <AppShell
      header={{ height: 56 }}
      navbar={{ width: 248, breakpoint: 'sm', collapsed: { mobile: !opened } }}
      padding={{ base: 'md', sm: 'lg' }}
    >
      <a
        className="skip-link"
        href="#main"
        onClick={(event) => {
          event.preventDefault();
          main.current?.focus();
        }}
      >
        {t('skip')}
      </a>
      <Notifications position="bottom-right" />
      <AppShell.Header>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Group gap="xs" wrap="nowrap" style={{ minWidth: 0 }}>
            <Burger opened={opened} onClick={toggle} hiddenFrom="sm" size="sm" aria-label={t('menu.open')} aria-expanded={opened} />
            <Anchor component={Link} to="/" c="inherit" underline="never" aria-label="Watchword">
              <Group gap="xs" wrap="nowrap">
                <Logo />
                <Text fw={700} visibleFrom="xs">
                  Watchword
                </Text>
              </Group>
            </Anchor>
            <Badge variant="light" color="gray" tt="none" maw={220} visibleFrom="xs" miw={person ? undefined : 80}>
              {person?.company_name}
            </Badge>
          </Group>
          <Group gap={4} wrap="nowrap">
            <Preferences />
            <ActionIcon variant="subtle" color="gray" size="lg" hiddenFrom="sm" aria-label={t('signOut')} onClick={() => leave.mutate()}>
              <IconLogout size={20} aria-hidden />
            </ActionIcon>
            <Button
              visibleFrom="sm"
              variant="subtle"
              color="gray"
              px="xs"
              leftSection={<IconLogout size={18} aria-hidden />}
              onClick={() => leave.mutate()}
              loading={leave.isPending}
            >
              {t('signOut')}
            </Button>
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="sm" aria-label={t('menu.main')}>
        <ScrollArea type="auto">
          {/* Not before it is known what is theirs: entries that come later would push the others down. */}
          {(isPending ? [] : MENU).map(({ title, entries }) => {
            const open = entries.filter(({ least }) => mayAct(person?.role, least));
            if (open.length === 0) return null;
            return (
              <Box key={title} mb="md" role="group" aria-label={t(title)}>
                <Text size="xs" fw={600} c="dimmed" px="sm" mb={4}>
                  {t(title)}
                </Text>
                {open.map(({ to, label, icon: Icon }) => (
                  <NavLink
                    key={to}
                    component={Link}
                    to={to}
                    activeOptions={{ exact: true }}
                    label={t(label)}
                    leftSection={<Icon size={18} aria-hidden />}
                    active={isHere(path, to)}
                    aria-current={isHere(path, to) ? 'page' : undefined}
                    variant="light"
                    style={{ borderRadius: 'var(--mantine-radius-md)' }}
                  />
                ))}
              </Box>
            );
          })}
        </ScrollArea>
      </AppShell.Navbar>
      <AppShell.Main id="main" ref={main} tabIndex={-1} style={{ outline: 'none' }}>
        <Suspense fallback={<Loading />}>
          <Outlet />
        </Suspense>
      </AppShell.Main>
    </AppShell>
  );
}

const isHere = (path: string, to: string) => (to === '/' || to === '/account' ? path === to : path === to || path.startsWith(`${to}/`));
