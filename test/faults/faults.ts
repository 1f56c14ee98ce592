import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Behaviour } from '../../libs/notifications/testing/describe-provider.js';
import { Laboratory } from './laboratory.js';

/** Begins when the first messages are on their way; the fault is over when it resolves. Returns how many messages were under way at crashes. */
type Fault = (lab: Laboratory, roll: () => number, isSending: () => boolean) => Promise<number | void>;

const every = async (milliseconds: number, isSending: () => boolean, act: () => Promise<unknown>) => {
  do {
    await sleep(milliseconds);
    await act();
  } while (isSending());
};

/** A share of the requests goes wrong for as long as messages are sent. */
const storm =
  (behaviour: Behaviour, share: number): Fault =>
  async (lab, roll, isSending) => {
    await every(20, isSending, async () => {
      lab.vonage.script(...Array.from({ length: 50 }, () => (roll() < share ? behaviour : 'accept')));
    });
    lab.vonage.script();
  };

const FAULTS: Record<string, { within?: number; run: Fault; withRedis?: boolean }> = {
  none: { run: async () => {} },
  'worker-kill': {
    within: 15,
    run: async (lab, _roll, isSending) => {
      let underWay = 0;
      await every(5_000, isSending, async () => (underWay += await lab.killWorker()));
      return underWay;
    },
  },
  // The vendor has it, and whoever sent it dies before it hears so.
  'kill-before-commit': {
    within: 15,
    run: async (lab, roll, isSending) => {
      const underWay: Promise<number>[] = [];
      let next = 40;
      lab.vonage.onTaken = (count) => {
        if (count < next || !isSending()) return;
        next = count + 60 + Math.floor(roll() * 60);
        // Nobody knows which of the two it was.
        underWay.push(lab.killWorker(), lab.killWorker());
      };
      await every(200, isSending, async () => {});
      lab.vonage.onTaken = () => {};
      return (await Promise.all(underWay)).reduce((sum, count) => sum + count, 0);
    },
  },
  'redis-stop': {
    within: 20,
    run: async (lab) => {
      await sleep(500);
      await lab.redis.halt();
      await sleep(6_000);
      await lab.redis.run();
    },
  },
  'redis-flush': { within: 20, run: (lab, _roll, isSending) => every(250, isSending, () => lab.redis.asks((client) => client.flushall())) },
  'redis-never': { within: 20, withRedis: false, run: async () => {} },
  'postgres-restart': {
    within: 10,
    run: async (lab) => {
      await sleep(1_000);
      await lab.restartPostgres();
    },
  },
  'storm-429': { run: storm('throttle', 0.5) },
  'storm-500': { run: storm('error', 0.3) },
  'storm-timeout': { run: storm('hang', 0.2) },
};

/** The same faults for the same number (mulberry32). */
function dice(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

async function tried(name: string, messages: number, start: number) {
  const { run, withRedis, within } = FAULTS[name]!;
  const began = Date.now();
  const say = (what: string) => process.stderr.write(`[${((Date.now() - began) / 1_000).toFixed(0).padStart(4)} s] ${name}: ${what}\n`);
  const lab = await Laboratory.open(withRedis === undefined ? {} : { withRedis });
  try {
    const numbers = Array.from({ length: messages }, (_, at) => `+3461${String(1_000_000 + at).slice(-7)}`);
    const accepted = new Map<string, number>();
    const answers: number[] = [];
    const copies = () => {
      const seen = new Map<string, number>();
      for (const { to } of [...lab.vonage.accepted, ...lab.sns.accepted]) {
        const number = `+${to.replace('+', '')}`;
        seen.set(number, (seen.get(number) ?? 0) + 1);
      }
      return seen;
    };
    let sending = true;
    const crash = sleep(300)
      .then(() => run(lab, dice(start), () => sending))
      .then((underWay) => ({ underWay: underWay ?? 0, over: Date.now() }));
    // Until nobody waits any more for what was taken in before the fault was over; what is sent after it comes behind that.
    const recovered = crash.then(async ({ over }) => {
      const before = [...accepted.keys()];
      for (const isHere = (seen: Map<string, number>) => before.every((number) => seen.has(number)); !isHere(copies());) {
        if (Date.now() - over > 90_000) break;
        await sleep(50);
      }
      return (Date.now() - over) / 1_000;
    });
    let next = 0;
    const sender = async () => {
      for (let at = next++; at < messages; at = next++) {
        const answer = await lab.send(numbers[at]!, at);
        if (!answer) {
          await sleep(250);
          continue;
        }
        accepted.set(numbers[at]!, answer.expiresAt);
        answers.push(answer.ms);
      }
    };
    const told = setInterval(() => say(`${accepted.size} taken in, ${copies().size} delivered`), 5_000);
    await Promise.all(Array.from({ length: 8 }, sender)).finally(() => {
      clearInterval(told);
      sending = false;
    });
    say(`${accepted.size} taken in`);
    const { underWay, over } = await crash;

    const missing = () => {
      const seen = copies();
      return [...accepted.keys()].filter((number) => !seen.has(number)).length;
    };
    for (let at = 0; missing() > 0 && Date.now() - over < 90_000; at++) {
      if (at % 100 === 0) say(`the fault is over, ${missing()} still to come`);
      await sleep(50);
    }
    const recovery = await recovered;
    // Whoever would send twice does so within a lease and a receipt window.
    if (name !== 'none') await sleep(16_000);
    const seen = copies();
    const stale = [...lab.vonage.takenAt].filter(([{ to }, at]) => at > (accepted.get(`+${to}`) ?? Infinity)).length;
    const duplicated = [...seen.values()].reduce((sum, count) => sum + count - 1, 0);
    const slowest = Math.round(Math.max(0, ...answers));
    const p99 = Math.round(answers.toSorted((a, b) => a - b)[Math.floor(answers.length * 0.99)] ?? 0);
    const lost = missing();
    const allowed = name.includes('kill') ? underWay : name.startsWith('storm') || name === 'postgres-restart' ? Infinity : 0;
    // Nothing taken in proves nothing; while PostgreSQL is away, some is refused.
    const isTaken = accepted.size >= messages * (name === 'postgres-restart' ? 0.5 : 1);
    const isWell = isTaken && lost === 0 && stale === 0 && duplicated <= allowed && (within === undefined || recovery <= within);
    return {
      fault: name,
      accepted: accepted.size,
      delivered: accepted.size - lost,
      lost,
      duplicated,
      'under way': underWay,
      stale,
      'recovery s': recovery,
      '201 p99 ms': p99,
      '201 max ms': slowest,
      well: isWell,
    };
  } finally {
    await lab.close();
  }
}

/** `npm run faults -- --seed 1 --messages 2000 --faults worker-kill,redis-stop`. Answers 0 when every promise was kept. */
export async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      seed: { type: 'string', default: '1' },
      messages: { type: 'string', default: '2000' },
      faults: { type: 'string', default: Object.keys(FAULTS).join() },
    },
  });
  const results = [];
  for (const name of values.faults.split(',')) {
    if (!FAULTS[name]) throw new Error(`There is no fault ${name}: ${Object.keys(FAULTS).join(', ')}`);
    const result = await tried(name, Number(values.messages), Number(values.seed));
    console.log(JSON.stringify(result));
    results.push(result);
  }
  console.table(results);
  return results.every(({ well }) => well) ? 0 : 1;
}
