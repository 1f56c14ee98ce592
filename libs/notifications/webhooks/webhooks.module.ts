import { MikroOrmModule } from '@mikro-orm/nestjs';
import { Module } from '@nestjs/common';
import { AuditModule } from '@app/audit';
import { WebhookDelivery, WebhookEndpoint } from './webhook.entity.js';
import { WebhookDeliveries } from './webhook-deliveries.js';
import { WebhookDepth } from './webhook-depth.js';
import { WebhookRelay } from './webhook-relay.js';
import { WebhookSender } from './webhook-sender.js';
import { WebhooksController } from './webhooks.controller.js';
import { WebhooksService } from './webhooks.service.js';

/** For processes that serve requests. */
@Module({
  imports: [MikroOrmModule.forFeature([WebhookEndpoint, WebhookDelivery]), AuditModule],
  controllers: [WebhooksController],
  providers: [WebhooksService, WebhookDeliveries, WebhookDepth],
})
export class WebhooksModule {}

/** For processes that send. */
@Module({ providers: [WebhookRelay, WebhookSender, WebhookDepth] })
export class WebhooksWorkerModule {}
