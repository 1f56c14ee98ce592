import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { BrokenCircuitError, bulkhead, BulkheadRejectedError, type BulkheadPolicy } from 'cockatiel';
import { v7 as uuidv7 } from 'uuid';
import { config, ConfigError, HotStatements, log, signTenant, span } from '@app/platform';
import { Breakers } from './breakers.js';
import { type ContactEvent, Contacts } from './callbacks/contacts.js';
import type { OutboundMessage } from './channel.js';
import { openSettings } from './channel-settings.entity.js';
import { BEGIN_DELIVERY, type BegunDelivery, FINISH_DELIVERY } from './delivery.entity.js';
import { DeliveryError } from './delivery-error.js';
import { countryLabel, sends, sendSeconds } from './delivery-metrics.js';
import type { Job } from './delivery-queue.js';
import type { Accepted, MessageProvider, Transport } from './message-provider.js';
import { compose } from './message-composer.js';
import { FALLBACK, ProviderRegistry } from './provider-registry.js';
import { logHeldBack } from './send-limits.js';

/** Between the end of our patience and the moment another process believes that we are gone. */
const MARGIN_SECONDS = 1;
/** Of what a process does at once on a channel, the part that one company may take. */
const SHARES = 4;
/** How long an answer is carried to a database that is away, and how often. */
const FINISH_MS = 20_000;
const FINISH_EVERY_MS = 200;

/** What sends mail about accounts for companies without an e-mail provider, where the operator has set it up. */
const ACCOUNT_PROVIDER = 'smtp';
const isOperated = () => Object.keys(config.ACCOUNT_SMTP).length > 0;

/** How an attempt ended, as app.delivery_finish takes it. */
interface Outcome {
  outcome: 'accepted' | DeliveryError['kind'];
  message_id?: string;
  reason?: string;
  vendor_code?: string | undefined;
  retry_after?: number | undefined;
  counts?: boolean;
  /** The address that will never be reached there again. */
  gone?: string;
}

/** Takes one delivery as far as it gets now: a provider's yes, or another one's, or a time to try again. Each step is one round trip. */
@Injectable()
export class DeliveryService implements OnModuleInit {
  /** Told when something is due again by the clock: looking at intervals alone, workers would miss turns of a rate. */
  onTurn: (seconds: number) => void = () => {};
  /** Of each company, by provider: one whose vendor is slow keeps nobody else's messages waiting. */
  private readonly bulkheads = new Map<string, Map<string, BulkheadPolicy>>();

  constructor(
    private readonly statements: HotStatements,
    private readonly providers: ProviderRegistry,
    private readonly breakers: Breakers,
    private readonly contacts: Contacts,
  ) {}

  /** The operator's own settings are wrong from the start, or never. */
  onModuleInit() {
    const flaws = isOperated() ? this.providers.find(ACCOUNT_PROVIDER)!.settings.safeParse(config.ACCOUNT_SMTP).error?.issues : undefined;
    if (flaws)
      throw new ConfigError(`ACCOUNT_SMTP is wrong: ${flaws.map(({ path, message }) => [...path, message].join(' ')).join('; ')}.`);
  }

  async deliver({ id, tenantId }: Job): Promise<void> {
    const tenant = signTenant(tenantId);
    for (;;) {
      const attempt = uuidv7();
      const begun = await this.statements.one(BEGIN_DELIVERY, [tenant, id, this.terms(tenantId, attempt)]);
      if (begun.outcome === 'budget') logHeldBack('budget', { company: tenantId, delivery: id, verification: begun.verification_id });
      if (begun.wait !== null) this.onTurn(begun.wait);
      if (begun.outcome !== 'go') return;
      const provider = this.providers.find(begun.provider);
      const labels = { channel: begun.channel, provider: provider?.id ?? 'unknown', country: countryLabel(begun.country) };
      // On the trace of the request that wanted the message, however long ago and in whatever process that was.
      const again = await span('delivery.attempt', { kind: 'consumer', parent: begun.trace, attributes: labels }, async (annotate) => {
        const outcome = await this.attempt(provider, begun, { tenantId, id, attempt });
        const { gone, ...ended } = outcome;
        const { reason, counts } = ended;
        annotate({ outcome: outcome.outcome, ...(reason !== undefined && { reason }) });
        sends(labels.channel, labels.provider, labels.country, counts === false ? 'held_back' : outcome.outcome).inc();
        const terms = { attempt, ...ended, reports: provider?.reports ?? false, window: config.RECEIPT_WINDOW_SECONDS };
        const more = await this.finish([tenant, id, terms]);
        if (gone !== undefined) await this.tellGone(tenantId, provider!.id, { type: 'gone', eventId: attempt, address: gone });
        return more;
      });
      if (!again) return;
    }
  }

  /** What a vendor answered is known here alone until it is written down: worth asking a database that restarts again. */
  private async finish(values: unknown[]): Promise<boolean> {
    for (const deadline = Date.now() + FINISH_MS; ; await sleep(FINISH_EVERY_MS)) {
      try {
        return (await this.statements.one(FINISH_DELIVERY, values)).again;
      } catch (error) {
        if (Date.now() > deadline) throw error;
      }
    }
  }

