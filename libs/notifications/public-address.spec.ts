import { Resolver } from 'node:dns/promises';
import { NameServer } from './testing/name-server.js';
import { isPublic, pinned, resolve, within } from './public-address.js';

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

  it('goes by the addresses that were checked, whatever the name means by now', () => {
    const [first, second] = [
      { address: '192.0.2.1', family: 4 },
      { address: '192.0.2.2', family: 4 },
    ] as const;
    const answers: unknown[] = [];
    const lookup = pinned([first, second]);
    lookup('rebound.example', { all: true }, (...answer) => answers.push(answer));
    lookup('rebound.example', {}, (...answer) => answers.push(answer));
    expect(answers).toEqual([
      [null, [first, second]],
      [null, first.address, 4],
    ]);
  });

  it('waits for no resolver longer than it has patience', async () => {
    const never = new Promise<never>(() => undefined);
    await expect(within(AbortSignal.timeout(20), never)).rejects.toMatchObject({ kind: 'retryable', reason: 'timeout' });
    await expect(within(AbortSignal.abort(), never)).rejects.toMatchObject({ reason: 'timeout' });
  });

  describe('by what name servers say', () => {
    let server: NameServer;
    let resolver: Resolver;
    beforeAll(async () => {
      server = await new NameServer().start();
      resolver = new Resolver({ timeout: 200, tries: 1 });
      resolver.setServers([server.address]);
    });
    afterAll(() => server.stop());

    it.each<[string, string[], string[]]>([
      ['inside', ['10.0.0.1'], []],
      ['loopback', ['127.0.0.1'], []],
      ['metadata', ['169.254.169.254'], []],
      ['loopback over IPv6', [], ['::1']],
      ['a public address, and a private one beside it', ['8.8.8.8', '10.0.0.1'], []],
      ['a public address, and a private one of the other kind', ['8.8.8.8'], ['fd00::1']],
    ])('not to %s', async (_, four, six) => {
      server.answers = { 4: four, 6: six };
      await expect(resolve('hooks.acme.example', false, resolver)).rejects.toMatchObject({ reason: 'destination_not_allowed' });
    });

    it('to all the public addresses of a name', async () => {
      server.answers = { 4: ['8.8.8.8', '1.1.1.1'], 6: ['2606:4700:4700::1111'] };
      expect(await resolve('hooks.acme.example', false, resolver)).toEqual([
        { address: '8.8.8.8', family: 4 },
        { address: '1.1.1.1', family: 4 },
        { address: '2606:4700:4700::1111', family: 6 },
      ]);
    });

    it('not to what the machine alone knows, nor to what nobody answers for', async () => {
      server.answers = { 4: [], 6: [] };
      await expect(resolve('hooks.acme.example', false, resolver)).rejects.toMatchObject({ kind: 'configuration', reason: 'unknown_host' });
      server.answers = undefined;
      await expect(resolve('hooks.acme.example', false, resolver)).rejects.toMatchObject({ kind: 'retryable', reason: 'unreachable' });
    });
  });
});
