import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { HotStatements, sampled, shared, signDue } from '@app/platform';
import { WEBHOOK_DEPTH } from './webhook.entity.js';

const PATIENCE_MS = 2_000;

/** How many webhooks are due and for how long, as the database has it: the same from every process. */
@Injectable()
export class WebhookDepth implements OnModuleInit {
  constructor(private readonly statements: HotStatements) {}

  onModuleInit() {
    const depth = shared(() => this.read());
    sampled('webhooks_due', 'Webhooks that are due, in the whole installation.', [], async () => [
      { value: Number((await depth()).waiting) },
    ]);
    sampled('webhooks_oldest_seconds', 'How long the oldest of them has been due.', [], async () => [
      { value: (await depth()).oldest_seconds },
    ]);
  }

  /** @throws Error when the database takes too long: whoever scrapes does not wait for it */
  private read() {
    return Promise.race([
      this.statements.one(WEBHOOK_DEPTH, [signDue()]),
      sleep(PATIENCE_MS, undefined, { ref: false }).then(() => {
        throw new Error('The database does not answer.');
      }),
    ]);
  }
}
