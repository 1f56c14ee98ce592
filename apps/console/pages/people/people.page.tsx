import { Page } from '../../parts/page.js';

export const PeoplePage = () => <Page title="PeoplePage">…</Page>;
