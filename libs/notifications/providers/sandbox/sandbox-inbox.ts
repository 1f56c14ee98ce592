import type { OutboundMessage } from '../../channel.js';

/** A message as the sandbox took it. */
export type SandboxMessage = Readonly<Omit<OutboundMessage, 'callbackUrl'> & { takenAt: Date }>;

const LIMIT = 1_000;

/** The last messages, newest first, in this process's memory and nowhere else. */
export class SandboxInbox {
  /** A ring: the next message takes the place of the oldest. */
  private slots: SandboxMessage[] = [];
  private next = 0;
  private readonly watchers = new Set<(message: SandboxMessage) => void>();

  constructor(private readonly limit = LIMIT) {}

  take({ callbackUrl: _, ...message }: OutboundMessage): void {
    const taken = { ...message, takenAt: new Date() };
    this.slots[this.next] = taken;
    this.next = (this.next + 1) % this.limit;
    for (const watch of this.watchers) this.tell(watch, taken);
  }

  list(): SandboxMessage[] {
    return [...this.slots.slice(this.next), ...this.slots.slice(0, this.next)].toReversed();
  }

  clear(): void {
    this.slots = [];
    this.next = 0;
  }

  /** Hears of each message from now on, until the returned function is called. */
  subscribe(watch: (message: SandboxMessage) => void): () => void {
    const own = (message: SandboxMessage) => watch(message);
    this.watchers.add(own);
    return () => void this.watchers.delete(own);
  }

  /** Whoever watches must not decide whether a message was sent. */
  private tell(watch: (message: SandboxMessage) => void, message: SandboxMessage): void {
    try {
      watch(message);
    } catch {
      this.watchers.delete(watch);
    }
  }
}
