import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import pg from 'pg';
import { config, HotStatements, log, signDue, signTenant } from '@app/platform';
import { byChannel, CHANNELS } from './channel.js';
import { CLAIM_DUE, VERIFICATION_DUE } from './delivery.entity.js';
import { claims } from './delivery-metrics.js';
import { DeliveryQueue, type Job } from './delivery-queue.js';
import { DeliveryService } from './delivery.service.js';
import { DUE_CHANNEL } from './due-signal.js';
import { InProcessQueue } from './in-process-queue.js';
import { logHeldBack, sendLimits } from './send-limits.js';

const BATCH = 250;
/** Without notice, a worker looks this often: what waits for a time comes due by itself. */
const EVERY_MS = 250;
/** What relay answers when there may be more, and when a queue has enough for now; and when to ask that one again. */
const MORE = Infinity;
const FULL = -1;
const FULL_MS = 20;
/** Verifications whose time has come, looked at at once: messages wait for them. */
const LOOKS = 4;
/** A claimed row that nobody got to is due again after this: the answer to a queue that lost it, or a worker that died. */
const LEASE_SECONDS = 10;

/** What comes due and is no message. True: a message is due now. Of one that fails, it is tried again by itself. */
export type DueWork = (id: string, tenantId: string) => Promise<boolean>;

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
  private readonly works = new Map<string, DueWork>([['verification', (id, tenantId) => this.settle(id, tenantId)]]);

  constructor(
    private readonly statements: HotStatements,
    private readonly queue: DeliveryQueue,
    private readonly deliveries: DeliveryService,
  ) {}

  /** Called while modules are made: `work` is given all that comes due of this kind. */
  on(kind: string, work: DueWork): void {
    this.works.set(kind, work);
  }

  async onApplicationBootstrap() {
    this.deliveries.onTurn = (seconds) => {
      if (seconds < 5) setTimeout(() => this.look(), seconds * 1_000 + 5).unref();
    };
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
      const claimed = await this.relay().catch((error) => {
        log().warn({ err: error }, 'could not look for what is due; trying again');
        return 0;
      });
      if (claimed === MORE || this.stopped) continue;
      await this.listen();
      await this.pause(claimed === FULL ? FULL_MS : EVERY_MS);
    }
  }

  /** One batch. Returns how many rows were claimed, or FULL. */
  private async relay(): Promise<number> {
    this.woken = false;
    const room = await this.queue.room().catch(() => this.fallback.room());
    const most: Record<string, number> = byChannel((channel) => Math.max(0, Math.min(BATCH, room[channel])));
    for (const kind of this.works.keys()) most[kind] = BATCH;
    const due = await this.statements.run(CLAIM_DUE, [signDue(), most, LEASE_SECONDS]);
    for (const { kind } of due) claims(kind).inc();
    const byKind = Map.groupBy(due, ({ kind }) => kind);
    for (const channel of CHANNELS) {
      const jobs = (byKind.get(channel) ?? []).map(({ id, tenant_id: tenantId }) => ({ id, tenantId }));
      if (jobs.length > 0) await this.queue.add(channel, jobs).catch(() => this.fallback.add(channel, jobs));
    }
    let sent = false;
    const waiting = due.filter(({ kind }) => this.works.has(kind)).values();
    const lane = async () => {
      for (const { kind, id, tenant_id: tenantId } of waiting) sent = (await this.work(kind, id, tenantId)) || sent;
    };
    await Promise.all(Array.from({ length: LOOKS }, lane));
    const isMore = [...byKind].some(([kind, { length }]) => length === most[kind]);
    const isFull = CHANNELS.some((channel) => room[channel] <= 0);
    return sent || isMore ? MORE : isFull ? FULL : due.length;
  }

  /** One that cannot be looked at now holds up no other: it is due again by itself. */
  private async work(kind: string, id: string, tenantId: string): Promise<boolean> {
    try {
      return await this.works.get(kind)!(id, tenantId);
    } catch (error) {
      log().warn({ err: error, kind }, 'something that came due could not be looked at; it is due again by itself');
      return false;
    }
  }

  /** A verification's time has come. */
  private async settle(id: string, tenantId: string): Promise<boolean> {
    const { sent, rule } = await this.statements.one(VERIFICATION_DUE, [signTenant(tenantId), id, sendLimits()]);
    if (rule) logHeldBack(rule, { company: tenantId, verification: id });
    return sent;
  }

  private look() {
    this.woken = true;
    this.wake?.();
  }

  private pause(milliseconds: number) {
    if (this.woken && milliseconds === EVERY_MS) return;
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
    client.on('notification', () => this.look());
    try {
      await client.connect();
      await client.query(`listen ${DUE_CHANNEL}`);
      this.listener = client;
    } catch {
      await client.end().catch(() => {});
    }
  }
}
