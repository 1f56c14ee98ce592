import { Page } from '../../parts/page.js';

export const VerificationsPage = () => <Page title="VerificationsPage">…</Page>;
