import { Injectable } from '@nestjs/common';
import { config, RequestContext } from '@app/platform';
import { type Channel, CHANNELS } from '../channel.js';
import { ChannelSettings, openSettings } from '../channel-settings.entity.js';
import { NotificationError } from '../notifications.errors.js';
import { FALLBACK, ProviderRegistry } from '../provider-registry.js';

/** A company's new provider is seen by every process after this at the latest. */
const REMEMBERED_MS = 5_000;
const MOST = 10_000;

type Served = Pick<ChannelSettings, 'provider' | 'channels'>;
interface Way {
  channel: Channel;
  /** Only by this one. */
  provider?: string | null | undefined;
}

/** Which channels a company can send by: asked for each message, so that a missing provider is told at once and not in the timeline. */
@Injectable()
export class ChannelDirectory {
  private readonly known = new Map<string, { served: Served[]; until: number }>();

  constructor(
    private readonly context: RequestContext,
    private readonly providers: ProviderRegistry,
  ) {}

  /** @throws notifications.no_provider */
  async require(ways: Way[]): Promise<void> {
    const needed = config.SANDBOX ? ways.filter(({ provider }) => provider && provider !== FALLBACK) : ways;
    if (needed.length === 0) return;
    const served = await this.served();
    const missing = needed.find(
      (way) => !served.some((one) => one.provider === (way.provider ?? one.provider) && one.channels.includes(way.channel)),
    );
    if (!missing) return;
    const { channel, provider } = missing;
    const which = provider ? `${provider} is not set up for ${channel}` : `No provider is set up for ${channel}`;
    throw NotificationError.noProvider({ detail: `${which}: PUT /api/company/channels/${provider ?? '{provider}'}.` });
  }

  /** What people can be reached by now; `byLink`: they open a link of a provider's first, and are known to it then. */
  async open(): Promise<{ channel: Channel; byLink: boolean }[]> {
    const served = await this.served();
    return CHANNELS.map((channel) => ({ channel, by: served.filter(({ channels }) => channels.includes(channel)) }))
      .filter(({ by }) => config.SANDBOX || by.length > 0)
      .map(({ channel, by }) => ({ channel, byLink: by.some(({ provider }) => this.providers.find(provider)?.contactLink) }));
  }

  /** @throws notifications.invalid_recipient naming the field */
  requireProvider(id: string, channel: Channel, field: string): void {
    const serving = this.providers.serving(channel).map((provider) => provider.id);
    if (serving.includes(id)) return;
    const message = `must be one of ${serving.join(', ')}`;
    throw NotificationError.invalidProvider({ detail: `${field}: ${message}`, errors: [{ field, message }] });
  }

  /** Where a person goes to be reachable over this channel, through the first of the company's providers that wants that. @throws notifications.no_provider */
  async contactLink(channel: Channel, token: string): Promise<string> {
    const rows = await this.context.transaction((em) =>
      em.find(ChannelSettings, { isEnabled: true, channels: { $contains: [channel] } }, { orderBy: { priority: 'asc', createdAt: 'asc' } }),
    );
    for (const { provider: id, tenantId, settings } of rows) {
      const provider = this.providers.find(id);
      const parsed = provider?.contactLink && provider.settings.safeParse(openSettings(tenantId, id, settings));
      if (parsed?.success) return provider!.contactLink!(parsed.data as never, token);
    }
    throw NotificationError.noProvider({ detail: `No provider is set up that people can come to over ${channel}; name a recipient.` });
  }

  /** The company's settings changed: this process knows at once. */
  forget(tenantId: string): void {
    this.known.delete(tenantId);
  }

  private async served(): Promise<Served[]> {
    const tenantId = this.context.tenantId!;
    const known = this.known.get(tenantId);
    if (known && known.until > Date.now()) return known.served;
    const rows = await this.context.transaction((em) =>
      em.find(ChannelSettings, { isEnabled: true }, { fields: ['provider', 'channels'] }),
    );
    const served = rows.map(({ provider, channels }) => ({ provider, channels }));
    if (this.known.size >= MOST) this.known.delete(this.known.keys().next().value!);
    this.known.set(tenantId, { served, until: Date.now() + REMEMBERED_MS });
    return served;
  }
}
