import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Received {
  path: string;
  headers: IncomingHttpHeaders;
  /** As it came over the line. */
  body: Buffer;
  at: number;
}

/** A status, with the seconds to wait or without; or nothing at all; or a redirect to another path of this server. */
type Script = number | { status: number; retryAfter: string } | 'hang' | 'redirect';

/** Somebody's endpoint on loopback: one server, a path for each test. */
export class WebhookReceiver {
  readonly received: Received[] = [];
  private readonly scripts = new Map<string, Script[]>();
  private readonly hanging: ServerResponse[] = [];
  private readonly server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const path = request.url!;
    this.received.push({ path, headers: request.headers, body: Buffer.concat(chunks), at: Date.now() });
    const scripted = this.scripts.get(path) ?? [];
    const script = (scripted.length > 1 ? scripted.shift() : scripted[0]) ?? 204;
    if (script === 'hang') return void this.hanging.push(response);
    if (script === 'redirect') return void response.writeHead(307, { location: `${this.url}/elsewhere` }).end();
    if (typeof script === 'object') return void response.writeHead(script.status, { 'retry-after': script.retryAfter }).end();
    response.writeHead(script).end();
  });
  url = '';

  async start(): Promise<this> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    this.url = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
    return this;
  }

  async stop() {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  /** How a path answers, call by call; the last goes on. */
  answers(path: string, ...scripts: Script[]) {
    this.scripts.set(path, scripts);
  }

  at = (path: string) => this.received.filter((one) => one.path === path);
}
