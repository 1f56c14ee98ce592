import { Injectable } from '@nestjs/common';
import { HotStatements, log, RequestContext, signTenant, Traced } from '@app/platform';
import { callbackUrl, tenantOfCallback } from '../callback-address.js';
import { ChannelSettings } from '../channel-settings.entity.js';
import { DELIVERY_OF_ATTEMPT, PUT_RECEIPT, RECEIPT_HANDLED } from '../delivery.entity.js';
import { callbacksRefused, madeAt, receipts, receiptSeconds } from '../delivery-metrics.js';
import { DeliveryService } from '../delivery.service.js';
import { DueSignal } from '../due-signal.js';
import { type Callback, CallbackRefused, type MessageProvider, type ProviderEvent, type Received } from '../message-provider.js';
import { compose } from '../message-composer.js';
import { NotificationError } from '../notifications.errors.js';
import { ProviderRegistry } from '../provider-registry.js';
import { Contacts } from './contacts.js';

/** Vendors' callbacks: proven first, then each event once, in whatever order they come. Nothing unproven changes anything. */
@Injectable()
export class CallbacksService {
  constructor(
    private readonly statements: HotStatements,
    private readonly context: RequestContext,
    private readonly providers: ProviderRegistry,
    private readonly deliveries: DeliveryService,
    private readonly contacts: Contacts,
    private readonly signal: DueSignal,
  ) {}

  /** @throws notifications.callback_refused; anything else is our own fault and worth the vendor's trying again */
  @Traced('callback.handle')
  async handle(providerId: string, token: string, request: Omit<Callback, 'url'>): Promise<NonNullable<Received['reply']>> {
    const provider = this.providers.find(providerId);
    const tenantId = tenantOfCallback(providerId, token);
    if (!provider?.receive || !tenantId) throw refused(provider?.id);
    return this.context.runAs(tenantId, async () => {
      const settings = await this.settings(provider, tenantId);
      const callback = { ...request, url: callbackUrl(providerId, tenantId) };
      const { events, reply = {} } = await provider.receive!(callback, settings, this.deliveries.transport(providerId)).catch((error) => {
        if (!(error instanceof CallbackRefused)) throw error;
        log().warn({ provider: providerId, company: tenantId }, 'a callback that is not authentic was refused');
        throw refused(provider.id);
      });
      for (const event of events) await this.take(provider, tenantId, event, settings);
      return reply;
    });
  }

  private async take(provider: MessageProvider, tenantId: string, event: ProviderEvent, settings: never) {
    if (event.type !== 'receipt') return this.contacts.tell(tenantId, provider.id, event);
    const tenant = signTenant(tenantId);
    const { fresh, first, attempt_id } = await this.statements.one(PUT_RECEIPT, [
      tenant,
      provider.id,
      {
        event_id: event.eventId,
        attempt_id: event.attemptId ?? null,
        message_id: event.providerMessageId ?? null,
        outcome: event.outcome,
        reason: event.reason ?? null,
        at: event.at,
      },
    ]);
    if (first) count(provider.id, event.outcome, attempt_id);
    if (!fresh) return;
    if (event.outcome === 'failed') this.signal.wake(); // the next provider's turn
    if (!provider.react) return;
    let isHandled = false;
    try {
      const [content] = attempt_id ? await this.statements.run(DELIVERY_OF_ATTEMPT, [tenant, attempt_id]) : [];
      const message = content && compose(tenantId, content.delivery_id, attempt_id!, provider.id, content);
      await provider.react(event, message, settings, this.deliveries.transport(provider.id));
      isHandled = true;
    } finally {
      await this.statements.run(RECEIPT_HANDLED, [tenant, provider.id, event.eventId, isHandled]);
    }
  }

  /** A company that has not set this vendor up hears nothing from it. */
  private async settings(provider: MessageProvider, tenantId: string): Promise<never> {
    const row = await this.context.transaction((em) => em.findOne(ChannelSettings, { provider: provider.id }));
    if (!row) throw refused(provider.id);
    return this.deliveries.settingsOf(provider, tenantId, row.settings);
  }
}

const refused = (provider = 'unknown') => {
  callbacksRefused(provider).inc();
  return NotificationError.callbackRefused();
};

function count(provider: string, outcome: string, attemptId: string | null) {
  receipts(provider, outcome).inc();
  if (attemptId && outcome !== 'progress') receiptSeconds(provider).observe(Math.max(0, (Date.now() - madeAt(attemptId)) / 1000));
}
