import { MikroOrmModule } from '@mikro-orm/nestjs';
import { Module } from '@nestjs/common';
import { AuditModule } from '@app/audit';
import { config } from '@app/platform';
import { TenantsModule } from '@app/tenants';
import { Breakers } from './breakers.js';
import { BullQueue } from './bull-queue.js';
import { CallbacksController } from './callbacks/callbacks.controller.js';
import { CallbacksService } from './callbacks/callbacks.service.js';
import { Contacts } from './callbacks/contacts.js';
import { ChannelSettings } from './channel-settings.entity.js';
import { ChannelDirectory } from './channels/channel-directory.js';
import { ChannelsController } from './channels/channels.controller.js';
import { ChannelsService } from './channels/channels.service.js';
import { Delivery, DeliveryAttempt, DeliveryReceipt } from './delivery.entity.js';
import { DeliveryQueue } from './delivery-queue.js';
import { DeliveryService } from './delivery.service.js';
import { DueDepth } from './due-depth.js';
import { DueRelay } from './due-relay.js';
import { DueSignal } from './due-signal.js';
import { InProcessQueue } from './in-process-queue.js';
import type { MessageProvider } from './message-provider.js';
import { MessageReader } from './messages/message-reader.js';
import { MessagesController } from './messages/messages.controller.js';
import { MessagesService } from './messages/messages.service.js';
import { SentMessages } from './messages/sent-messages.js';
import { FALLBACK, ProviderRegistry } from './provider-registry.js';
import { MESSAGE_PROVIDERS } from './providers/index.js';
import { MessageTemplate } from './templates/message-template.entity.js';
import { TemplatesController } from './templates/templates.controller.js';
import { TemplatesService } from './templates/templates.service.js';
import { WebhooksModule, WebhooksWorkerModule } from './webhooks/webhooks.module.js';

/** Providers, and how one message is sent: what requests and workers share. */
@Module({
  providers: [
    ...MESSAGE_PROVIDERS,
    {
      provide: ProviderRegistry,
      inject: [...MESSAGE_PROVIDERS],
      // The sandbox delivers to nobody: outside laptops and tests no company can choose it.
      useFactory: (...providers: MessageProvider[]) =>
        new ProviderRegistry(providers.filter(({ id }) => config.SANDBOX || id !== FALLBACK)),
    },
    Breakers,
    Contacts,
    DeliveryService,
    DueDepth,
    DueSignal,
  ],
  exports: [...MESSAGE_PROVIDERS, ProviderRegistry, Breakers, Contacts, DeliveryService, DueSignal],
})
export class DeliveryModule {}

/** For processes that serve requests. */
@Module({
  imports: [
    MikroOrmModule.forFeature([MessageTemplate, ChannelSettings, Delivery, DeliveryAttempt, DeliveryReceipt]),
    AuditModule,
    TenantsModule,
    DeliveryModule,
    WebhooksModule,
  ],
  controllers: [TemplatesController, ChannelsController, MessagesController, CallbacksController],
  providers: [TemplatesService, ChannelsService, ChannelDirectory, MessagesService, MessageReader, SentMessages, CallbacksService],
  exports: [TemplatesService, ChannelDirectory, MessagesService, SentMessages, CallbacksService, DeliveryModule],
})
export class NotificationsModule {}

/** For processes that deliver. */
@Module({
  imports: [DeliveryModule, WebhooksWorkerModule],
  providers: [
    DueRelay,
    { provide: DeliveryQueue, useFactory: () => (config.REDIS_URL ? new BullQueue(config.REDIS_URL) : new InProcessQueue()) },
  ],
  exports: [DueRelay],
})
export class DeliveryWorkerModule {}
