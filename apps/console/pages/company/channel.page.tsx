import { Page } from '../../parts/page.js';

export const ChannelPage = () => <Page title="ChannelPage">…</Page>;
