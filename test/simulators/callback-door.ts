import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Callback, CallbackRefused, type Received } from '../../libs/notifications/message-provider.js';

/** Our side of a callback without the rest of us: reads a request as the API does, and answers as `receive` says. */
export async function callbackDoor(receive: (callback: Callback) => Promise<Received>) {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const url = new URL(request.url!, address());
      const callback: Callback = {
        method: request.method!,
        headers: request.headers as Record<string, string | undefined>,
        query: Object.fromEntries(url.searchParams),
        rawBody: Buffer.concat(chunks),
        url: `${url.origin}${url.pathname}`,
      };
      try {
        const { events, reply } = await receive(callback);
        received.push({ events, ...(reply && { reply }) });
        response.writeHead(reply?.status ?? 200, {
          ...(reply?.body !== undefined && { 'content-type': 'application/json' }),
          ...reply?.headers,
        });
        response.end(reply?.body === undefined ? '' : JSON.stringify(reply.body));
      } catch (error) {
        response.writeHead(error instanceof CallbackRefused ? 401 : 503).end();
      }
    })();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/callbacks/x/token`;

  return {
    url: address(),
    received,
    events: () => received.flatMap(({ events }) => events),
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
