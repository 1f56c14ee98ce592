import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPeer } from '../peer/peer.mjs';
import { CHEAP_HASH, createProduct } from '../product/api.mjs';
import { COMPANIES } from '../product/people.mjs';
import { makeSenders } from '../product/senders.mjs';
import { startVendor } from '../vendor/vendor.mjs';
import { measure } from './measure.mjs';
import { startPostgres } from './postgres.mjs';
import { freePort, startNode, untilReady } from './processes.mjs';
import { progress } from './report.mjs';

/** Remembers what `make` promised the first time. @param {Map<string, Promise<any>>} kept @param {string} text @param {() => Promise<any>} make */
function once(kept, text, make) {
  const promise = kept.get(text) ?? make();
  kept.set(text, promise);
  return promise;
}

/** Everything the scenarios measure, started when first asked for. @param {import('./options.mjs').Options} options */
export async function createWorld(options) {
  const directory = mkdtempSync(join(tmpdir(), 'watchword-bench-'));
  chmodSync(directory, 0o711); // PostgreSQL, which does not run as root, must pass through
  const logs = join(directory, 'logs');
  mkdirSync(logs);
  progress(`data and logs: ${directory}`);
  const postgres = await startPostgres(join(directory, 'data'), progress);
  /** @type {Map<string, Promise<any>>} */
  const kept = new Map();
  /** @type {(import('./measure.mjs').System & { stop(): Promise<void> })[]} */
  const systems = [];
  /** @type {(() => Promise<void>)[]} */
  const stops = [];
  const keep = (/** @type {any} */ system) => (systems.push(system), system);

  /** @type {() => Promise<import('../vendor/vendor.mjs').Vendor>} */
  const vendor = () => once(kept, 'vendor', () => startVendor(logs));
  /** @type {() => Promise<import('../product/api.mjs').Product>} */
  const product = () =>
    once(kept, 'product', async () =>
      createProduct(postgres, {
        name: 'watchword',
        vendorUrl: (await vendor()).url,
        logs,
        users: options.users,
        companies: COMPANIES,
        events: 2 * options.users,
        busyEvents: options.smoke ? 10_000 : 200_000,
        authenticators: true,
      }),
    );
  const peerDatabase = () => once(kept, 'peer', () => createPeer(postgres, { logs, users: options.users }));

  /** Ours, as shipped (`full`) or with a hash that costs nothing (`cheap`). @type {(hashing: 'full' | 'cheap') => Promise<import('../product/api.mjs').Api>} */
  const ours = (hashing) =>
    once(kept, `ours ${hashing}`, async () => keep(await (await product()).startApi(hashing, hashing === 'cheap' ? CHEAP_HASH : {})));

  return {
    options,
    postgres,
    systems,
    logs,
    product,
    peerDatabase,
    /** @param {() => Promise<void>} stop */
    onStop: (stop) => stops.push(stop),
    ours,
    vendor,
    /** API keys of companies that text: the same for all scenarios, but for those with a provider that is capped. @param {number} [perSecond] @returns {Promise<string[]>} */
    senders: (perSecond) =>
      once(kept, `senders ${perSecond}`, async () =>
        makeSenders((await ours('cheap')).origin, perSecond ? 1 : 8, perSecond ? { from: 8, perSecond } : {}),
      ),
    /** @param {import('../peer/peer.mjs').Variant} variant */
    peer: (variant) => once(kept, `peer ${variant}`, async () => keep(await (await peerDatabase()).start(variant))),
    hello: () =>
      once(kept, 'hello', async () => {
        const port = await freePort();
        const server = await startNode({
          name: 'floor-hello',
          script: 'test/bench/floors/hello.mjs',
          env: { PORT: String(port), NODE_ENV: 'production' },
          logs,
        });
        await untilReady(server, `http://127.0.0.1:${port}/hello`);
        return {
          name: 'hello',
          origin: `http://127.0.0.1:${port}`,
          pid: server.pid,
          databaseUrl: postgres.ownerUrl,
          stop: () => server.stop(),
        };
      }),
    /**
     * A contestant that answers HTTP.
     * @param {string} label @param {import('./measure.mjs').System} system @param {import('./measure.mjs').Load} load
     * @param {{ beside?: import('./measure.mjs').Load, before?: () => Promise<unknown>, settle?: () => Promise<unknown>, openLoop?: boolean, pool?: number }} [extra]
     *   `pool`: operations that can be prepared for one window at most, for loads that use something up
     * @returns {import('./rounds.mjs').Contestant}
     */
    contestant(label, system, load, { beside, before, settle, openLoop = true, pool } = {}) {
      const shaped = (/** @type {number} */ seconds, /** @type {number} */ rate) =>
        pool ? { ...load, input: { ...load.input, operations: Math.min(pool, Math.ceil(seconds * (rate || 1_000) * 1.3)) } } : load;
      return {
        label,
        async run(seconds, expectedRate) {
          await before?.();
          return measure(postgres, system, shaped(seconds, expectedRate), seconds, beside, settle);
        },
        ...(openLoop && {
          async open(/** @type {number} */ seconds, /** @type {number} */ rate) {
            await before?.();
            return measure(postgres, system, { ...shaped(seconds, rate), rate, connections: 64 }, seconds, undefined, settle);
          },
        }),
      };
    },
    async stop() {
      const stopping = [...systems.map((system) => system.stop()), ...stops.map((stop) => stop())];
      for (const name of ['product', 'hello', 'vendor']) stopping.push(Promise.resolve(kept.get(name)).then((started) => started?.stop()));
      await Promise.allSettled(stopping);
      await postgres.stop();
      if (!options.keep) rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** @typedef {Awaited<ReturnType<typeof createWorld>>} World */
