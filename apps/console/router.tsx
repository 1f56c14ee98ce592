import { createRootRoute, createRoute, createRouter, lazyRouteComponent, Outlet, redirect } from '@tanstack/react-router';
import { Suspense } from 'react';
import { unreachable } from './api/problem.js';
import { type DeliveryStatus, isDeliveryStatus } from './pages/company/delivery-status.js';
import { session } from './api/session.js';
import { ownPath } from './own-path.js';
import { auditSearch, inboxSearch, periodSearch, verificationSearch } from './pages/insight/searches.js';
import { queries } from './queries.js';
import { Loading } from './shell/loading.js';
import { Broken, NotFound } from './shell/lost.js';
import { mayAct, me } from './shell/use-me.js';

/** A page's file, fetched when it is wanted; a server that does not answer is told in words. */
const page: typeof lazyRouteComponent = (load, name) =>
  lazyRouteComponent(
    () =>
      load().catch(() => {
        throw unreachable();
      }),
    name,
  );

const root = createRootRoute({
  component: () => (
    <Suspense fallback={<Loading />}>
      <Outlet />
    </Suspense>
  ),
  notFoundComponent: NotFound,
  errorComponent: Broken,
});

const house = createRoute({
  getParentRoute: () => root,
  id: 'house',
  component: page(() => import('./shell/house.js'), 'House'),
  beforeLoad: async ({ location }) => {
    const standing = await session.settled();
    if (standing === 'unreachable') throw unreachable();
    if (standing !== 'in') throw redirect({ to: '/sign-in', search: location.pathname === '/' ? {} : { next: location.href } });
  },
});

const door = createRoute({ getParentRoute: () => root, id: 'door' });

/** What nobody needs who is signed in already: they go to where they wanted to be. */
const onlyOutside = async ({ search }: { search: object }) => {
  if ((await session.settled()) === 'in') throw redirect({ href: ownPath((search as { next?: unknown }).next) ?? '/' });
};
const next = ({ next }: Record<string, unknown>): { next?: string } => (ownPath(next) ? { next: ownPath(next)! } : {});

const open = [
  createRoute({
    getParentRoute: () => door,
    path: '/sign-in',
    validateSearch: next,
    beforeLoad: onlyOutside,
    component: page(() => import('./pages/sign-in/sign-in.page.js'), 'SignInPage'),
  }),
  createRoute({
    getParentRoute: () => door,
    path: '/sign-in/second-factor',
    validateSearch: next,
    component: page(() => import('./pages/sign-in/second-factor.page.js'), 'SecondFactorPage'),
  }),
  createRoute({
    getParentRoute: () => door,
    path: '/sign-in/set-up',
    validateSearch: next,
    component: page(() => import('./pages/sign-in/set-up.page.js'), 'SetUpPage'),
  }),
  createRoute({
    getParentRoute: () => door,
    path: '/sign-in/returned',
    // A page elsewhere may send somebody through a provider of its own: who is signed in stays who they are.
    beforeLoad: onlyOutside,
    validateSearch: ({ code, error }: Record<string, unknown>): { code?: string; error?: string } => ({
      ...(typeof code === 'string' && { code }),
      ...(typeof error === 'string' && { error }),
    }),
    component: page(() => import('./pages/sign-in/returned.page.js'), 'ReturnedPage'),
  }),
  createRoute({
    getParentRoute: () => door,
    path: '/register',
    beforeLoad: onlyOutside,
    component: page(() => import('./pages/sign-in/register.page.js'), 'RegisterPage'),
  }),
  createRoute({
    getParentRoute: () => door,
    path: '/forgot-password',
    component: page(() => import('./pages/sign-in/forgot-password.page.js'), 'ForgotPasswordPage'),
  }),
  createRoute({
    getParentRoute: () => door,
    path: '/reset-password',
    component: page(() => import('./pages/sign-in/reset-password.page.js'), 'ResetPasswordPage'),
  }),
  createRoute({
    getParentRoute: () => door,
    path: '/verify-email',
    component: page(() => import('./pages/sign-in/verify-email.page.js'), 'VerifyEmailPage'),
  }),
  createRoute({
    getParentRoute: () => door,
    path: '/accept-invitation',
    component: page(() => import('./pages/sign-in/accept-invitation.page.js'), 'AcceptInvitationPage'),
  }),
] as const;

/** A page that wants a role sends others to what is theirs. */
const forRole = (least: 'manager' | 'admin') => async () => {
  const { role } = await queries.ensureQueryData(me);
  if (!mayAct(role, least)) throw redirect({ to: '/account' });
};

