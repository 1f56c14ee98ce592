import { randomBytes } from 'node:crypto';
import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { parseCookie, stringifySetCookie } from 'cookie';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { map, type Observable } from 'rxjs';
import { config, mac, sameBytes } from '@app/platform';
import type { TokenResponse } from '../auth.contract.js';
import { AuthError } from '../auth.errors.js';
import { Tokens } from '../tokens.js';

/** A browser that wants its refresh token where no script can read it says so with every request that may bring one. */
export const MODE_HEADER = 'x-session-mode';
const REFRESH = '__Host-watchword-refresh';
const CSRF = '__Host-watchword-csrf';
/** Of a device that somebody wanted remembered: as much worth as a second factor, so no script reads it either. */
const DEVICE = '__Host-watchword-device';
/** The most that a policy gives a device; the token knows its own end. */
const DEVICE_SECONDS = 90 * 86_400;
const CSRF_HEADER = 'x-csrf-token';

type Headers = Record<string, string | string[] | undefined>;

const cookiesOf = ({ headers }: { headers: Headers }) => parseCookie(typeof headers.cookie === 'string' ? headers.cookie : '');
const wantsCookies = ({ headers }: { headers: Headers }) => headers[MODE_HEADER] === 'cookie';

const csrfMac = (sessionId: string, random: string) => mac('csrf', sessionId, '|', random).toString('base64url');
/** OWASP's signed double submit: random bits, and a MAC of them and the session. */
const newCsrf = (sessionId: string) => {
  const random = randomBytes(16).toString('base64url');
  return `${random}.${csrfMac(sessionId, random)}`;
};
const isCsrfOf = (sessionId: string, token: string) => {
  const [random = '', proof = ''] = token.split('.');
  return sameBytes(Buffer.from(csrfMac(sessionId, random)), Buffer.from(proof));
};

const set = (name: string, value: string, httpOnly: boolean, maxAge: number) =>
  stringifySetCookie({ name, value, httpOnly, maxAge, secure: true, sameSite: 'strict', path: '/' });

/** Our own pages, and those the operator lets in. */
const origins = () => [config.PUBLIC_URL, ...config.CORS_ORIGINS].map((url) => new URL(url).origin);

/** Fetch Metadata where the browser sends it, and Origin where that does not settle it; a request that says neither is refused. */
function comesFromOurPages({ headers }: { headers: Headers }): boolean {
  if (headers['sec-fetch-site'] === 'same-origin') return true;
  return typeof headers.origin === 'string' && origins().includes(headers.origin);
}

/** Requests that came by the cookie: what follows it goes into the cookie again, whether they ask for that or not. */
const byCookie = new WeakSet<object>();

const FOREIGN = 'The request does not come from our own pages: it needs Sec-Fetch-Site: same-origin, or an Origin of ours.';
const NO_CSRF = 'X-CSRF-Token is missing: send the csrf_token of the last answer.';
const WRONG_CSRF = 'X-CSRF-Token is wrong: send the csrf_token of the last answer, with the cookies of that answer.';

/** The refresh token of a browser, once the request has shown that a page of ours sends it. @throws auth.cross_site_request */
export function refreshTokenOf(request: FastifyRequest, tokens: Tokens): string | undefined {
  const { [REFRESH]: token, [CSRF]: kept } = cookiesOf(request);
  if (token === undefined) return undefined;
  const shown = request.headers[CSRF_HEADER];
  const session = tokens.readRefreshToken(token);
  if (!comesFromOurPages(request)) throw AuthError.crossSiteRequest({ detail: FOREIGN });
  if (typeof shown !== 'string' || shown === '') throw AuthError.crossSiteRequest({ detail: NO_CSRF });
  const right = kept === shown && session !== undefined && isCsrfOf(session.sessionId, shown);
  if (!right) throw AuthError.crossSiteRequest({ detail: WRONG_CSRF });
  byCookie.add(request);
  return token;
}

/** Puts the refresh token of an answer into a cookie, for browsers that asked for it; and takes it out when they leave. */
@Injectable()
export class CookieMode implements NestInterceptor {
  constructor(private readonly tokens: Tokens) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    const [request, reply] = [http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>()];
    const goesIntoCookie = () => wantsCookies(request) || byCookie.has(request);
    return next.handle().pipe(map((answer: Partial<TokenResponse> | undefined) => (goesIntoCookie() ? this.kept(answer, reply) : answer)));
  }

  private kept(answer: Partial<TokenResponse> | undefined, reply: FastifyReply) {
    const session = answer?.refresh_token ? this.tokens.readRefreshToken(answer.refresh_token) : undefined;
    if (!session) return answer;
    const csrf = newCsrf(session.sessionId);
    const device = answer!.device_token;
    void reply.header('set-cookie', [
      set(REFRESH, answer!.refresh_token!, true, config.SESSION_SECONDS),
      set(CSRF, csrf, false, config.SESSION_SECONDS),
      ...(device ? [set(DEVICE, device, true, DEVICE_SECONDS)] : []),
    ]);
    return { ...answer, refresh_token: '', csrf_token: csrf, ...(device && { device_token: '' }) };
  }
}

/** What a browser in cookie mode shows as a remembered device. */
export const deviceTokenOf = (request: FastifyRequest): string | undefined =>
  wantsCookies(request) ? cookiesOf(request)[DEVICE] : undefined;

/** Of a browser that signs out. */
export function forgetCookies(request: FastifyRequest, reply: FastifyReply): void {
  if (cookiesOf(request)[REFRESH] === undefined) return;
  void reply.header('set-cookie', [set(REFRESH, '', true, 0), set(CSRF, '', false, 0)]);
}
