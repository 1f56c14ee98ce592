import { defineEntity, p } from '@mikro-orm/core';
import { seal, tenantOwned, unseal } from '@app/platform';
import type { Channel } from './channel.js';

const schema = defineEntity({
  name: 'ChannelSettings',
  tableName: 'channel_settings',
  ...tenantOwned({
    provider: p.text(),
    channels: p.array().$type<Channel[]>(),
    /** Sealed JSON, as the provider's schema takes it. */
    settings: p.text(),
    /** Lowest first. */
    priority: p.integer().default(100),
    isEnabled: p.boolean().default(true),
    ratePerSecond: p.double().nullable(),
    updatedAt: p.datetime().defaultRaw('now()'),
  }),
});

/** How one company reaches one provider. */
export class ChannelSettings extends schema.class {}
schema.setClass(ChannelSettings);

const place = (tenantId: string, provider: string) => ({ tenant: tenantId, row: provider, purpose: 'channel-settings' });
export const sealSettings = (tenantId: string, provider: string, settings: object) =>
  seal(JSON.stringify(settings), place(tenantId, provider));
export const openSettings = (tenantId: string, provider: string, sealed: string) =>
  JSON.parse(unseal(sealed, place(tenantId, provider))) as object;
