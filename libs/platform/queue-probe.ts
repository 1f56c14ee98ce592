import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Redis } from 'ioredis';
import { config } from './config.js';
import { shared } from './metrics/metrics.js';

const PATIENCE_MS = 500;

export interface QueueState {
  /** `degraded`: Redis is down. Nothing is lost and nothing waits for it: each worker delivers what it claims by itself. */
  status: 'up' | 'degraded';
  redis: 'up' | 'down' | 'unused';
}

/** How the way from PostgreSQL to the vendors stands. Redis only speeds it up, so that nobody is unready without it. */
@Injectable()
export class QueueProbe implements OnApplicationShutdown {
  private redis: Redis | undefined;

  /** Probes of any number share one question a second. */
  readonly state = shared(() => this.look());

  private async look(): Promise<QueueState> {
    if (!config.REDIS_URL) return { status: 'up', redis: 'unused' };
    const redis = (this.redis ??= this.connect(config.REDIS_URL));
    const answers = await redis.ping().then(
      () => true,
      () => false,
    );
    return answers ? { status: 'up', redis: 'up' } : { status: 'degraded', redis: 'down' };
  }

  /** At the first question, and by itself again after every loss. */
  private connect(url: string): Redis {
    const redis = new Redis(url, {
      connectTimeout: PATIENCE_MS,
      commandTimeout: PATIENCE_MS,
      maxRetriesPerRequest: 1,
      retryStrategy: (tries) => Math.min(tries * 100, 1_000),
      connectionName: 'watchword-probe',
    });
    return redis.on('error', () => {}); // told by the probe
  }

  onApplicationShutdown() {
    this.redis?.disconnect();
  }
}
