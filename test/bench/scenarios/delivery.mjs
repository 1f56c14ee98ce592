import { setTimeout as sleep } from 'node:timers/promises';
import { processCpu, treeCpu } from '../harness/cpu.mjs';
import { startRedis } from '../harness/redis.mjs';
import { shown, verdict } from '../harness/report.mjs';
import { prepareLoad } from '../load/load.mjs';

const A_SECOND = 200;
const NOTHING = { rate: 0, count: 0, p50: Number.NaN, p95: Number.NaN, p99: Number.NaN, max: Number.NaN, wrong: 0, samples: [] };
const [IN_PROCESS, REDIS] = ['ours, in the worker', 'ours, over Redis'];

/** @type {import('./index.mjs').Scenario} */
export const otpDeliveryLatency = {
  name: 'otp.delivery.latency',
  needs: ['ours'],
  note: `${A_SECOND} codes a second, open loop: from the request's leaving to the vendor's reading of it, which finds the time in the message.`,
  async contestants(world) {
    const [product, vendor] = [await world.product(), await world.vendor()];
    const [api, keys, redis] = [await world.ours('cheap'), await world.senders(), await startRedis()];
    if (redis) world.onStop(redis.stop);
    const run = (/** @type {Record<string, string>} */ settings) => async (/** @type {number} */ seconds) => {
      if (seconds === world.options.warmUp) return NOTHING; // each window has a worker of its own
      await product.settled();
      await product.startWorker(settings);
      await vendor.expect();
      const shape = { connections: 64, seconds: seconds + 1, rate: A_SECOND };
      const load = await prepareLoad({ origin: api.origin, flow: 'ours.otp.send', input: { keys, stamped: true }, shape });
      await sleep(1_500); // the worker is up, and has opened its connections
      const accepted = await load.start();
      await product.settled();
      if (redis && settings.REDIS_URL) await product.startWorker();
      const book = await vendor.book();
      const lost = accepted.count - book.different;
      return { ...book.latency, rate: accepted.rate, wrong: accepted.wrong + Math.abs(lost), samples: accepted.samples };
    };
    return [{ label: IN_PROCESS, run: run({}) }, ...(redis ? [{ label: REDIS, run: run({ REDIS_URL: redis.url }) }] : [])];
  },
  verdicts: (results) =>
    [IN_PROCESS, REDIS]
      .filter((label) => results[label])
      .map((label) => verdict(`${label}: p99 ≤ 20 ms`, results[label]?.p99 ?? Number.NaN, (value) => value <= 20, 'ms')),
};

const CAP = 30;
const [DRAIN, CAPPED] = ['ours, the vendor at once', `ours, the vendor at ${CAP}/s`];

/** @type {import('./index.mjs').Scenario} */
export const otpDeliveryDrain = {
  name: 'otp.delivery.drain',
  needs: ['ours'],
  note:
    'messages pile up while no worker runs; then one starts. The rate counts from the first call of the vendor to the last. Each message is its own: ' +
    `one that is lost or comes twice is a wrong answer. At the cap the company has said ${CAP} a second, and the vendor answers 429 to what is more.`,
  async contestants(world) {
    const { smoke, warmUp } = world.options;
    const [product, vendor] = [await world.product(), await world.vendor()];
    const api = await world.ours('cheap');
    let first = 0;
    const run =
      (/** @type {string[]} */ keys, /** @type {number} */ size, /** @type {number | null} */ cap) =>
      async (/** @type {number} */ seconds) => {
        if (seconds === warmUp) return NOTHING;
        await product.settled();
        await product.stopWorker();
        const shape = { connections: 16, seconds: 300 };
        const load = await prepareLoad({ origin: api.origin, flow: 'ours.otp.backlog', input: { keys, operations: size, first }, shape });
        first += size;
        const accepted = await load.start();
        await vendor.expect(cap);
        const worker = await product.startWorker();
        while ((await vendor.book()).taken === 0) await sleep(10);
        const before = { worker: processCpu(worker.pid), pg: treeCpu(world.postgres.pid) };
        await product.settled();
        const book = await vendor.book();
        const each = (/** @type {number} */ used) => used / size;
        return {
          ...NOTHING,
          rate: (book.taken - 1) / book.seconds,
          count: book.taken,
          wrong: accepted.wrong + (size - book.different) + (book.taken - book.different),
          samples: accepted.samples,
          workerUs: each(processCpu(worker.pid) - before.worker),
          pgUs: each(treeCpu(world.postgres.pid) - before.pg),
          throttled: book.throttled,
        };
      };
    return [
      { label: DRAIN, run: run(await world.senders(), smoke ? 500 : 20_000, null) },
      { label: CAPPED, run: run(await world.senders(CAP), smoke ? 60 : CAP * 10, CAP) },
    ];
  },
  verdicts: (results) => [
    verdict('≥ 3,000/s', results[DRAIN]?.rate ?? Number.NaN, (value) => value >= 3_000, '/s'),
    verdict(`≥ 29/s at the cap of ${CAP}`, results[CAPPED]?.rate ?? Number.NaN, (value) => value >= 29, '/s'),
    shown('429s at the cap', /** @type {any} */ (results[CAPPED])?.throttled ?? Number.NaN, ''),
  ],
};
