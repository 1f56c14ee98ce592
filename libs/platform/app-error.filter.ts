import { type ArgumentsHost, Catch, type ExceptionFilter, Logger } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { UNFORESEEN } from './app-error.js';
import { errorShapeOf, type Problem } from './error-shape.js';
import { asAppError, STATUS } from './problem.js';

/** The only place where an error becomes HTTP. Whatever was thrown, the client reads one shape (RFC 9457), but where a route has another system's. */
@Catch()
export class AppErrorFilter implements ExceptionFilter {
  private readonly logger = new Logger('Errors');

  catch(error: unknown, host: ArgumentsHost) {
    const http = host.switchToHttp();
    this.answer(error, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
  }

  answer(error: unknown, request: FastifyRequest, reply: FastifyReply) {
    const failure = asAppError(error);
    const status = failure ? STATUS[failure.kind] : 500;
    if (!failure) this.logger.error({ err: error, requestId: request.id }, 'unexpected failure');
    const { detail, errors, retryAfter, refusedToken, stepUp } = failure?.details ?? {};
    const title = failure?.message ?? 'Something went wrong on our side.';
    const code = failure?.code ?? UNFORESEEN;
    if (reply.sent) return;
    if (status === 401) void reply.header('www-authenticate', refusedToken ? 'Bearer error="invalid_token"' : 'Bearer');
    if (stepUp) void reply.header('www-authenticate', challengeOf(stepUp));
    if (status === 429 || status === 503) void reply.header('retry-after', String(retryAfter ?? reply.getHeader('retry-after') ?? 1));
    const problem: Problem = {
      type: `urn:watchword:problem:${code}`,
      title,
      status,
      code,
      detail: detail ?? title,
      instance: request.url.split('?')[0]!,
      request_id: String(request.id),
      ...(errors && { errors }),
    };
    const shaped = errorShapeOf(request)?.(problem);
    void reply
      .status(shaped?.status ?? status)
      .header('content-type', `application/${shaped ? 'json' : 'problem+json'}; charset=utf-8`)
      .header('cache-control', 'no-store')
      .send(JSON.stringify(shaped?.body ?? problem));
  }
}

const challengeOf = ({ acr, maxAge }: { acr?: string; maxAge?: number }) =>
  [
    'Bearer error="insufficient_user_authentication"',
    ...(acr === undefined ? [] : [`acr_values="${acr}"`]),
    ...(maxAge === undefined ? [] : [`max_age="${maxAge}"`]),
  ].join(', ');
