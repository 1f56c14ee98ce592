import {
  IconBuilding,
  IconChartBar,
  IconDevices,
  IconInbox,
  IconKey,
  IconListCheck,
  IconMessages,
  IconShieldCheck,
  IconShieldLock,
  IconTimeline,
  IconUser,
  IconUsers,
  IconWebhook,
} from '@tabler/icons-react';
import type { Role } from './use-me.js';

/** What the side of the console leads to, and the least role it is for. */
export const MENU = [
  {
    title: 'menu.insight',
    entries: [
      { to: '/', label: 'menu.dashboard', icon: IconChartBar, least: 'manager' },
      { to: '/verifications', label: 'menu.verifications', icon: IconTimeline, least: 'manager' },
      { to: '/audit', label: 'menu.audit', icon: IconListCheck, least: 'admin' },
      { to: '/isolation', label: 'menu.isolation', icon: IconShieldCheck, least: 'admin' },
      { to: '/inbox', label: 'menu.inbox', icon: IconInbox, least: 'manager' },
    ],
  },
  {
    title: 'menu.company',
    entries: [
      { to: '/people', label: 'menu.people', icon: IconUsers, least: 'manager' },
      { to: '/company', label: 'menu.policy', icon: IconBuilding, least: 'admin' },
      { to: '/channels', label: 'menu.channels', icon: IconMessages, least: 'admin' },
      { to: '/api-keys', label: 'menu.apiKeys', icon: IconKey, least: 'admin' },
      { to: '/webhooks', label: 'menu.webhooks', icon: IconWebhook, least: 'admin' },
    ],
  },
  {
    title: 'menu.account',
    entries: [
      { to: '/account', label: 'menu.profile', icon: IconUser, least: 'user' },
      { to: '/account/security', label: 'menu.security', icon: IconShieldLock, least: 'user' },
      { to: '/account/sessions', label: 'menu.sessions', icon: IconDevices, least: 'user' },
    ],
  },
] as const satisfies { title: string; entries: { to: string; label: string; icon: unknown; least: Role }[] }[];
