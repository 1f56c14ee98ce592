import type { Channel } from './channel.js';
import type { MessageProvider } from './message-provider.js';
import { NotificationError } from './notifications.errors.js';

/** Where a company has set up nothing, on a laptop. */
export const FALLBACK = 'sandbox';

export class ProviderRegistry {
  private readonly providers: Map<string, MessageProvider>;
  /** Ids of those that tell what became of a message. */
  readonly reporting: string[];

  constructor(providers: MessageProvider[]) {
    this.providers = new Map(providers.map((provider) => [provider.id, provider]));
    this.reporting = providers.filter(({ reports }) => reports).map(({ id }) => id);
  }

  find(id: string): MessageProvider | undefined {
    return this.providers.get(id);
  }

  /** @throws notifications.unknown_provider */
  get(id: string): MessageProvider {
    const provider = this.find(id);
    if (!provider)
      throw NotificationError.unknownProvider({
        errors: [{ field: 'provider', message: `must be one of ${[...this.providers.keys()].join(', ')}` }],
      });
    return provider;
  }

  all(): MessageProvider[] {
    return [...this.providers.values()];
  }

  serving(channel: Channel): MessageProvider[] {
    return this.all().filter(({ channels }) => channels.includes(channel));
  }
}
