import { HashQueue, HasherBusy } from './hash-queue.js';
import type { HashQueueOptions } from './hash-queue.js';

const settle = () => new Promise((resolve) => setImmediate(resolve));

/** A queue under a hand-moved clock, and work that ends when told to. By default one slot, 100 ms a piece and a wait of at most 400 ms. */
function stage(options: Partial<HashQueueOptions> = {}) {
  const clock = { ms: 0 };
  const started: string[] = [];
  const ends = new Map<string, (error?: Error) => void>();
  const queue = new HashQueue({ slots: 1, maxWaitMs: 400, meanMs: 100, now: () => clock.ms, ...options });
  return {
    clock,
    queue,
    started,
    /** Names the work `<lane><number>`; the outcome is 'done', or the error. */
    ask: (name: string, signal?: AbortSignal) =>
      queue
        .run(
          () =>
            new Promise<string>((resolve, reject) => {
              started.push(name);
              ends.set(name, (error) => (error ? reject(error) : resolve('done')));
            }),
          name[0],
          signal,
        )
        .catch((error: unknown) => error),
    async end(name: string | undefined, error?: Error) {
      ends.get(name ?? '')?.(error);
      await settle();
    },
    /** Ends whatever runs, one after another, until nothing waits or runs. */
    async drain() {
      while (queue.running) await this.end(started.at(-1));
    },
  };
}

describe('The queue before the password hasher', () => {
  it('never runs more than its slots, and all that was asked for in the end', async () => {
    const { queue } = stage({ slots: 3, maxWaitMs: Infinity, queueLimit: 200 });
    let now = 0;
    let most = 0;
    const work = async () => {
      most = Math.max(most, ++now);
      await settle();
      now--;
    };
    const all = Array.from({ length: 200 }, (_, i) => queue.run(work, `lane ${i % 7}`));
    expect([queue.running, queue.waiting]).toEqual([3, 197]);

    await Promise.all(all);
    expect(most).toBe(3);
    expect([queue.running, queue.waiting]).toEqual([0, 0]);
  });

  it('serves the lanes in turn, and each lane in the order of asking', async () => {
    const s = stage({ maxWaitMs: Infinity });
    for (const name of ['a1', 'a2', 'a3', 'a4', 'b1', 'b2', 'c1']) void s.ask(name);
    await s.drain();
    expect(s.started).toEqual(['a1', 'a2', 'b1', 'c1', 'a3', 'b2', 'a4']);
  });

  it('refuses at once, with the time to come back, what would wait too long', async () => {
    const s = stage({ meanMs: 1_000, maxWaitMs: 4_000 });
    const all = ['a0', 'a1', 'a2', 'a3', 'a4'].map((name) => s.ask(name));
    expect(s.queue.waiting).toBe(4);

    const refused = await s.ask('a5'); // no work has ended and no time has passed
    expect(refused).toBeInstanceOf(HasherBusy);
    expect(refused).toMatchObject({ retryAfterSeconds: 4 });
    expect(s.queue.waiting).toBe(4);

    await s.drain();
    expect(await Promise.all(all)).toEqual(['done', 'done', 'done', 'done', 'done']);
  });

  it('says beforehand what it would refuse, and lets in whom it would take', async () => {
    const s = stage({ meanMs: 1_000, maxWaitMs: 4_000 });
    expect(() => s.queue.admit('a')).not.toThrow();
    for (const name of ['a0', 'a1', 'a2', 'a3', 'a4']) void s.ask(name);
    expect(() => s.queue.admit('a')).toThrow(HasherBusy);
    expect(() => s.queue.admit('b')).not.toThrow(); // a quieter lane would oust the newest of the flood
    await s.drain();
    expect(() => s.queue.admit('a')).not.toThrow();
  });

  it('takes work in again once it has recovered', async () => {
    const s = stage();
    for (let i = 0; i < 50; i++) void s.ask(`a${i}`);
    expect([s.queue.running, s.queue.waiting]).toEqual([1, 4]);

    await s.drain();
    expect([s.queue.running, s.queue.waiting]).toEqual([0, 0]);
    const late = s.ask('a99');
    await s.end('a99');
    expect(await late).toBe('done');
  });

  it('learns from how long the work takes', async () => {
    const s = stage({ meanMs: 100, maxWaitMs: 400 });
    void s.ask('a0');
    s.clock.ms = 4_100; // 100 + a tenth of the 4,000 ms it was wrong by
    await s.end('a0');

    void s.ask('a1');
    void s.ask('a2');
    expect(await s.ask('a3')).toBeInstanceOf(HasherBusy);
  });

  it('lets a quiet lane in while a flood fills the queue, at the expense of the newest of the flood', async () => {
    const s = stage();
    const flood = ['a0', 'a1', 'a2', 'a3', 'a4'].map((name) => s.ask(name));
    const quiet = s.ask('b1');
    expect(await flood[4]).toBeInstanceOf(HasherBusy);
    expect(s.queue.waiting).toBe(4);

    await s.drain();
    expect(s.started).toEqual(['a0', 'a1', 'b1', 'a2', 'a3']);
    expect(await quiet).toBe('done');
  });

  it('shares a full queue evenly, and refuses where nobody has more', async () => {
    const s = stage();
    for (const name of ['a0', 'a1', 'a2', 'a3', 'a4', 'b1', 'b2']) void s.ask(name);
    expect(await s.ask('b3')).toBeInstanceOf(HasherBusy);
    await s.drain();
    expect(s.started).toEqual(['a0', 'a1', 'b1', 'a2', 'b2']);

    const odd = stage({ maxWaitMs: 300 });
    for (const name of ['a0', 'a1', 'a2', 'b1']) void odd.ask(name);
    expect(await odd.ask('b2')).toBeInstanceOf(HasherBusy); // or the two lanes would go on ousting each other
  });

  it('never holds more than its limit, however quick the work', async () => {
    const s = stage({ meanMs: 0, queueLimit: 2 });
    for (const name of ['a0', 'a1', 'a2']) void s.ask(name);
    expect(await s.ask('a3')).toBeInstanceOf(HasherBusy);
  });

  it('drops, when its turn comes, what was overtaken for twice the longest wait', async () => {
    const s = stage();
    void s.ask('a0');
    const overtaken = s.ask('a1');
    s.clock.ms = 801;
    const fresh = s.ask('a2');
    await s.end('a0');
    expect(await overtaken).toBeInstanceOf(HasherBusy);
    await s.drain();
    expect(await fresh).toBe('done');
  });

  it('skips work whose caller has gone', async () => {
    const s = stage();
    const caller = new AbortController();
    void s.ask('a0');
    const gone = s.ask('a1', caller.signal);
    void s.ask('a2');
    caller.abort(new Error('closed'));
    expect(s.queue.waiting).toBe(1);
    expect(await gone).toEqual(new Error('closed'));
    expect(await s.ask('a3', caller.signal)).toEqual(new Error('closed'));

    await s.drain();
    expect(s.started).toEqual(['a0', 'a2']);
    expect([s.queue.running, s.queue.waiting]).toEqual([0, 0]);
  });

  it('frees the slot of work that fails', async () => {
    const s = stage();
    const failed = s.ask('a0');
    const next = s.ask('a1');
    await s.end('a0', new Error('no memory'));
    expect(await failed).toEqual(new Error('no memory'));
    await s.end('a1');
    expect(await next).toBe('done');
    expect(s.queue.running).toBe(0);
  });
});
