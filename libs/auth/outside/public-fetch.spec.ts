import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { publicFetch } from './public-fetch.js';

describe('Fetching from an address that a company wrote down', () => {
  let server: Server;
  let asked: string[];
  beforeEach(async () => {
    asked = [];
    server = createServer((request, response) => {
      asked.push(`${request.method} ${request.url}`);
      if (request.url === '/moved') return response.writeHead(302, { location: '/elsewhere' }).end();
      if (request.url === '/large') return response.end('x'.repeat(600_000));
      if (request.url === '/slow') return undefined;
      if (request.url === '/empty') return response.writeHead(204).end();
      return response.end(request.headers['x-said'] ?? 'hello');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });
  const at = (path: string, host = '127.0.0.1') => `http://${host}:${(server.address() as AddressInfo).port}${path}`;
  const options = { method: 'GET', headers: {}, body: null, redirect: 'manual' as const };

  it.each(['127.0.0.1', 'localhost', '[::ffff:127.0.0.1]', '2130706433', '0x7f.1', '0.0.0.0'])(
    'goes to no address that is not public, such as %s',
    async (host) => {
      await expect(publicFetch(false)(at('/', host), options)).rejects.toThrow('destination_not_allowed');
      expect(asked).toEqual([]);
    },
  );

  it('goes there where the operator lets it', async () => {
    const response = await publicFetch(true)(at('/x?y', 'localhost'), { ...options, headers: { 'x-said': 'so' } });
    expect([response.status, await response.text()]).toEqual([200, 'so']);
    expect((await publicFetch(true)(at('/empty'), options)).status).toBe(204);
  });

  it('follows no redirect, reads no endless answer and waits for none', async () => {
    expect((await publicFetch(true)(at('/moved'), options)).status).toBe(302);
    expect(asked).toEqual(['GET /moved']);
    await expect(publicFetch(true)(at('/large'), options)).rejects.toThrow('too large');
    await expect(publicFetch(true)(at('/slow'), { ...options, signal: AbortSignal.timeout(100) })).rejects.toThrow(/abort/i);
  });
});
