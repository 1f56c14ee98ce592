import { Page } from '../../parts/page.js';

export const DashboardPage = () => <Page title="DashboardPage">…</Page>;
