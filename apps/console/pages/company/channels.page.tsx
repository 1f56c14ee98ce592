import { Page } from '../../parts/page.js';

export const ChannelsPage = () => <Page title="ChannelsPage">…</Page>;
