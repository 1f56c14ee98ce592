import { CommunicationClients } from './communication-account.js';

describe('Clients of Azure Communication Services', () => {
  const transport = { allowPrivate: false, signal: AbortSignal.timeout(1_000) };
  const account = (name: string) => ({ endpoint: `https://${name}.communication.azure.com/`, access_key: `key of ${name}` });
  const built = () => {
    const addresses: string[] = [];
    const clients = new CommunicationClients(async (address, { key }, options) => {
      addresses.push(address);
      return { address, key, options };
    });
    return { addresses, clients };
  };

  it('are built once for the same settings, and again for another key or address', async () => {
    const { addresses, clients } = built();
    const [first, again] = await Promise.all([clients.get(account('acme'), transport), clients.get(account('acme'), transport)]);
    expect(again).toBe(first);
    await clients.get({ ...account('acme'), access_key: 'new' }, transport);
    await clients.get(account('acme'), { ...transport, endpoint: 'http://127.0.0.1:9' });
    expect(addresses).toEqual(['https://acme.communication.azure.com', 'https://acme.communication.azure.com', 'http://127.0.0.1:9']);
  });

  it('are kept for the hundred companies that sent last', async () => {
    const { addresses, clients } = built();
    for (let company = 0; company < 100; company++) await clients.get(account(`c${company}`), transport);
    await clients.get(account('c0'), transport);
    await clients.get(account('c100'), transport);
    expect(clients.size).toBe(100);
    await clients.get(account('c0'), transport);
    expect(addresses).toHaveLength(101);
    await clients.get(account('c1'), transport);
    expect(addresses).toHaveLength(102);
  });

  it('talk in the clear only where the operator says so, and hand out no options twice', async () => {
    const { clients } = built();
    const [vendor, loopback] = [
      await clients.get(account('acme'), transport),
      await clients.get(account('acme'), { ...transport, endpoint: 'http://127.0.0.1:9' }),
    ];
    expect([vendor, loopback]).toMatchObject([
      { options: { allowInsecureConnection: false } },
      { options: { allowInsecureConnection: true } },
    ]);
    expect(vendor.options).not.toBe(loopback.options);
  });
});
