import { All, Controller, Param, Query, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AppError, log, Public, ServerError, Unlimited } from '@app/platform';
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
    @Query() query: Record<string, string>,
    @Req() { method, headers, body }: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const callback = {
      method,
      headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value])),
      // A name that is there twice is nobody's: no vendor sends it.
      query: Object.fromEntries(Object.entries(query).filter(([, value]) => typeof value === 'string')),
      rawBody: Buffer.isBuffer(body) ? body : Buffer.alloc(0),
    };
    const answer = await this.callbacks.handle(provider, token, callback).catch((error: unknown) => {
      if (error instanceof AppError) throw error;
      // Some vendors never try again after a 4xx: what is ours to mend is a 503, always.
      log().error(
        { provider, kind: (error as Error).name, reason: (error as { code?: unknown }).code },
        'a callback could not be taken in',
      );
      throw ServerError.busy({ retryAfter: 5 });
    });
    const { status = 200, headers: answered = {}, body: text } = answer;
    void reply.status(status).headers(answered);
    return text === undefined ? reply.send() : reply.header('content-type', 'application/json; charset=utf-8').send(JSON.stringify(text));
  }
}
