import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Behaviour, VendorSimulator } from '../../libs/notifications/testing/describe-provider.js';

/** A request as it came, whole. Header names are lower case. */
export interface Asked {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: string;
}

export interface Answer {
  status: number;
  headers?: Record<string, string>;
  body?: string;
}

export interface Taken {
  id: string;
  to: string;
  text: string;
  reference?: string | undefined;
}

/** What a request turned out to be: a message, or an answer that ends it (a wrong signature, a wrong form). */
export type Read = { message: Taken; answer: Answer } | { violation: string; answer: Answer };

/** The part every vendor over HTTP shares: the script, the book of what was taken, hanging and hanging up. */
export abstract class ScriptedVendor implements VendorSimulator {
  readonly accepted: Taken[] = [];
  readonly violations: string[] = [];
  /** What the answer to a message that was taken waits for. */
  held: Promise<unknown> | undefined;
  /** The last request, to look at. */
  last: Asked | undefined;

  private readonly server: Server = createServer((request, response) => void this.serve(request, response));
  private behaviours: (Behaviour | Answer)[] = [];

  /** Verifies signature and form as the vendor does. */
  protected abstract read(asked: Asked): Read | Promise<Read>;

  /** What the vendor says instead of taking a message. */
  protected abstract answers: Record<'refuse' | 'throttle' | 'misconfigured' | 'error', Answer>;

  async start(port = 0): Promise<this> {
    await new Promise<void>((resolve) => this.server.listen(port, '127.0.0.1', resolve));
    return this;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  script(...behaviours: Behaviour[]): void {
    this.behaviours = behaviours;
  }

  /** Answers the next request word for word, and takes nothing. */
  answerNext(answer: Answer): void {
    this.behaviours = [answer];
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method = '', url: path = '', headers } = request;
    const asked = { method, path, headers: headers as Record<string, string>, body: Buffer.concat(chunks).toString() };
    this.last = asked;

    const read = await this.read(asked);
    if ('violation' in read) {
      this.violations.push(read.violation);
      return this.answer(response, read.answer);
    }
    const behaviour = this.behaviours.shift() ?? 'accept';
    if (behaviour === 'hang') return;
    if (behaviour === 'accept' || behaviour === 'reset') this.accepted.push(read.message);
    await this.held;
    if (behaviour === 'reset') return void request.socket.destroy();
    this.answer(response, typeof behaviour === 'object' ? behaviour : behaviour === 'accept' ? read.answer : this.answers[behaviour]);
  }

  private answer(response: ServerResponse, { status, headers, body = '' }: Answer): void {
    response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) }).end(body);
  }
}