const inside = [
  createRoute({
    getParentRoute: () => house,
    path: '/account',
    component: page(() => import('./pages/account/profile.page.js'), 'ProfilePage'),
  }),
  createRoute({
    getParentRoute: () => house,
    path: '/account/security',
    component: page(() => import('./pages/account/security.page.js'), 'SecurityPage'),
  }),
  createRoute({
    getParentRoute: () => house,
    path: '/account/sessions',
    component: page(() => import('./pages/account/sessions.page.js'), 'SessionsPage'),
  }),
  createRoute({
    getParentRoute: () => house,
    path: '/',
    validateSearch: periodSearch,
    beforeLoad: forRole('manager'),
    component: page(() => import('./pages/insight/dashboard.page.js'), 'DashboardPage'),
  }),
  createRoute({
    getParentRoute: () => house,
    path: '/verifications',
    validateSearch: verificationSearch,
    beforeLoad: forRole('manager'),
    component: page(() => import('./pages/insight/verifications.page.js'), 'VerificationsPage'),
  }),
  createRoute({
    getParentRoute: () => house,
    path: '/verifications/$id',
    beforeLoad: forRole('manager'),
    component: page(() => import('./pages/insight/verification.page.js'), 'VerificationPage'),
  }),
  createRoute({
    getParentRoute: () => house,
    path: '/audit',
    validateSearch: auditSearch,
    beforeLoad: forRole('admin'),
    component: page(() => import('./pages/insight/audit.page.js'), 'AuditPage'),
  }),
  createRoute({
    getParentRoute: () => house,
    path: '/isolation',
    beforeLoad: forRole('admin'),
    component: page(() => import('./pages/insight/isolation.page.js'), 'IsolationPage'),
  }),
  createRoute({
    getParentRoute: () => house,
    path: '/inbox',
    validateSearch: inboxSearch,
    beforeLoad: forRole('manager'),
    component: page(() => import('./pages/insight/inbox.page.js'), 'InboxPage'),
  }),
  createRoute({
    getParentRoute: () => house,
    path: '/people',
    validateSearch: ({ search }: Record<string, unknown>): { search?: string } => (search ? { search: String(search).slice(0, 100) } : {}),
    beforeLoad: forRole('manager'),
    component: page(() => import('./pages/people/people.page.js'), 'PeoplePage'),
  }),
  createRoute({
    getParentRoute: () => house,
    path: '/people/$id',
    beforeLoad: forRole('manager'),
    component: page(() => import('./pages/people/person.page.js'), 'PersonPage'),
  }),
  createRoute({
    getParentRoute: () => house,
    path: '/company',
    beforeLoad: forRole('admin'),
    component: page(() => import('./pages/company/policy.page.js'), 'PolicyPage'),
  }),
  createRoute({
    getParentRoute: () => house,
    path: '/channels',
    beforeLoad: forRole('admin'),
    component: page(() => import('./pages/company/channels.page.js'), 'ChannelsPage'),
  }),
  createRoute({
    getParentRoute: () => house,
    path: '/channels/$provider',
    beforeLoad: forRole('admin'),
    component: page(() => import('./pages/company/channel.page.js'), 'ChannelPage'),
  }),
  createRoute({
    getParentRoute: () => house,
    path: '/api-keys',
    beforeLoad: forRole('admin'),
    component: page(() => import('./pages/company/api-keys.page.js'), 'ApiKeysPage'),
  }),
  createRoute({
    getParentRoute: () => house,
    path: '/webhooks',
    beforeLoad: forRole('admin'),
    component: page(() => import('./pages/company/webhooks.page.js'), 'WebhooksPage'),
  }),
  createRoute({
    getParentRoute: () => house,
    path: '/webhooks/$id',
    validateSearch: ({ status }: Record<string, unknown>): { status?: DeliveryStatus } => (isDeliveryStatus(status) ? { status } : {}),
    beforeLoad: forRole('admin'),
    component: page(() => import('./pages/company/webhook.page.js'), 'WebhookPage'),
  }),
] as const;

export const router = createRouter({
  routeTree: root.addChildren([door.addChildren([...open]), house.addChildren([...inside])]),
  defaultPreload: 'intent',
  defaultPendingComponent: Loading,
  defaultPendingMs: 300,
  scrollRestoration: true,
});

// Whoever stands at the door in another tab goes in with them.
session.joined = () => {
  if (router.state.location.pathname === '/sign-in') void router.invalidate();
};

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
