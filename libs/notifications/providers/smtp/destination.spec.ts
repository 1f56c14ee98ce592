import { SmtpSimulator } from '../../../../test/simulators/smtp.js';
import { outbound } from '../../testing/describe-provider.js';
import { dial } from './dial.js';
import { SmtpProvider } from './smtp.provider.js';

describe('A mail server that a company names', () => {
  const provider = new SmtpProvider();
  let server: SmtpSimulator;
  beforeAll(async () => void (server = await SmtpSimulator.start()));
  afterAll(() => server.stop());

  const settings = (host: string) =>
    provider.settings.parse({
      host,
      port: Number(new URL(server.url).port),
      user: server.user,
      password: server.password,
      from: 'no-reply@acme.example',
      ca: server.ca,
    });
  const send = (host: string, change: object) =>
    provider.send(outbound('email', 'ada@example.test'), settings(host), {
      allowPrivate: false,
      signal: AbortSignal.timeout(5_000),
      ...change,
    });

  it.each(['127.0.0.1', 'localhost', '127.1', '2130706433'])('does not connect to %s by a company’s settings', async (host) => {
    await expect(send(host, {})).rejects.toMatchObject({
      kind: 'configuration',
      reason: /^(destination_not_allowed|unknown_host)$/,
    });
    expect(server.accepted).toEqual([]);
  });

  it('keeps the name for the certificate while it goes to the address it checked', async () => {
    await send('localhost', { allowPrivate: true });
    expect(server.accepted).toHaveLength(1);
    // The same machine by a name that its certificate does not hold.
    await expect(send('127.1', { allowPrivate: true })).rejects.toMatchObject({ kind: 'configuration', reason: 'untrusted_server' });
    expect(server.accepted).toHaveLength(1);
  });

  it('does not look a name up again once it was checked', async () => {
    const port = Number(new URL(server.url).port);
    const socket = await dial('name-that-nobody-has.invalid', port, [{ address: '127.0.0.1', family: 4 }], AbortSignal.timeout(5_000));
    expect(socket.remoteAddress).toBe('127.0.0.1');
    socket.destroy();
  });

  it('goes to the operator’s endpoint whatever the company named', async () => {
    await send('mail.acme.example', { endpoint: server.url });
    expect(server.accepted).toHaveLength(2);
  });
});
