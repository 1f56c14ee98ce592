import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { HttpConnection } from './http-connection.mjs';
import { Latencies } from './latencies.mjs';

/**
 * What one connection does. `next` gives the request to send, or undefined when nothing is left to do; `check` reads the answer and says
 * under which name its latency counts, or throws: an answer nobody expected is a wrong answer, and one of them fails the scenario.
 *
 * @typedef {{ next(): string | undefined, check(response: import('./http-connection.mjs').Response): string | void }} Worker
 * @typedef {{ seconds: number, connections: number, rate?: number }} Shape  with a rate: open loop; without: closed
 */

/** Counts what came back, and when. */
class Tally {
  /** @type {Map<string, Latencies>} */
  kinds = new Map();
  all = new Latencies();
  wrong = 0;
  /** @type {string[]} */
  samples = [];
  started = performance.now();
  last = this.started;

  /** @param {Worker} worker @param {import('./http-connection.mjs').Response | Error} response @param {number} since */
  count(worker, response, since) {
    this.last = performance.now();
    try {
      if (response instanceof Error) throw response;
      const kind = worker.check(response);
      this.all.add(this.last - since);
      if (!kind) return;
      const latencies = this.kinds.get(kind) ?? new Latencies();
      latencies.add(this.last - since);
      this.kinds.set(kind, latencies);
    } catch (error) {
      this.wrong++;
      const answer = response instanceof Error ? '' : ` [${response.status} ${response.body.slice(0, 300)}]`;
      if (this.samples.length < 3) this.samples.push(`${/** @type {Error} */ (error).message}${answer}`);
    }
  }

  result() {
    const seconds = (this.last - this.started) / 1000;
    const kinds = Object.fromEntries([...this.kinds].map(([kind, latencies]) => [kind, latencies.summary()]));
    return { ...this.all.summary(), seconds, rate: this.all.count / seconds, wrong: this.wrong, samples: this.samples, kinds };
  }
}

/** @typedef {ReturnType<Tally['result']>} LoadResult */

/** @param {string} origin @param {Worker[]} workers @param {Shape} shape @returns {Promise<LoadResult>} */
export async function run(origin, workers, shape) {
  const crew = workers.slice(0, shape.connections).map((worker) => ({ worker, connection: new HttpConnection(origin) }));
  const tally = new Tally();
  await (shape.rate ? openLoop(crew, tally, shape.rate, shape.seconds) : closedLoop(crew, tally, shape.seconds));
  for (const { connection } of crew) connection.close();
  return tally.result();
}

/** @typedef {{ worker: Worker, connection: HttpConnection }} Member */

/** Each connection sends as soon as its last answer is in. @param {Member[]} crew @param {Tally} tally @param {number} seconds */
function closedLoop(crew, tally, seconds) {
  const end = tally.started + seconds * 1000;
  const one = (/** @type {Member} */ { worker, connection }) =>
    new Promise((resolve) => {
      const again = () => {
        const sent = performance.now();
        const request = sent < end ? worker.next() : undefined;
        if (request === undefined) return resolve(undefined);
        connection.send(request, (response) => {
          tally.count(worker, response, sent);
          again();
        });
      };
      again();
    });
  return Promise.all(crew.map(one));
}

/**
 * Requests fall due at even intervals whatever the server does; each waits for a free connection if it must, and its latency counts from
 * the moment it was due, so that a stall is felt by everybody who would have come during it.
 *
 * @param {Member[]} crew @param {Tally} tally @param {number} rate @param {number} seconds
 */
async function openLoop(crew, tally, rate, seconds) {
  const idle = [...crew];
  const total = Math.floor(rate * seconds);
  let due = 0;
  let exhausted = false;
  const dueAt = (/** @type {number} */ index) => tally.started + (index * 1000) / rate;
  const dispatch = () => {
    while (!exhausted && due < total && idle.length > 0 && dueAt(due) <= performance.now()) {
      const member = /** @type {Member} */ (idle.pop());
      const request = member.worker.next();
      if (request === undefined) {
        exhausted = true;
        idle.push(member);
        return;
      }
      const since = dueAt(due++);
      member.connection.send(request, (response) => {
        tally.count(member.worker, response, since);
        idle.push(member);
        dispatch();
      });
    }
  };
  while (!exhausted && due < total) {
    dispatch();
    await sleep(1);
  }
  while (idle.length < crew.length) await sleep(1);
}

/**
 * Runs `step` for each item over a few connections: set-up before a window, never measured.
 * @template T, R
 * @param {string} origin @param {T[]} items @param {(send: (payload: string) => Promise<import('./http-connection.mjs').Response>, item: T) => Promise<R>} step
 * @returns {Promise<R[]>}
 */
export async function each(origin, items, step) {
  /** @type {R[]} */
  const results = [];
  let at = 0;
  const lane = async () => {
    const connection = new HttpConnection(origin);
    while (at < items.length) {
      const index = at++;
      results[index] = await step((text) => connection.request(text), /** @type {T} */ (items[index]));
    }
    connection.close();
  };
  await Promise.all(Array.from({ length: 16 }, lane));
  return results;
}
