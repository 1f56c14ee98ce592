import { Page } from '../../parts/page.js';

export const ApiKeysPage = () => <Page title="ApiKeysPage">…</Page>;
