import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import pg from 'pg';
import { config, HotStatements, log, signDue, signTenant } from '@app/platform';
import type { Channel } from './channel.js';
import { CLAIM_DUE, VERIFICATION_DUE } from './delivery.entity.js';
import { DeliveryQueue, type Job } from './delivery-queue.js';
import { DeliveryService } from './delivery.service.js';
import { DUE_CHANNEL } from './due-signal.js';
import { InProcessQueue } from './in-process-queue.js';
import { sendLimits } from './send-limits.js';

const BATCH = 250;
/** Without notice, a worker looks this often: what waits for a time comes due by itself. */
const EVERY_MS = 250;
/** And this often for a while after something was due: messages that wait for their turn at a vendor then go out one by one, not in heaps. */
const LIVELY_MS = 25;
const LIVELY_FOR_MS = 1_000;
/** Verifications whose time has come, looked at at once: messages wait for them. */
const LOOKS = 4;
/** When to ask a queue again that has enough for now. */
const FULL_MS = 20;
/** A claimed row that nobody got to is due again after this: the answer to a queue that lost it, or a worker that died. */
const LEASE_SECONDS = 10;

/** Takes what is due off the one queue in PostgreSQL and hands it to the delivery queue. Any number may run. */
@Injectable()
export class DueRelay implements OnApplicationBootstrap, OnApplicationShutdown {
  /** Where messages go while Redis is down, or there is none. */
  private readonly fallback = new InProcessQueue();
  private listener: pg.Client | undefined;
  private stopped = false;
  private running: Promise<void> | undefined;
  private wake: (() => void) | undefined;
  private woken = false;
  private livelyUntil = 0;

  constructor(
    private readonly statements: HotStatements,
    private readonly queue: DeliveryQueue,
    private readonly deliveries: DeliveryService,
  ) {}

  async onApplicationBootstrap() {
    const handle = (job: Job) => this.deliveries.deliver(job);
    await this.fallback.start(handle);
    await this.queue.start(handle);
    this.running = this.loop();
  }

  async onApplicationShutdown() {
    this.stopped = true;
    this.wake?.();
    await this.running;
    await Promise.all([this.queue.stop(), this.fallback.stop()]);
    await this.listener?.end().catch(() => {});
  }

  private async loop() {
    while (!this.stopped) {
      const found = await this.relay().catch((error) => {
        log().warn({ err: error }, 'could not look for what is due; trying again');
        return 'all' as const;
      });
      if (found === 'more' || this.stopped) continue;
      await this.listen();
      await this.pause(found === 'full' ? FULL_MS : Date.now() < this.livelyUntil ? LIVELY_MS : EVERY_MS);
    }
  }

  /** One batch. Answers whether that was all, or there may be more, or the queue has enough for now. */
  private async relay(): Promise<'all' | 'more' | 'full'> {
    this.woken = false;
    const room = await this.queue.room().catch(() => this.fallback.room());
    if (room < BATCH / 2) return 'full';
    const limit = Math.min(BATCH, room);
    const due = await this.statements.run(CLAIM_DUE, [signDue(), limit, LEASE_SECONDS]);
    if (due.length > 0) this.livelyUntil = Date.now() + LIVELY_FOR_MS;
    const byChannel = Map.groupBy(
      due.filter(({ kind }) => kind !== 'verification'),
      ({ kind }) => kind as Channel,
    );
    for (const [channel, rows] of byChannel) {
      const jobs = rows.map(({ id, tenant_id: tenantId }) => ({ id, tenantId }));
      await this.queue.add(channel, jobs).catch(() => this.fallback.add(channel, jobs));
    }
    const sent = await this.lookAt(due.filter(({ kind }) => kind === 'verification'));
    return sent || due.length === limit ? 'more' : 'all';
  }

  /** Whether any of them goes on to its next step, so that a message is due now. */
  private async lookAt(verifications: { id: string; tenant_id: string }[]): Promise<boolean> {
    let sent = false;
    const waiting = verifications.values();
    const lane = async () => {
      for (const { id, tenant_id } of waiting)
        sent = (await this.statements.one(VERIFICATION_DUE, [signTenant(tenant_id), id, sendLimits()])).sent || sent;
    };
    await Promise.all(Array.from({ length: LOOKS }, lane));
    return sent;
  }

  private pause(milliseconds: number) {
    if (this.woken && milliseconds !== FULL_MS) return;
    return new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.wake = () => (clearTimeout(timer), resolve());
    });
  }

  /** A connection of its own that hears DueSignal. When it is lost, the next round makes another. */
  private async listen() {
    if (this.listener) return;
    const client = new pg.Client({
      connectionString: config.DATABASE_URL,
      connectionTimeoutMillis: 3_000,
      keepAlive: true,
      application_name: 'watchword-due',
    });
    const lost = () => {
      if (this.listener === client) this.listener = undefined;
    };
    client.on('error', lost).on('end', lost);
    client.on('notification', () => {
      this.woken = true;
      this.wake?.();
    });
    try {
      await client.connect();
      await client.query(`listen ${DUE_CHANNEL}`);
      this.listener = client;
    } catch {
      await client.end().catch(() => {});
    }
  }
}
