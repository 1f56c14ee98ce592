import type { Channel } from './channel.js';

/** Ids and nothing else: what is sent, and to whom, stays in PostgreSQL. */
export interface Job {
  id: string;
  tenantId: string;
}

export type Handler = (job: Job) => Promise<void>;

/** Hands due deliveries to whoever sends them. PostgreSQL is the record: a queue may lose everything at any time, and nothing is lost. */
export abstract class DeliveryQueue {
  /** Begins to work: `handle` settles each job, and never throws for a message's own failure. */
  abstract start(handle: Handler): Promise<void>;

  /** @throws Error when the queue cannot take them just now. */
  abstract add(channel: Channel, jobs: Job[]): Promise<void>;

  /** How many more jobs of each channel are worth claiming: one that is stuck takes no room from the others. */
  abstract room(): Promise<Record<Channel, number>>;

  /** Waits for what is under way. */
  abstract stop(): Promise<void>;
}
