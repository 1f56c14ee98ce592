import { Page } from '../../parts/page.js';

export const IsolationPage = () => <Page title="IsolationPage">…</Page>;
