import { Page } from '../../parts/page.js';

export const PersonPage = () => <Page title="PersonPage">…</Page>;
