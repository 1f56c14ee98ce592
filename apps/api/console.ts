import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import serveFiles from '@fastify/static';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';

const BUILT = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'console');
/** What is the API's own: no page of the console stands below. */
const NOT_PAGES = /^\/(api|dev|docs|health|metrics|assets|\.well-known)(\/|$)|^\/openapi\.json$/;
const A_YEAR = 31_536_000;

/** No script but the files of the build, no style but them and what carries the nonce, no request but to this origin. */
const policy = (nonce: string) =>
  [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data:",
    "connect-src 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join('; ');

/** The web console, where it was built: its files under /assets, and its one page for whatever a browser opens that is no route of the API. */
export async function serveConsole(app: NestFastifyApplication): Promise<void> {
  if (!existsSync(join(BUILT, 'index.html'))) return;
  const page = readFileSync(join(BUILT, 'index.html'), 'utf8');
  const fastify = app.getHttpAdapter().getInstance();
  await app.register(serveFiles as never, {
    root: join(BUILT, 'assets'),
    prefix: '/assets/',
    // Their names change with their content.
    maxAge: A_YEAR * 1000,
    immutable: true,
    preCompressed: true,
    decorateReply: true,
  });
  const icon = readFileSync(join(BUILT, 'favicon.svg'));
  fastify.get('/favicon.svg', (_request: FastifyRequest, reply: FastifyReply) =>
    reply.header('cache-control', 'public, max-age=86400').type('image/svg+xml').send(icon),
  );
  fastify.get('/*', (request: FastifyRequest, reply: FastifyReply) => {
    const path = request.url.split('?')[0]!;
    if (NOT_PAGES.test(path) || !request.headers.accept?.includes('text/html')) return reply.callNotFound();
    const nonce = randomBytes(18).toString('base64');
    return reply
      .header('content-security-policy', policy(nonce))
      .header('cache-control', 'no-store')
      .type('text/html; charset=utf-8')
      .send(page.replace('%NONCE%', nonce));
  });
}
