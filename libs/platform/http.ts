import { randomUUID } from 'node:crypto';
import cors from '@fastify/cors';
import helmet from '@fastify/helmet';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { clientAddress } from './client-address.js';
import { config } from './config.js';
import { log } from './logging.js';
import { RequestContext } from './request-context.js';

const BODY_BYTES = 64 * 1024;
/** Swagger UI brings its own scripts and styles. */
const DOCUMENTATION_CSP = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'";
const SAFE_ID = /^[\w.-]{8,64}$/;

/** Fastify as this product serves it. The request id is the client's, if it has the form of one. */
export const httpAdapter = () =>
  new FastifyAdapter({
    bodyLimit: BODY_BYTES,
    trustProxy: config.TRUSTED_PROXIES.length > 0 ? config.TRUSTED_PROXIES : false,
    genReqId: ({ headers }) => (typeof headers['x-request-id'] === 'string' && SAFE_ID.test(headers['x-request-id']) ? headers['x-request-id'] : randomUUID()),
    logger: false,
    forceCloseConnections: 'idle',
    requestTimeout: 30_000,
    keepAliveTimeout: 65_000,
    routerOptions: { ignoreDuplicateSlashes: false, ignoreTrailingSlash: false, maxParamLength: 200 },
    onProtoPoisoning: 'remove',
    onConstructorPoisoning: 'remove',
  } as ConstructorParameters<typeof FastifyAdapter>[0]);

/** Headers, CORS, the request's context, the access log, and one shape for every error. */
export async function hardenHttp(app: NestFastifyApplication): Promise<void> {
  const fastify = app.getHttpAdapter().getInstance();
  const context = app.get(RequestContext);

  await app.register(helmet as never, {
    contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"], baseUri: ["'none'"], formAction: ["'none'"] } },
    strictTransportSecurity: config.PUBLIC_URL.startsWith('https:') ? { maxAge: 63_072_000, includeSubDomains: true } : false,
    xFrameOptions: { action: 'deny' },
  });
  await app.register(cors as never, {
    origin: config.CORS_ORIGINS.length > 0 ? config.CORS_ORIGINS.map((origin) => new URL(origin).origin) : false,
    credentials: true,
    allowedHeaders: ['authorization', 'content-type', 'x-tenant-id', 'x-api-key', 'x-request-id', 'idempotency-key'],
    exposedHeaders: ['x-request-id', 'retry-after', 'www-authenticate'],
    maxAge: 600,
  });

  // After the body is read: its stream's events would lose the context.
  fastify.addHook('preValidation', (request: FastifyRequest, _reply: FastifyReply, done: () => void) => {
    const userAgent = request.headers['user-agent']?.slice(0, 300);
    context.open({ requestId: request.id, ip: clientAddress(request), userAgent }, done);
  });
  fastify.addHook('onSend', (request: FastifyRequest, reply: FastifyReply, payload: unknown, done: (error: null, payload: unknown) => void) => {
    void reply.header('x-request-id', request.id);
    if (request.url.startsWith('/docs')) void reply.header('content-security-policy', DOCUMENTATION_CSP);
    if (!reply.hasHeader('cache-control')) void reply.header('cache-control', 'no-store');
    done(null, payload);
  });
  fastify.addHook('onResponse', (request: FastifyRequest, reply: FastifyReply, done: () => void) => {
    log().info(
      { request_id: request.id, method: request.method, path: request.routeOptions.url ?? '(unknown)', status: reply.statusCode, ms: Math.round(reply.elapsedTime * 10) / 10, ip: clientAddress(request) },
      'request',
    );
    done();
  });
  // JSON and nothing else; no body at all is fine where a route needs none.
  const parse = fastify.getDefaultJsonParser('remove', 'remove');
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('application/json', { parseAs: 'string' }, (request: FastifyRequest, body: string, done: (error: Error | null, body?: unknown) => void) =>
    body === '' ? done(null, undefined) : parse(request, body, done),
  );
}
