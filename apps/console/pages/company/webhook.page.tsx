import { Page } from '../../parts/page.js';

export const WebhookPage = () => <Page title="WebhookPage">…</Page>;
