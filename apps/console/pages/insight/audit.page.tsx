import { Page } from '../../parts/page.js';

export const AuditPage = () => <Page title="AuditPage">…</Page>;
