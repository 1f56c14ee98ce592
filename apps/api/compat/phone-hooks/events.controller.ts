import { All, Controller, Query, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CallbacksService, NotificationError, takeCallback, tenantOfCallback } from '@app/notifications';
import { Public, Unlimited } from '@app/platform';
import { FailsWithDetail } from '../error-shapes.js';

/** Whose events came in here. */
const PROVIDERS = ['azure-sms', 'azure-voice'];

/**
 * One address for every event of Azure's. It names no company, so `?token=` does: the last part of the callback_url of the company's azure-sms
 * or azure-voice, a secret for either of them. From there on an event is taken in as at that address, with the proofs that it asks for
 * (event_grid_key, Azure's signature); without the token nothing is taken in, and no handshake answered.
 */
@ApiExcludeController()
@Controller('events')
@Unlimited(true)
export class EventsController {
  constructor(private readonly callbacks: CallbacksService) {}

  @All()
  @Public()
  @FailsWithDetail()
  async receive(@Query() query: Record<string, unknown>, @Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    const { token, ...rest } = query;
    const provider = typeof token === 'string' ? PROVIDERS.find((id) => tenantOfCallback(id, token)) : undefined;
    if (!provider) throw NotificationError.callbackRefused();
    const { status = 200, headers = {}, body } = await takeCallback(this.callbacks, provider, String(token), request, rest);
    return reply
      .status(status)
      .headers(headers)
      .header('content-type', 'application/json; charset=utf-8')
      .send(JSON.stringify(body ?? { status: 'received' }));
  }
}
