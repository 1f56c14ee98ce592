import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { callWebhook, post } from './webhook-call.js';

describe('A call of a webhook', () => {
  let server: Server;
  let answer: RequestListener;
  let url: string;
  const seen: string[] = [];
  beforeAll(async () => {
    server = createServer((request, response) => {
      seen.push(`${request.headers.host} ${request.url}`);
      answer(request, response);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  });
  beforeEach(() => {
    seen.length = 0;
    answer = (_, response) => void response.end();
  });
  afterAll(() => server.close());

  const terms = (change: object = {}) => ({ signal: AbortSignal.timeout(2_000), allowPrivate: true, encrypted: false, ...change });
  const call = (address: string, change: object = {}) => callWebhook(address, {}, '{}', terms(change));

  it('goes to the address that was checked, whatever the name means by now', async () => {
    const at = new URL(url.replace('127.0.0.1', 'name-that-nobody-has.invalid'));
    expect(await post(at, [{ address: '127.0.0.1', family: 4 }], {}, '{}', AbortSignal.timeout(2_000))).toMatchObject({ status: 200 });
    expect(seen).toEqual([`${at.host} /`]);
  });

  it.each(['127.0.0.1', 'localhost', '127.1', '2130706433', '0x7f.1', '[::1]', '[::ffff:127.0.0.1]'])(
    'does not go to %s unless the operator allows it',
    async (host) => {
      expect(await call(url.replace('127.0.0.1', host), { allowPrivate: false })).toEqual({ reason: 'destination_not_allowed' });
      expect(seen).toEqual([]);
    },
  );

  it('is not made without encryption where that is demanded', async () => {
    expect(await call(url, { encrypted: true })).toEqual({ reason: 'unencrypted' });
    expect(seen).toEqual([]);
  });

  it('follows no redirect', async () => {
    answer = (_, response) => void response.writeHead(307, { location: `${url}elsewhere` }).end();
    expect(await call(url)).toEqual({ status: 307 });
    expect(seen).toEqual([expect.stringMatching(/ \/$/)]);
  });

  it('has the status at once, however long the rest of the answer is', async () => {
    answer = (_, response) => void response.writeHead(202).write('x');
    const began = performance.now();
    expect(await call(url)).toEqual({ status: 202 });
    expect(performance.now() - began).toBeLessThan(1_500);
  });

  it.each<[string, RequestListener, string]>([
    ['hangs', () => undefined, 'timeout'],
    ['hangs up', (_, response) => void response.destroy(), 'connection_lost'],
    ['speaks another language', ({ socket }) => void socket.end('220 mail.acme.example ESMTP\r\n'), 'connection_lost'],
  ])('says so when the other side %s', async (_, listener, reason) => {
    answer = listener;
    expect(await call(url, { signal: AbortSignal.timeout(300) })).toEqual({ reason });
  });

  it('says so when nobody is there', async () => {
    expect(await call('http://127.0.0.1:1/')).toEqual({ reason: 'unreachable' });
    expect(await call('http://nobody.invalid/')).toEqual({ reason: expect.stringMatching(/^(unknown_host|unreachable)$/) });
    expect(await call(url.replace('http:', 'https:'))).toEqual({ reason: 'untrusted_server' });
  });
});
