import { randomUUID } from 'node:crypto';
import cors from '@fastify/cors';
import helmet from 'helmet';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Socket } from 'node:net';
import { type ErrorDetails, RequestError } from './app-error.js';
import { AppErrorFilter } from './app-error.filter.js';
import { clientAddress } from './client-address.js';
import { config } from './config.js';
import { accessLog } from './logging.js';
import { countRequest } from './metrics/http-metrics.js';
import { RequestContext } from './request-context.js';
import { traceRequests } from './tracing/trace-requests.js';

const BODY_BYTES = 64 * 1024;
/** Vendors' callbacks come in batches, in any type of content, and are signed as bytes. Event Grid sends up to 1 MiB, and drops what is refused as too large. */
const CALLBACKS = '/api/callbacks/';
const CALLBACK_BYTES = 1024 * 1024 + 64 * 1024;
/** Where subscriptions that were made for another system point (apps/api/compat/phone-hooks). */
const EVENTS = /^\/events(\?|$)/;
const isCallback = ({ url }: { url: string }) => url.startsWith(CALLBACKS) || EVENTS.test(url);
/** Swagger UI brings its own scripts and styles. */
const DOCUMENTATION_CSP =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'";
const SAFE_ID = /^[\w.-]{8,64}$/;
/** For answers that are made before any hook runs. */
const BARE_HEADERS = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
};
/** NUL and halves of a surrogate pair: no column can hold them, and UTF-8 would turn every half into the same character. */
const UNSTORABLE = /\0|\p{Cs}/u;
const UTF_8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Fastify as this product serves it. The request id is the client's, if it has the form of one. */
export const httpAdapter = () =>
  new FastifyAdapter({
    bodyLimit: BODY_BYTES,
    trustProxy: config.TRUSTED_PROXIES.length > 0 ? config.TRUSTED_PROXIES : false,
    genReqId: ({ headers }) =>
      typeof headers['x-request-id'] === 'string' && SAFE_ID.test(headers['x-request-id']) ? headers['x-request-id'] : randomUUID(),
    logger: false,
    forceCloseConnections: 'idle',
    // While closing, who is connected is still served, with `connection: close`; nobody new gets in.
    return503OnClosing: false,
    requestTimeout: 30_000,
    keepAliveTimeout: 65_000,
    // Node bounds the request line; a parameter of any length is told by its own schema that it is none.
    routerOptions: { ignoreDuplicateSlashes: false, ignoreTrailingSlash: false, maxParamLength: 16 * 1024 },
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) => {
      for (const [name, value] of Object.entries(BARE_HEADERS)) void reply.header(name, value);
      new AppErrorFilter().answer(error, request, reply.header('x-request-id', request.id));
    },
    clientErrorHandler: refuseConnection,
    onProtoPoisoning: 'remove',
    onConstructorPoisoning: 'remove',
  } as ConstructorParameters<typeof FastifyAdapter>[0]);

/** Helmet's, asked for once: they are the same for every answer, and @fastify/helmet works them out anew for each. */
function securityHeaders(): Record<string, string> {
  const headers: Record<string, string> = {};
  const apply = helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"], baseUri: ["'none'"], formAction: ["'none'"] },
    },
    strictTransportSecurity: config.PUBLIC_URL.startsWith('https:') ? { maxAge: 63_072_000, includeSubDomains: true } : false,
    xFrameOptions: { action: 'deny' },
  });
  const response = { setHeader: (name: string, value: string) => (headers[name.toLowerCase()] = value), removeHeader: () => {} };
  apply({} as never, response as never, () => {});
  return headers;
}

