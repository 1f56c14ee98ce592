import type { Behaviour, VendorSimulator } from '../../testing/describe-provider.js';
import { describeProvider, outbound } from '../../testing/describe-provider.js';
import { SandboxInbox } from './sandbox-inbox.js';
import { SandboxProvider } from './sandbox.provider.js';

const FAILS = {
  refuse: 'definite',
  throttle: 'retryable',
  misconfigured: 'configuration',
  error: 'retryable',
  hang: 'hang',
  reset: 'ambiguous',
} as const;

/** The sandbox is its own vendor: a script turns into its settings. */
class Script implements VendorSimulator {
  readonly inbox = new SandboxInbox();
  readonly url = 'http://127.0.0.1:2';
  readonly violations: string[] = [];
  private queue: Behaviour[] = [];

  get accepted() {
    return this.inbox
      .list()
      .map(({ attemptId, to, text }) => ({ id: attemptId, to, text }))
      .toReversed();
  }

  script(...behaviours: Behaviour[]) {
    this.queue = behaviours;
  }

  next() {
    const behaviour = this.queue.shift() ?? 'accept';
    return behaviour === 'accept' ? {} : { fail: FAILS[behaviour] };
  }

  async stop() {}
}

const script = new Script();

describeProvider({
  provider: new SandboxProvider(script.inbox),
  simulator: async () => script,
  settings: () => script.next(),
  to: '+34600123456',
  namesRetryAfter: true,
  inProcess: true,
});

describe('The sandbox', () => {
  const transport = { allowPrivate: false, signal: AbortSignal.timeout(60_000) };
  const to = (recipient: string) => outbound('sms', recipient);

  it('serves every channel, keeps no secret and shows what it took, newest first', async () => {
    const inbox = new SandboxInbox();
    const provider = new SandboxProvider(inbox);
    for (const channel of provider.channels) await provider.send(outbound(channel, channel), {}, transport);
    expect(inbox.list().map((message) => message.to)).toEqual(['telegram', 'email', 'voice', 'sms']);
    expect(inbox.list()[1]).toMatchObject({ subject: 'Your code', html: expect.stringContaining('493817'), takenAt: expect.any(Date) });
    expect(inbox.list()[0]).not.toHaveProperty('callbackUrl');
    inbox.clear();
    expect(inbox.list()).toEqual([]);
  });

  it('keeps a thousand messages and forgets the oldest', () => {
    const inbox = new SandboxInbox();
    for (let number = 1; number <= 2_500; number++) inbox.take(to(String(number)));
    const list = inbox.list().map((message) => Number(message.to));
    expect(list).toHaveLength(1_000);
    expect(list[0]).toBe(2_500);
    expect(list.at(-1)).toBe(1_501);
    expect(list.every((number, place) => number === 2_500 - place)).toBe(true);
  });

  it('starts anew once it is cleared, however full it was', () => {
    const inbox = new SandboxInbox(3);
    for (const name of ['a', 'b', 'c', 'd']) inbox.take(to(name));
    inbox.clear();
    for (const name of ['e', 'f']) inbox.take(to(name));
    expect(inbox.list().map((message) => message.to)).toEqual(['f', 'e']);
  });

  it('tells whoever watches, until they stop, and fails no message for a watcher that fails', async () => {
    const inbox = new SandboxInbox();
    const seen: string[] = [];
    const stop = inbox.subscribe((message) => void seen.push(message.to));
    inbox.subscribe(() => {
      throw new Error('a watcher that is gone');
    });
    const provider = new SandboxProvider(inbox);
    await provider.send(to('first'), {}, transport);
    await provider.send(to('second'), {}, transport);
    stop();
    await provider.send(to('third'), {}, transport);
    expect(seen).toEqual(['first', 'second']);
    expect(inbox.list()).toHaveLength(3);
  });

  it('is the same inbox wherever it is asked for in one process', () => {
    expect(new SandboxProvider().inbox).toBe(SandboxProvider.inbox);
  });

  it('takes its time when told so', async () => {
    const started = performance.now();
    await new SandboxProvider(new SandboxInbox()).send(to('slow'), { delay_ms: 60 }, transport);
    expect(performance.now() - started).toBeGreaterThan(50);
  });

  it('can lose a recipient for good', async () => {
    await expect(new SandboxProvider(new SandboxInbox()).send(to('gone'), { fail: 'recipient_gone' }, transport)).rejects.toMatchObject({
      kind: 'definite',
      details: { recipientGone: true },
    });
  });

  it.each([{ fail: 'sometimes' }, { delay_ms: -1 }, { delay_ms: 60_001 }, { host: 'x' }])('refuses %j', (settings) => {
    expect(new SandboxProvider().settings.safeParse(settings).success).toBe(false);
  });
});
