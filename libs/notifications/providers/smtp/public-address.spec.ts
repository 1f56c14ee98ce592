import { SmtpSimulator } from '../../../../test/simulators/smtp.js';
import { outbound } from '../../testing/describe-provider.js';
import { dial } from './dial.js';
import { isPublic, resolve } from './public-address.js';
import { SmtpProvider } from './smtp.provider.js';

describe('Where a company may send us', () => {
  it.each([
    '127.0.0.1',
    '127.8.8.8',
    '0.0.0.0',
    '10.0.0.1',
    '172.16.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '100.100.100.200',
    '168.63.129.16',
    '192.0.0.192',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::7f00:1',
    'fe80::1',
    'fe80::1%eth0',
    'fc00::1',
    'fd00:ec2::254',
    'ff02::1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::ffff:a9fe:a9fe',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
    '2001:db8::1',
    'nonsense',
  ])('not %s', (address) => {
    expect(isPublic(address)).toBe(false);
  });

  it.each(['8.8.8.8', '1.1.1.1', '2606:4700:4700::1111', '::ffff:8.8.8.8'])('but %s', (address) => {
    expect(isPublic(address)).toBe(true);
  });

  it.each(['localhost', '127.0.0.1', '::1', '2130706433', '0x7f.1', '0177.0.0.1', '127.1', '0'])(
    'not %s, whatever it resolves to',
    async (host) => {
      await expect(resolve(host, false)).rejects.toMatchObject({ kind: 'configuration', reason: /destination_not_allowed|unknown_host/ });
    },
  );

  it('but anywhere the operator allows', async () => {
    expect((await resolve('localhost', true)).length).toBeGreaterThan(0);
  });

  it('says that a name is nobody’s', async () => {
    await expect(resolve('nobody.invalid', true)).rejects.toMatchObject({ name: 'DeliveryError' });
  });

  describe('with a server that listens', () => {
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
      await expect(send(host, {})).rejects.toMatchObject({ kind: 'configuration', reason: 'destination_not_allowed' });
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
});
