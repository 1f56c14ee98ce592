import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiNoContentResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { pageQuery, ProvenJustNow, Returns, Roles } from '@app/platform';
import { WebhookDeliveries } from './webhook-deliveries.js';
import * as contract from './webhooks.contract.js';
import { WebhooksService } from './webhooks.service.js';

const uuid = z.uuid();

@ApiTags('Webhooks')
@ApiBearerAuth()
@Controller('api/company/webhooks')
@Roles('admin')
export class WebhooksController {
  constructor(
    private readonly webhooks: WebhooksService,
    private readonly deliveries: WebhookDeliveries,
  ) {}

  @Get()
  @ApiOperation({ summary: 'Where my company is told of its events, newest first', operationId: 'listWebhooks' })
  @Returns(contract.webhookPage)
  list(@Query({ schema: pageQuery }) { limit, cursor }: z.output<typeof pageQuery>) {
    return this.webhooks.list(limit, cursor);
  }

  @Post()
  @ProvenJustNow('any_factor')
  @ApiOperation({ summary: 'Be told of events at an address; its signing secret is shown this once', operationId: 'createWebhook' })
  @Returns(contract.webhookWithSecret, 201)
  create(@Body({ schema: contract.createWebhook }) request: contract.CreateWebhook) {
    return this.webhooks.create(request);
  }

  @Get(':id')
  @ApiOperation({ summary: 'One webhook', operationId: 'getWebhook' })
  @Returns(contract.webhook)
  get(@Param('id', { schema: uuid }) id: string) {
    return this.webhooks.get(id);
  }

  @Patch(':id')
  @ProvenJustNow('any_factor')
  @ApiOperation({ summary: 'Change a webhook; enabling it forgives its failures', operationId: 'updateWebhook' })
  @Returns(contract.webhook)
  update(@Param('id', { schema: uuid }) id: string, @Body({ schema: contract.updateWebhook }) change: contract.UpdateWebhook) {
    return this.webhooks.update(id, change);
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ summary: 'Be told there no longer', operationId: 'removeWebhook' })
  @ApiNoContentResponse({ description: 'Removed; what had not been delivered is not' })
  remove(@Param('id', { schema: uuid }) id: string) {
    return this.webhooks.remove(id);
  }

  @Post(':id/rotate-secret')
  @ProvenJustNow('any_factor')
  @ApiOperation({
    summary: 'A new signing secret, shown this once; the one before signs beside it for 24 hours',
    operationId: 'rotateWebhookSecret',
  })
  @Returns(contract.webhookWithSecret)
  rotate(@Param('id', { schema: uuid }) id: string) {
    return this.webhooks.rotateSecret(id);
  }

  @Post(':id/test')
  @ApiOperation({ summary: 'Send it the event webhook.test: how that ended stands among its deliveries', operationId: 'testWebhook' })
  @Returns(contract.queuedDelivery, 202)
  test(@Param('id', { schema: uuid }) id: string) {
    return this.deliveries.test(id);
  }

  @Get(':id/deliveries')
  @ApiOperation({
    summary: 'What was sent there in the last 30 days and what came of it, newest first',
    operationId: 'getWebhookDeliveries',
  })
  @Returns(contract.deliveryPage)
  deliveriesOf(@Param('id', { schema: uuid }) id: string, @Query({ schema: contract.deliveriesQuery }) query: contract.DeliveriesQuery) {
    return this.deliveries.list(id, query);
  }

  @Post(':id/deliveries/:delivery_id/replay')
  @ApiOperation({ summary: 'Send an event once more, with the same webhook-id', operationId: 'replayWebhookDelivery' })
  @Returns(contract.queuedDelivery, 202)
  replay(@Param('id', { schema: uuid }) id: string, @Param('delivery_id', { schema: uuid }) deliveryId: string) {
    return this.deliveries.replay(id, deliveryId);
  }
}
