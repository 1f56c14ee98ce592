import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DeliveryWorld, eventually } from './delivery-world.js';
import { stopped } from './stack.js';
import { type Received, WebhookReceiver } from './webhook-receiver.js';
import type { Company } from './world.js';

export const WEBHOOKS = '/api/company/webhooks';
export const EVERY_EVENT = [
  'verification.approved',
  'verification.failed',
  'message.status',
  'user.created',
  'user.updated',
  'user.deactivated',
  'user.deleted',
  'session.opened',
  'session.revoked',
];

type Verify = (headers: object, body: Buffer, secret: string, now?: number) => boolean;

export const ids = (received: Received[]) => received.map(({ headers }) => headers['webhook-id'] as string);

/** The product, somebody's endpoints on loopback, and what docs/webhooks.md tells them to paste. */
export class WebhookWorld {
  private paths = 0;

  private constructor(
    readonly world: DeliveryWorld,
    readonly receiver: WebhookReceiver,
    readonly isAuthentic: Verify,
  ) {}

  static async start(): Promise<WebhookWorld> {
    const { isAuthentic } = await pasted();
    const receiver = await new WebhookReceiver().start();
    return new WebhookWorld(await DeliveryWorld.start({ settings: { WEBHOOK_SECONDS: '2' } }), receiver, isAuthentic);
  }

  async stop() {
    await this.world.stop();
    await this.receiver.stop();
  }

  async endpoint(company?: Company, more: object = {}): Promise<Endpoint> {
    const owner = company ?? (await this.world.company());
    const path = `/hook-${this.paths++}`;
    const { status, body } = await owner.admin.post(WEBHOOKS, { url: this.receiver.url + path, event_types: EVERY_EVENT, ...more });
    if (status !== 201) throw new Error(`webhooks answered ${status}: ${JSON.stringify(body)}`);
    return new Endpoint(owner, body.id, path, body.secret, this);
  }

  /** So many workers from here on, and none that ran before. */
  async works(...settings: Record<string, string>[]) {
    await Promise.all(this.world.workers.splice(0).map((worker) => stopped(worker)));
    for (const each of settings) this.world.startWorker(each);
  }
}

async function pasted(): Promise<{ isAuthentic: Verify }> {
  const folder = mkdtempSync(join(tmpdir(), 'watchword-webhooks-'));
  try {
    const [, snippet] = /^```js\n([\s\S]*?)^```$/m.exec(readFileSync('docs/webhooks.md', 'utf8'))!;
    const file = join(folder, 'snippet.mjs');
    writeFileSync(file, snippet!);
    return await import(pathToFileURL(file).href);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A company's endpoint, at a path of its own. */
export class Endpoint {
  constructor(
    readonly company: Company,
    readonly id: string,
    readonly path: string,
    readonly secret: string,
    private readonly hooks: WebhookWorld,
  ) {}

  private route = (rest: string) => `${WEBHOOKS}/${this.id}${rest}`;
  get = () => this.company.admin.get(this.route(''));
  patch = (change: object) => this.company.admin.patch(this.route(''), change);
  post = (rest: string, at = 0) => this.company.admin.post(this.route(rest), {}, at);
  delete = () => this.company.admin.delete(this.route(''));
  deliveries = async (query = '') => (await this.company.admin.get(this.route(`/deliveries${query}`))).body.data as any[];
  delivery = async (id: string) => (await this.deliveries('?limit=100')).find((one) => one.id === id);
  received = () => this.hooks.receiver.at(this.path);
  bodies = () => this.received().map(({ body }) => JSON.parse(body.toString()));
  /** Sends the event that says nothing. Answers the delivery's id. */
  test = async (at = 0): Promise<string> => {
    const { status, body } = await this.post('/test', at);
    if (status !== 202) throw new Error(`test answered ${status}: ${JSON.stringify(body)}`);
    return body.id;
  };
  ends = (id: string, status: string) =>
    eventually(async () => {
      const delivery = await this.delivery(id);
      return delivery.status === status && delivery;
    });
  /** As if the pause before the next attempt were over. */
  hurries = () => this.hooks.world.superuser.query('update directory.webhook_due set due_at = now() where endpoint_id = $1', [this.id]);
}