  private tellGone(tenantId: string, provider: string, event: ContactEvent) {
    return this.contacts
      .tell(tenantId, provider, event)
      .catch((error) => log().error({ provider, err: error }, 'nobody could be told that a recipient is gone'));
  }

  /** `own`: with the operator's settings, whose servers may stand in its own network. */
  transport(provider: string, own = false): Transport {
    return {
      signal: AbortSignal.timeout(config.ATTEMPT_SECONDS * 1000),
      endpoint: config.PROVIDER_ENDPOINTS[provider]?.replace(/\/$/, ''),
      allowPrivate: config.PRIVATE_DESTINATIONS || own,
    };
  }

  /** On what terms an attempt begins. */
  private terms(tenantId: string, attempt: string) {
    return {
      attempt,
      lease: config.ATTEMPT_SECONDS + MARGIN_SECONDS,
      window: config.RECEIPT_WINDOW_SECONDS,
      skip: this.breakers.open(tenantId),
      full: [...(this.bulkheads.get(tenantId) ?? [])].filter(([, { executionSlots }]) => executionSlots === 0).map(([id]) => id),
      reporting: this.providers.reporting,
      prices: config.PRICES,
      budget: config.SEND_BUDGET_DEFAULT,
      fallback: config.SANDBOX ? FALLBACK : null,
      account: isOperated() ? ACCOUNT_PROVIDER : null,
    };
  }

  private async attempt(
    provider: MessageProvider | undefined,
    begun: BegunDelivery,
    { tenantId, id, attempt }: { tenantId: string; id: string; attempt: string },
  ): Promise<Outcome> {
    let to: string | undefined;
    try {
      if (!provider) throw new DeliveryError('configuration', 'unknown_provider');
      const settings = this.settingsOf(provider, tenantId, begun.settings);
      const message = compose(tenantId, id, attempt, provider.id, {
        ...begun,
        operated: begun.settings === null && provider.id === ACCOUNT_PROVIDER,
      });
      to = message.to;
      if (message.channel === 'telegram' && ![message.to.startsWith('+'), 'too'].includes(provider.byPhoneNumber))
        throw new DeliveryError('definite', 'other_kind_of_recipient');
      if (provider.codesOnly && message.code === undefined) throw new DeliveryError('definite', 'codes_only');
      // The bulkhead outside: that we are busy is not the vendor's outage.
      const { providerMessageId } = await this.held(tenantId, provider, () =>
        this.breakers.execute(tenantId, provider.id, begun.country, () =>
          this.call(provider, message, settings, this.transport(provider.id, begun.settings === null)),
        ),
      );
      return { outcome: 'accepted', message_id: providerMessageId };
    } catch (error) {
      const gone = error instanceof DeliveryError && error.details.recipientGone && to !== undefined;
      return { ...this.judge(error as Error, provider?.id), ...(gone && { gone: to! }) };
    }
  }

  private call(provider: MessageProvider, message: OutboundMessage, settings: never, transport: Transport): Promise<Accepted> {
    const ended = sendSeconds(provider.id).startTimer();
    return span(`${provider.id} send`, { kind: 'client' }, () => provider.send(message, settings, transport)).finally(() => ended());
  }

  private judge(error: Error, provider: string | undefined): Outcome {
    if (error instanceof DeliveryError) {
      const { kind, reason, details } = error;
      if (kind === 'configuration')
        log().error({ provider, reason, vendor: details.vendorCode }, "a company's provider settings do not work");
      return { outcome: kind, reason, vendor_code: details.vendorCode, retry_after: details.retryAfter };
    }
    // Ours to hold back: nothing was tried.
    if (error instanceof BrokenCircuitError) return { outcome: 'retryable', reason: 'breaker_open', retry_after: 1, counts: false };
    if (error instanceof BulkheadRejectedError) return { outcome: 'retryable', reason: 'at_capacity', counts: false };
    // Whatever the vendor's library throws may hold the code: its kind is told, its words are not.
    log().error({ provider, kind: error.name }, 'a provider failed in a way it should not');
    return { outcome: 'ambiguous', reason: 'unexpected' };
  }

  /** @throws DeliveryError when they are no longer what the provider takes */
  settingsOf(provider: MessageProvider, tenantId: string, sealed: string | null): never {
    const operated = provider.id === ACCOUNT_PROVIDER ? config.ACCOUNT_SMTP : {};
    const parsed = provider.settings.safeParse(sealed === null ? operated : openSettings(tenantId, provider.id, sealed));
    if (!parsed.success) throw new DeliveryError('configuration', 'invalid_settings');
    return parsed.data as never;
  }

  private async held<T>(tenantId: string, provider: MessageProvider, call: () => Promise<T>): Promise<T> {
    const own = this.bulkheads.get(tenantId) ?? new Map<string, BulkheadPolicy>();
    const most = Math.min(provider.concurrency, Math.ceil(config.DELIVERY_CONCURRENCY / SHARES));
    const held = own.get(provider.id) ?? bulkhead(most);
    this.bulkheads.set(tenantId, own.set(provider.id, held));
    try {
      return await held.execute(call);
    } finally {
      if (held.executionSlots === most) own.delete(provider.id);
      if (own.size === 0) this.bulkheads.delete(tenantId);
    }
  }
}
