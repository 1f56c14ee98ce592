import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { HotStatements, log, signDue } from '@app/platform';
import { CLAIM_WEBHOOKS, type DueWebhook } from './webhook.entity.js';
import { leaseSeconds, WebhookSender } from './webhook-sender.js';

/** Calls under way in one worker; of them, of one company and of one endpoint. Waiting costs a socket, no more. */
const MOST = 256;
const SHARE = 32;
const EACH = 8;
const EVERY_MS = 500;
const FULL_MS = 20;
/** As many endpoints as are remembered to have failed last. */
const REMEMBERED = 10_000;

/**
 * Takes due webhooks off their queue in PostgreSQL and sends them. Any number may run. Whoever claimed some and died made them wait for the
 * lease, and they are sent again: at least once, in no order. An endpoint that failed last is tried one at a time: one that hangs takes
 * one of the places, and not its company's share.
 */
@Injectable()
export class WebhookRelay implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly underWay = new Set<Promise<void>>();
  /** Calls by endpoint and by company. */
  private readonly busy = new Map<string, number>();
  private readonly failed = new Set<string>();
  private readonly stopping = new AbortController();
  private running: Promise<void> | undefined;

  constructor(
    private readonly statements: HotStatements,
    private readonly sender: WebhookSender,
  ) {}

  onApplicationBootstrap() {
    this.running = this.loop();
  }

  async onApplicationShutdown() {
    this.stopping.abort();
    await this.running;
    await Promise.all(this.underWay);
  }

  private async loop() {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      const more = await this.relay().catch((error) => {
        log().warn({ err: error }, 'could not look for webhooks that are due; trying again');
        return false;
      });
      await sleep(more ? FULL_MS : EVERY_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  /** One batch. True: there may be more. */
  private async relay(): Promise<boolean> {
    const room = MOST - this.underWay.size;
    if (room <= 0) return true;
    const due = await this.statements.run(CLAIM_WEBHOOKS, [signDue(), room, EACH, SHARE, this.taken(), leaseSeconds()]);
    for (const one of due) {
      const call = this.send(one).finally(() => this.underWay.delete(call));
      this.underWay.add(call);
    }
    return due.length > 0;
  }

  private async send(due: DueWebhook): Promise<void> {
    const { endpoint_id: endpoint, tenant_id: company } = due;
    this.count(1, endpoint, company);
    try {
      const taken = await this.sender.send(due);
      if (taken === true) this.failed.delete(endpoint);
      if (taken === false) this.remember(endpoint);
    } catch (error) {
      log().warn({ err: error, company, webhook: endpoint }, 'a webhook could not be worked on; it is due again by itself');
    } finally {
      this.count(-1, endpoint, company);
    }
  }

  private count(by: number, ...keys: string[]) {
    for (const key of keys) {
      const calls = (this.busy.get(key) ?? 0) + by;
      if (calls > 0) this.busy.set(key, calls);
      else this.busy.delete(key);
    }
  }

  private remember(endpoint: string) {
    if (this.failed.size >= REMEMBERED) this.failed.delete(this.failed.values().next().value!);
    this.failed.add(endpoint);
  }

  /** What is under way, as the claim is to see it: of an endpoint that failed last, all but one place is taken. */
  private taken(): Record<string, number> {
    const taken = Object.fromEntries(this.busy);
    for (const endpoint of this.failed) taken[endpoint] = (taken[endpoint] ?? 0) + EACH - 1;
    return taken;
  }
}
