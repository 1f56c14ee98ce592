/** Refused, or dropped, because the wait would be too long. Nothing was hashed; the same call may succeed in `retryAfterSeconds`. */
export class HasherBusy extends Error {
  override readonly name = 'HasherBusy';

  /** @param retryAfterSeconds whole seconds, at least 1: the estimated time until what waits now is done. */
  constructor(readonly retryAfterSeconds: number) {
    super(`Too many passwords are being checked at once; try again in ${retryAfterSeconds} s`);
  }
}

export interface HashQueueOptions {
  /** Pieces of work that may run at once. */
  slots: number;
  /** Longest estimated wait, in milliseconds, at which work is still taken in. */
  maxWaitMs: number;
  /** First guess at how long one piece takes, in milliseconds; each finished piece corrects it. */
  meanMs: number;
  /** Most pieces waiting, whatever the estimate: a bound on memory. Default 512 for each slot. */
  queueLimit?: number;
  /** Told how long each piece waited for its slot, in milliseconds. */
  onStart?: (waitedMs: number) => void;
  /** A clock in milliseconds that never goes back. */
  now?: () => number;
}

interface Waiting {
  readonly since: number;
  start(): void;
  refuse(reason: unknown): void;
}

/** Weight of the newest piece in the moving average: about the last twenty decide. */
const NEWEST = 0.1;

/**
 * At most `slots` pieces of work at once. The others wait in one line a lane (a tenant, an address), first come first served within a lane,
 * and a free slot goes to the lanes in turn: whoever floods waits behind himself.
 *
 * The wait is bounded three ways. Work that would wait longer than `maxWaitMs` is refused before it queues. If a quieter lane asks while the
 * queue is full, the newest work of the longest lane makes room for it, so a flood cannot shut the others out. Work overtaken for twice
 * `maxWaitMs` is dropped when its turn comes.
 */
export class HashQueue {
  /** In turn order: the lane served next comes first. No lane is empty. */
  private readonly lanes = new Map<string, Waiting[]>();
  private readonly slots: number;
  private readonly maxWaitMs: number;
  private readonly queueLimit: number;
  private readonly now: () => number;
  private readonly onStart: ((waitedMs: number) => void) | undefined;
  private meanMs: number;
  private runningCount = 0;
  private waitingCount = 0;

  constructor({ slots, maxWaitMs, meanMs, queueLimit = 512 * slots, onStart, now = () => performance.now() }: HashQueueOptions) {
    if (!Number.isInteger(slots) || slots < 1) throw new RangeError(`slots must be a whole number of at least 1, not ${slots}`);
    this.slots = slots;
    this.maxWaitMs = maxWaitMs;
    this.meanMs = meanMs;
    this.queueLimit = queueLimit;
    this.now = now;
    this.onStart = onStart;
  }

  get running(): number {
    return this.runningCount;
  }
  get waiting(): number {
    return this.waitingCount;
  }

  /**
   * Whether a call of this lane would be taken in now: asked before anything dear is done for it.
   * @throws HasherBusy when not
   */
  admit(lane = ''): void {
    if (this.waitingCount < this.queueLimit && this.waitMs(this.waitingCount + 1) <= this.maxWaitMs) return;
    const own = this.lanes.get(lane)?.length ?? 0;
    for (const line of this.lanes.values()) if (line.length > own + 1) return;
    throw this.busy();
  }

  /**
   * Runs `work` when its turn comes and settles as it does. Rejects with `HasherBusy` if there is no room, and with the signal's reason if
   * that fires before the work has started; work that has started is not interrupted, since its slot is taken until it ends.
   */
  async run<T>(work: () => Promise<T>, lane = '', signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    const asked = this.now();
    if (this.runningCount < this.slots) this.runningCount++;
    else await this.turn(lane, signal);

    const started = this.now();
    this.onStart?.(started - asked);
    try {
      const result = await work();
      this.meanMs += NEWEST * (this.now() - started - this.meanMs);
      return result;
    } finally {
      const next = this.takeNext();
      // the slot passes on, so nobody can slip in between
      if (next) next.start();
      else this.runningCount--;
    }
  }

  private turn(lane: string, signal?: AbortSignal): Promise<void> {
    this.makeRoom(lane);
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.remove(lane, waiting);
        reject(signal?.reason);
      };
      const settled = () => signal?.removeEventListener('abort', leave);
      const waiting: Waiting = {
        since: this.now(),
        start: () => (settled(), resolve()),
        refuse: (reason) => (settled(), reject(reason)),
      };
      signal?.addEventListener('abort', leave, { once: true });
      const line = this.lanes.get(lane);
      if (line) line.push(waiting);
      else this.lanes.set(lane, [waiting]);
      this.waitingCount++;
    });
  }

  private makeRoom(lane: string): void {
    const waitMs = this.waitMs(this.waitingCount + 1);
    if (this.waitingCount < this.queueLimit && waitMs <= this.maxWaitMs) return;

    const own = this.lanes.get(lane)?.length ?? 0;
    let longest: [lane: string, line: Waiting[]] | undefined;
    for (const entry of this.lanes) if (entry[1].length > (longest?.[1].length ?? own + 1)) longest = entry;
    const newest = longest?.[1].at(-1);
    if (!longest || !newest) throw this.busy(); // no lane is longer than this one would become
    this.remove(longest[0], newest);
    newest.refuse(this.busy());
  }

  private takeNext(): Waiting | undefined {
    for (;;) {
      const [lane, line] = this.lanes.entries().next().value ?? [];
      const next = line?.[0];
      if (lane === undefined || line === undefined || next === undefined) return undefined;
      this.remove(lane, next);
      if (this.lanes.delete(lane)) this.lanes.set(lane, line); // to the back
      if (this.now() - next.since <= 2 * this.maxWaitMs) return next;
      next.refuse(this.busy());
    }
  }

  private remove(lane: string, waiting: Waiting): void {
    const line = this.lanes.get(lane) ?? [];
    line.splice(line.indexOf(waiting), 1);
    if (line.length === 0) this.lanes.delete(lane);
    this.waitingCount--;
  }

  private waitMs(count: number): number {
    return (count * this.meanMs) / this.slots;
  }

  private busy(): HasherBusy {
    return new HasherBusy(Math.max(1, Math.ceil(this.waitMs(this.waitingCount) / 1000)));
  }
}
