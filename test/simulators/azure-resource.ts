import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Behaviour } from '../../libs/notifications/testing/describe-provider.js';

export interface Answer {
  status: number;
  headers?: Record<string, string>;
  body?: unknown;
}

/** A request whose signature held. */
export interface SignedRequest {
  method: string;
  path: string;
  headers: IncomingMessage['headers'];
  body: string;
}

export const ACCESS_KEY = Buffer.from('an access key of the simulated resource').toString('base64');

const SKEW = 300_000;
const THROTTLED = { status: 429, headers: { 'retry-after': '7' }, body: fault('TooManyRequests') };
const DENIED = { status: 401, body: fault('Denied') };
const BROKEN = { status: 500, body: fault('InternalServerError') };

/** The vendor's form of an error. Its message quotes the request, as the vendor's may: nothing of it must come out of a provider. */
export function fault(code: string, quoted = '') {
  return { error: { code, message: `The request cannot be served. ${quoted}` } };
}

/** A Communication Services resource on the loopback: one key, one api-version, HMAC on every request, scripted answers to messages. */
export abstract class AzureResource {
  readonly violations: string[] = [];
  readonly accepted: { id: string; to: string; text: string; reference?: string | undefined }[] = [];
  protected readonly server: Server = createServer((request, response) => void this.handle(request, response));
  private behaviours: Behaviour[] = [];
  private answers: Answer[] = [];

  protected constructor(private readonly apiVersion: string) {}

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async listen(port = 0): Promise<this> {
    this.server.listen(port, '127.0.0.1');
    await once(this.server, 'listening');
    return this;
  }

  script(...behaviours: Behaviour[]) {
    this.behaviours = behaviours;
  }

  /** Word for word what the next messages (and words to speak) are answered with, whatever they say. */
  answer(...answers: Answer[]) {
    this.answers = answers;
  }

  async stop() {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  /** What is served without a signature. */
  protected open(_path: string): unknown {
    return undefined;
  }

  protected abstract serve(request: SignedRequest): Answer | Promise<Answer>;

  /** Answers a message as scripted: `take` notes it, `refuse` is the vendor's no. */
  protected message(request: SignedRequest, take: () => Answer, refuse: (quoted: string) => Answer): Answer | Promise<Answer> {
    const word = this.word();
    if (word) return word;
    switch (this.behaviours.shift() ?? 'accept') {
      case 'accept':
        return take();
      case 'refuse':
        return refuse(request.body);
      case 'throttle':
        return THROTTLED;
      case 'misconfigured':
        return { ...DENIED, body: fault('Denied', `${ACCESS_KEY} ${request.body}`) };
      case 'error':
        return { ...BROKEN, body: fault('InternalServerError', request.body) };
      case 'hang':
        return new Promise(() => {});
      case 'reset':
        take();
        return { status: 0 };
    }
  }

  protected word(): Answer | undefined {
    return this.answers.shift();
  }

  protected violation(what: string): Answer {
    this.violations.push(what);
    return { status: 400, body: fault('BadRequest', what) };
  }

  private async handle(request: IncomingMessage, response: ServerResponse) {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString('utf8');
    const url = new URL(request.url!, this.url);

    const open = request.method === 'GET' ? this.open(url.pathname) : undefined;
    const answer = open ? { status: 200, body: open } : await this.signed(request, url, body);
    if (answer.status === 0) return request.socket.destroy();
    response.writeHead(answer.status, { ...(answer.body !== undefined && { 'content-type': 'application/json' }), ...answer.headers });
    response.end(answer.body === undefined ? '' : JSON.stringify(answer.body));
  }

  private signed(request: IncomingMessage, url: URL, body: string): Answer | Promise<Answer> {
    const flaw = signatureFlaw(request, body);
    if (flaw) return (this.violations.push(flaw), DENIED);
    if (url.searchParams.get('api-version') !== this.apiVersion) return this.violation(`api-version ${url.search}`);
    return this.serve({ method: request.method!, path: url.pathname, headers: request.headers, body });
  }
}

/** @see https://learn.microsoft.com/azure/communication-services/tutorials/hmac-header-tutorial */
function signatureFlaw({ method, url, headers }: IncomingMessage, body: string): string | undefined {
  const date = String(headers['x-ms-date']);
  const hash = createHash('sha256').update(body).digest('base64');
  if (headers['x-ms-content-sha256'] !== hash) return 'the content hash is not that of the body';
  if (!(Math.abs(Date.now() - Date.parse(date)) < SKEW)) return 'the date is not now';
  const signature = createHmac('sha256', Buffer.from(ACCESS_KEY, 'base64'))
    .update(`${method}\n${url}\n${date};${headers.host};${hash}`)
    .digest('base64');
  const expected = Buffer.from(`HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature=${signature}`);
  const shown = Buffer.from(headers.authorization ?? '');
  return shown.length === expected.length && timingSafeEqual(shown, expected) ? undefined : 'the signature is wrong';
}

/** A second request with the same id is the same request. */
export const repeatable = (id: unknown, firstSent: unknown) =>
  /^[0-9a-f-]{36}$/.test(String(id)) && Math.abs(Date.now() - Date.parse(String(firstSent))) < SKEW;
