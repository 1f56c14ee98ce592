import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** Stands before both API processes as a load balancer does: each connection to the next one. Known before they run. */
export class Front {
  private targets: string[] = [];
  private turn = 0;
  private readonly sockets = new Set<Socket>();
  private readonly server = createServer((client) => {
    const { port, hostname } = new URL(this.targets[this.turn++ % this.targets.length]!);
    const upstream = connect(Number(port), hostname);
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const)
      this.sockets.add(one.on('error', () => {}).on('close', () => (other.destroy(), this.sockets.delete(one))));
    client.pipe(upstream).pipe(client);
  });

  static async start(): Promise<Front> {
    const front = new Front();
    front.server.listen(0, '127.0.0.1');
    await once(front.server, 'listening');
    return front;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as { port: number }).port}`;
  }

  leadsTo(urls: string[]): void {
    this.targets = urls;
  }

  async stop() {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }
}
