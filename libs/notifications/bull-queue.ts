import { setTimeout as sleep } from 'node:timers/promises';
import Bull from 'bull';
import { config, ConfigError, log } from '@app/platform';
import { byChannel, type Channel, CHANNELS } from './channel.js';
import { DeliveryQueue, type Handler, type Job } from './delivery-queue.js';

/** Redis answers in well under this, or is as good as down; then it is left alone for a while. */
const PATIENCE_MS = 500;
const LEFT_ALONE_MS = 2_000;
/** How long a start waits for Redis. One that comes later is used from then on. */
const START_MS = 2_000;
/** Of each channel. */
const HELD = 1_000;
/** In braces: all keys of a queue stand in one slot of a Redis Cluster. */
const PREFIX = '{watchword}';

/**
 * When Redis forgets everything while a worker takes or ends a job, Bull's scripts write down what they were about to: a job without its data,
 * which is in no list, is never done, and keeps the same delivery from being added again.
 */
const CLEAR_HUSKS = `for _, key in ipairs(KEYS) do
  if redis.call('exists', key) == 1 and redis.call('hexists', key, 'data') == 0 then redis.call('del', key) end
end`;

/**
 * Bull over Redis: one queue a channel, any number of workers. Short locks, so that a killed worker's jobs move on within seconds; stalled
 * jobs are never given up (their deliveries know their own end); nothing is kept of a job that is over.
 */
export class BullQueue extends DeliveryQueue {
  private readonly queues = new Map<Channel, Bull.Queue<Job>>();
  private deafUntil = 0;
  private evicts = false;

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
    const { client } = this.queues.get('sms')!;
    const looked = Promise.race([
      client.status === 'ready' ? this.lookAtPolicy() : new Promise((resolve) => client.once('ready', () => resolve(this.lookAtPolicy()))),
      sleep(START_MS),
    ]);
    await looked;
    if (this.evicts) {
      for (const queue of this.queues.values()) void queue.close(true).catch(() => {});
      throw new ConfigError('Redis evicts keys: jobs would be lost. Set its maxmemory-policy to noeviction, or unset REDIS_URL.');
    }
    client.on('ready', () => void this.lookAtPolicy());
    for (const queue of this.queues.values())
      void queue
        .process(config.DELIVERY_CONCURRENCY, async ({ data }) => {
          if (data) await handle(data);
        })
        .catch((error) => log().warn({ err: error }, 'a queue ended'));
  }

  async add(channel: Channel, jobs: Job[]) {
    const queue = this.queues.get(channel)!;
    const keys = jobs.map(({ id }) => queue.toKey(id));
    await this.ask(() => queue.client.eval(CLEAR_HUSKS, keys.length, ...keys));
    // A job of the same delivery that is still there is left alone.
    await this.ask(() => queue.addBulk(jobs.map((data) => ({ data, opts: { jobId: data.id } }))));
  }

  async room() {
    const waiting = await this.ask(() => Promise.all(CHANNELS.map((channel) => this.queues.get(channel)!.getWaitingCount())));
    return byChannel((channel) => HELD - waiting[CHANNELS.indexOf(channel)]!);
  }

  async stop() {
    // What a worker is at, it ends; what Redis does not hear any more is due again by itself.
    await Promise.race([Promise.allSettled([...this.queues.values()].map((queue) => queue.close())), sleep(10_000)]);
  }

  /** Never a command that would wait in line for a Redis that is away: its jobs would come out long after they went another way. */
  private async ask<T>(command: () => Promise<T>): Promise<T> {
    const away = this.evicts || Date.now() < this.deafUntil || [...this.queues.values()].some(({ client }) => client.status !== 'ready');
    if (away) throw new Error('Redis is away.');
    try {
      return await inTime(command());
    } catch (error) {
      this.deafUntil = Date.now() + LEFT_ALONE_MS;
      throw error;
    }
  }

  /** A Redis that may drop keys drops jobs: PostgreSQL would hand them out again, but late. */
  private async lookAtPolicy() {
    const info = await inTime(this.queues.get('sms')!.client.info('memory')).catch(() => '');
    const policy = /maxmemory_policy:(\S+)/.exec(info)?.[1];
    this.evicts = policy !== undefined && policy !== 'noeviction';
    if (this.evicts)
      log().error({ policy }, 'Redis evicts keys (maxmemory-policy): it is not used until it says noeviction and is connected to anew');
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
