import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { HotStatements, sampled, shared, signDue, statement } from '@app/platform';
import { CHANNELS } from './channel.js';

const DEPTH = statement<{ kind: string; waiting: string; oldest_seconds: number }>('due_depth', 'select * from app.due_depth($1)');
const PATIENCE_MS = 2_000;

/** How much is due and for how long, as the database has it: the same from every process. */
@Injectable()
export class DueDepth implements OnModuleInit {
  constructor(private readonly statements: HotStatements) {}

  onModuleInit() {
    const depth = shared(() => this.read());
    const byChannel = (value: (row: { waiting: string; oldest_seconds: number }) => number) => async () => {
      const rows = new Map((await depth()).map((row) => [row.kind, row]));
      return CHANNELS.map((channel) => {
        const row = rows.get(channel);
        return { labels: { channel }, value: row ? value(row) : 0 };
      });
    };
    sampled(
      'due_messages',
      'Messages that are due, in the whole installation.',
      ['channel'],
      byChannel(({ waiting }) => Number(waiting)),
    );
    sampled(
      'due_oldest_seconds',
      'How long the oldest of them has been due.',
      ['channel'],
      byChannel(({ oldest_seconds }) => oldest_seconds),
    );
  }

  /** @throws Error when the database takes too long: whoever scrapes does not wait for it */
  private read() {
    return Promise.race([
      this.statements.run(DEPTH, [signDue()]),
      sleep(PATIENCE_MS, undefined, { ref: false }).then(() => {
        throw new Error('The database does not answer.');
      }),
    ]);
  }
}
