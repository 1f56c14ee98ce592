import { Injectable } from '@nestjs/common';
import { HotStatements, log, statement } from '@app/platform';

export const DUE_CHANNEL = 'watchword_due';
const NOTIFY = statement<void>('due_notify', `select pg_notify('${DUE_CHANNEL}', '')`);

/**
 * Tells the workers that something is due, after the commit that made it so. One notice for all that comes due while the one before is under
 * way: NOTIFY inside each transaction would line their commits up. A lost notice costs a moment, no message: workers look by themselves.
 */
@Injectable()
export class DueSignal {
  private sending = false;
  private again = false;

  constructor(private readonly statements: HotStatements) {}

  wake(): void {
    if (this.sending) {
      this.again = true;
      return;
    }
    this.sending = true;
    this.statements
      .run(NOTIFY, [])
      .catch((error) => log().warn({ err: error }, 'workers could not be woken; they look by themselves'))
      .finally(() => {
        this.sending = false;
        if (this.again) {
          this.again = false;
          this.wake();
        }
      });
  }
}
