import { All, Controller, Param, Query, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Public, Unlimited } from '@app/platform';
import { takeCallback } from './callback-request.js';
import { CallbacksService } from './callbacks.service.js';

/** Where vendors call: proven by the address, which names the company and cannot be guessed, and by the vendor's own signature. */
@ApiExcludeController()
@Controller('api/callbacks')
@Unlimited(true)
export class CallbacksController {
  constructor(private readonly callbacks: CallbacksService) {}

  @All(':provider/:token')
  @Public()
  async receive(
    @Param('provider') provider: string,
    @Param('token') token: string,
    @Query() query: Record<string, unknown>,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const { status = 200, headers = {}, body } = await takeCallback(this.callbacks, provider, token, request, query);
    void reply.status(status).headers(headers);
    return body === undefined ? reply.send() : reply.header('content-type', 'application/json; charset=utf-8').send(JSON.stringify(body));
  }
}
