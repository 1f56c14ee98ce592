import { Page } from '../../parts/page.js';

export const VerificationPage = () => <Page title="VerificationPage">…</Page>;
