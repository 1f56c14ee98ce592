import { setTimeout as sleep } from 'node:timers/promises';
import type { Asked, Read, Taken } from '../simulators/scripted-vendor.js';
import { deliver, smsReceipt, withSig } from '../simulators/vonage-callbacks.js';
import { VonageSmsSimulator } from '../simulators/vonage.js';

/** Vonage as it lives: takes 20 to 60 ms, and tells soon after that a message arrived, until somebody listens. */
export class TellingVonage extends VonageSmsSimulator {
  /** Runs when a message is taken, before its sender knows. */
  onTaken: (count: number) => void = () => {};
  readonly takenAt = new Map<Taken, number>();
  private urls: string[] = [];

  tells(urls: string[]): void {
    this.urls = urls;
    const push = this.accepted.push.bind(this.accepted);
    this.accepted.push = (...messages) => {
      const length = push(...messages);
      for (const message of messages) {
        this.takenAt.set(message, Date.now());
        void this.tell(message, new URL(this.callbackOf.get(message.id)!).pathname);
      }
      this.onTaken(length);
      return length;
    };
  }

  private readonly callbackOf = new Map<string, string>();

  protected override read(asked: Asked): Read {
    const read = super.read(asked);
    if ('message' in read) this.callbackOf.set(read.message.id, (JSON.parse(asked.body) as { callback: string }).callback);
    this.held = sleep(20 + Math.random() * 40);
    return read;
  }

  private async tell(message: Taken, path: string) {
    for (let attempt = 0; attempt < 30; attempt++) {
      await sleep(attempt === 0 ? 300 : 1_000);
      const callback = withSig(smsReceipt(message, 'delivered', { at: new Date(this.takenAt.get(message)!) }), this.signatureSecret);
      const url = this.urls[attempt % this.urls.length] + path;
      if (
        await deliver(url, callback).then(
          ({ ok }) => ok,
          () => false,
        )
      )
        return;
    }
  }
}
