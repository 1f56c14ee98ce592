import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** What a network does to those who trust it. */
export type Weather = 'clear' | 'refuse' | 'black-hole';

/** A TCP proxy in front of PostgreSQL. `black-hole`: everything is accepted and nothing arrives. */
export class Proxy {
  private weather: Weather = 'clear';
  private readonly pairs = new Map<Socket, Socket>();
  private words = '';
  private readonly server = createServer((client) => this.accept(client));

  static async before(databaseUrl: string): Promise<Proxy> {
    const proxy = new Proxy(new URL(databaseUrl));
    proxy.server.listen(0, '127.0.0.1');
    await once(proxy.server, 'listening');
    return proxy;
  }

  private constructor(private readonly target: URL) {}

  /** The same database, through here. */
  get url(): string {
    const url = new URL(this.target);
    url.port = String((this.server.address() as { port: number }).port);
    return url.href;
  }

  turns(weather: Weather) {
    this.weather = weather;
    for (const [client, upstream] of this.pairs) {
      if (weather === 'refuse') client.resetAndDestroy();
      for (const [from, to] of [
        [client, upstream],
        [upstream, client],
      ] as const) {
        from.unpipe();
        if (weather === 'black-hole') from.resume();
        else from.pipe(to);
      }
    }
  }

  private accept(client: Socket) {
    if (this.weather === 'refuse') return void client.resetAndDestroy();
    const upstream = connect(Number(this.target.port), this.target.hostname);
    this.pairs.set(client, upstream);
    client.on('error', () => {}).on('close', () => (upstream.destroy(), this.pairs.delete(client)));
    upstream.on('error', () => {}).on('close', () => client.destroy());
    client.on('data', (chunk) => (this.words += chunk.toString('latin1')));
    if (this.weather === 'clear') client.pipe(upstream).pipe(client);
  }

  /** How often PostgreSQL was told this since the proxy began. */
  times(statement: string): number {
    return this.words.split(statement).length - 1;
  }

  async stop() {
    for (const client of this.pairs.keys()) client.destroy();
    this.server.close();
    await once(this.server, 'close');
  }
}
