import { config, log } from '@app/platform';
import { byChannel, type Channel } from './channel.js';
import { DeliveryQueue, type Handler, type Job } from './delivery-queue.js';

/** Of each channel. */
const HELD = 500;

/** Delivers in this process, each channel in a lane of its own: a vendor that hangs holds up nobody else's. */
export class InProcessQueue extends DeliveryQueue {
  private readonly waiting = new Map<Channel, Job[]>();
  private readonly running = new Map<Channel, Set<Promise<void>>>();
  private handle: Handler | undefined;

  async start(handle: Handler) {
    this.handle = handle;
  }

  async add(channel: Channel, jobs: Job[]) {
    const lane = this.waiting.get(channel) ?? [];
    this.waiting.set(channel, lane);
    lane.push(...jobs);
    this.run(channel);
  }

  async room() {
    return byChannel((channel) => HELD - (this.waiting.get(channel)?.length ?? 0));
  }

  async stop() {
    this.waiting.clear(); // due again by themselves
    await Promise.allSettled([...this.running.values()].flatMap((jobs) => [...jobs]));
  }

  private run(channel: Channel) {
    const lane = this.waiting.get(channel) ?? [];
    const running = this.running.get(channel) ?? new Set();
    this.running.set(channel, running);
    while (running.size < config.DELIVERY_CONCURRENCY && lane.length > 0) {
      const job = this.handle!(lane.shift()!)
        .catch((error) => log().warn({ err: error }, 'a delivery could not be worked on; it is due again by itself'))
        .finally(() => {
          running.delete(job);
          this.run(channel);
        });
      running.add(job);
    }
  }
}