/** Headers, CORS, the request's context, the access log, and one shape for every error. */
export async function hardenHttp(app: NestFastifyApplication): Promise<void> {
  const fastify = app.getHttpAdapter().getInstance();
  const context = app.get(RequestContext);

  const headers = securityHeaders();
  fastify.addHook('onRequest', (_request: FastifyRequest, reply: FastifyReply, done: () => void) => {
    reply.headers(headers);
    done();
  });
  if (config.CORS_ORIGINS.length > 0)
    await app.register(cors as never, {
      origin: config.CORS_ORIGINS.map((origin) => new URL(origin).origin),
      credentials: true,
      methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
      allowedHeaders: [
        'authorization',
        'content-type',
        'x-tenant-id',
        'x-api-key',
        'x-request-id',
        'idempotency-key',
        'x-session-mode',
        'x-csrf-token',
      ],
      exposedHeaders: ['x-request-id', 'retry-after', 'www-authenticate'],
      maxAge: 600,
    });

  // After the body is read: its stream's events would lose the context.
  fastify.addHook('preValidation', (request: FastifyRequest, _reply: FastifyReply, done: (error?: Error) => void) => {
    const errors = [request.params, request.query, Buffer.isBuffer(request.body) ? undefined : request.body].flatMap(unstorableFields);
    if (errors.length > 0)
      return done(RequestError.invalid({ errors, detail: errors.map(({ field, message }) => `${field}: ${message}`).join('; ') }));
    const userAgent = request.headers['user-agent']?.slice(0, 300);
    context.open({ requestId: request.id, ip: clientAddress(request), userAgent }, done);
  });
  if (config.OTEL_EXPORTER_OTLP_ENDPOINT) traceRequests(fastify);
  // A connection that was busy when the process began to stop would otherwise be kept alive for a minute more.
  let closing = false;
  fastify.addHook('preClose', (done: () => void) => {
    closing = true;
    setInterval(() => fastify.server.closeIdleConnections(), 100).unref();
    done();
  });
  fastify.addHook(
    'onSend',
    (request: FastifyRequest, reply: FastifyReply, payload: unknown, done: (error: null, payload: unknown) => void) => {
      void reply.header('x-request-id', request.id);
      if (closing) void reply.header('connection', 'close');
      if (/^\/docs(\/|\?|$)/.test(request.url)) void reply.header('content-security-policy', DOCUMENTATION_CSP);
      if (!reply.hasHeader('cache-control')) void reply.header('cache-control', 'no-store');
      done(null, payload);
    },
  );
  fastify.addHook('onResponse', (request: FastifyRequest, reply: FastifyReply, done: () => void) => {
    const path = request.routeOptions.url ?? '(unknown)';
    if (config.metrics) countRequest(request, reply, path);
    accessLog().info(
      {
        request_id: request.id,
        method: request.method,
        path,
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime * 10) / 10,
        ip: clientAddress(request),
      },
      'request',
    );
    done();
  });
  fastify.addHook('onRoute', (route: { url: string; bodyLimit?: number; config?: object }) => {
    if (!isCallback(route)) return;
    route.bodyLimit = CALLBACK_BYTES;
    // CloudEvents' handshake is an OPTIONS request, and no browser's.
    route.config = { ...route.config, cors: false };
  });
  // JSON in UTF-8 and nothing else; no body at all is fine where a route needs none. Of a name that is there twice, the last counts.
  const parse = fastify.getDefaultJsonParser('remove', 'remove');
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer' },
    (request: FastifyRequest, body: Buffer, done: (error: Error | null, body?: unknown) => void) => {
      if (isCallback(request)) return done(null, body);
      const charset = /charset\s*=\s*"?([^\s;"]+)/i.exec(request.headers['content-type']!)?.[1];
      if (charset && !/^utf-?8$/i.test(charset)) return done(RequestError.unsupportedMedia());
      if (body.length === 0) return done(null, undefined);
      let text: string;
      try {
        text = UTF_8.decode(body);
      } catch {
        return done(RequestError.malformed({ detail: 'The body is not valid UTF-8.' }));
      }
      void parse(request, text, done);
    },
  );
  fastify.addContentTypeParser(
    '*',
    { parseAs: 'buffer' },
    (request: FastifyRequest, body: Buffer, done: (error: Error | null, body?: unknown) => void) =>
      isCallback(request) ? done(null, body) : done(RequestError.unsupportedMedia()),
  );
}

/** Names are shown as far as anybody reads them: what is sent in must not come back many times over. */
const shown = (name: string) => (name.length > 100 ? `${name.slice(0, 100)}…` : name);
const MOST_ERRORS = 10;
const MOST_LEVELS = 32;

function unstorableFields(part: unknown): NonNullable<ErrorDetails['errors']> {
  const errors: { field: string; message: string }[] = [];
  for (const open: [string, unknown, number][] = [['', part, 0]]; open.length > 0 && errors.length < MOST_ERRORS;) {
    const [field, value, level] = open.pop()!;
    if (typeof value === 'string' && UNSTORABLE.test(value)) errors.push({ field, message: 'must not hold NUL or half a character' });
    if (typeof value !== 'object' || value === null) continue;
    if (level === MOST_LEVELS) return [{ field: shown(field), message: `must not be nested deeper than ${MOST_LEVELS} levels` }];
    for (const [name, inner] of Object.entries(value).toReversed()) open.push([shown(field ? `${field}.${name}` : name), inner, level + 1]);
  }
  return errors;
}

/** What Node refuses to read as a request at all, in the same shape as every other problem. */
function refuseConnection(error: NodeJS.ErrnoException, socket: Socket) {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const [status, reason, code, title] =
    error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
      ? [408, 'Request Timeout', 'request.timeout', 'The request took too long to arrive.']
      : error.code === 'HPE_HEADER_OVERFLOW'
        ? [
            431,
            'Request Header Fields Too Large',
            'request.headers_too_large',
            'The address and headers of the request are larger than 16 KiB.',
          ]
        : [400, 'Bad Request', 'request.invalid', 'This is not a request in HTTP.'];
  const id = randomUUID();
  const body = JSON.stringify({ type: `urn:watchword:problem:${code}`, title, status, code, detail: title, instance: '', request_id: id });
  const headers = {
    ...BARE_HEADERS,
    'content-type': 'application/problem+json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    connection: 'close',
    'x-request-id': id,
  };
  socket.end(
    `HTTP/1.1 ${status} ${reason}\r\n${Object.entries(headers)
      .map(([name, value]) => `${name}: ${value}\r\n`)
      .join('')}\r\n${body}`,
  );
}
