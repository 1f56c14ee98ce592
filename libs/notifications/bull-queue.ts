import { setTimeout as sleep } from 'node:timers/promises';
import Bull from 'bull';
import { config, ConfigError, log } from '@app/platform';
import { type Channel, CHANNELS } from './channel.js';
import { DeliveryQueue, type Handler, type Job } from './delivery-queue.js';

/** Redis answers in well under this, or is as good as down. */
const PATIENCE_MS = 500;
const HELD = 2_000;
/** In braces: all keys of a queue stand in one slot of a Redis Cluster. */
const PREFIX = '{watchword}';

/**
 * Bull over Redis: one queue a channel, any number of workers. Short locks, so that a killed worker's jobs move on within seconds; stalled
 * jobs are never given up (their deliveries know their own end); nothing is kept of a job that is over.
 */
export class BullQueue extends DeliveryQueue {
  private readonly queues = new Map<Channel, Bull.Queue<Job>>();

  constructor(private readonly url: string) {
    super();
  }

  async start(handle: Handler) {
    for (const channel of CHANNELS) {
      const queue = new Bull<Job>(`delivery-${channel}`, this.url, {
        prefix: PREFIX,
        settings: { lockDuration: 5_000, stalledInterval: 5_000, maxStalledCount: 1_000, drainDelay: 1 },
        defaultJobOptions: { attempts: 1, removeOnComplete: true, removeOnFail: true },
        redis: { connectTimeout: 2_000, retryStrategy: (tries) => Math.min(tries * 100, 1_000) },
      });
      queue.on('error', (error) => log().warn(`Redis: ${error.message || error.name}`));
      this.queues.set(channel, queue);
    }
    await this.refuseEviction();
    for (const queue of this.queues.values())
      void queue
        .process(config.DELIVERY_CONCURRENCY, ({ data }) => handle(data))
        .catch((error) => log().warn({ err: error }, 'a queue ended'));
  }

  async add(channel: Channel, jobs: Job[]) {
    // A job of the same delivery that is still there is left alone.
    const added = this.queues.get(channel)!.addBulk(jobs.map((data) => ({ data, opts: { jobId: data.id } })));
    await inTime(added);
  }

  async room() {
    const waiting = await inTime(Promise.all([...this.queues.values()].map((queue) => queue.getWaitingCount())));
    return HELD - waiting.reduce((sum, count) => sum + count, 0);
  }

  async stop() {
    // What a worker is at, it ends; what Redis does not hear any more is due again by itself.
    await Promise.race([Promise.allSettled([...this.queues.values()].map((queue) => queue.close())), sleep(10_000)]);
  }

  /** A Redis that may drop keys drops jobs: PostgreSQL would hand them out again, but late. @throws ConfigError */
  private async refuseEviction() {
    const info = await inTime(this.queues.get('sms')!.client.info('memory'), 5_000).catch(() => undefined);
    const policy = /maxmemory_policy:(\S+)/.exec(info ?? '')?.[1];
    if (policy && policy !== 'noeviction')
      throw new ConfigError(`Redis evicts (maxmemory-policy ${policy}): jobs would be lost. Set it to noeviction, or unset REDIS_URL.`);
  }
}

async function inTime<T>(answer: Promise<T>, patience = PATIENCE_MS): Promise<T> {
  answer.catch(() => {});
  return Promise.race([
    answer,
    sleep(patience, undefined, { ref: false }).then(() => {
      throw new Error('Redis does not answer.');
    }),
  ]);
}
