import { Page } from '../../parts/page.js';

export const InboxPage = () => <Page title="InboxPage">…</Page>;
