import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type OpenSpan, tracing } from './tracing.js';

/** Asked every few seconds by machines: nobody looks for a trace of them. */
const PROBES = /^\/(health\/|metrics$)/;

/** Every request as a span, which goes on the trace that its traceparent names. Called only where traces are wanted. */
export function traceRequests(fastify: FastifyInstance): void {
  const open = new WeakMap<FastifyRequest, OpenSpan>();

  // After the body is read: its stream's events would lose the context.
  fastify.addHook('preValidation', (request: FastifyRequest, reply: FastifyReply, done: () => void) => {
    const { method, headers, routeOptions } = request;
    const route = routeOptions.url ?? '(unknown)';
    const parent = headers['traceparent'];
    const span = PROBES.test(route)
      ? undefined
      : tracing()?.open(`${method} ${route}`, {
          parent: typeof parent === 'string' ? parent : undefined,
          attributes: { 'http.request.method': method, 'http.route': route },
          startTime: Date.now() - reply.elapsedTime,
        });
    if (!span) return done();
    open.set(request, span);
    span.within(done);
  });
  fastify.addHook('onResponse', (request: FastifyRequest, { statusCode }: FastifyReply, done: () => void) => {
    open.get(request)?.end({ 'http.response.status_code': statusCode }, statusCode >= 500);
    done();
  });
}
