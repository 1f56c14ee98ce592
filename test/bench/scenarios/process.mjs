import { peakRss } from '../harness/cpu.mjs';
import { shown, verdict } from '../harness/report.mjs';
import { CHEAP_HASH } from '../product/api.mjs';

/** @param {number} ms @param {Partial<import('../harness/rounds.mjs').Row>} [more] */
const once = (ms, more) => ({
  rate: Number.NaN,
  count: 1,
  p50: ms,
  p95: Number.NaN,
  p99: Number.NaN,
  max: ms,
  wrong: 0,
  samples: [],
  ...more,
});

/** @type {import('./index.mjs').Scenario} */
export const bootReady = {
  name: 'boot.ready',
  needs: ['ours', 'peer'],
  note: 'from spawning the process to its first 200, on a database that is already filled.',
  contestants: async (world) => [
    {
      label: 'ours',
      async run() {
        const api = await (await world.product()).startApi('boot', CHEAP_HASH);
        const rss = peakRss(api.pid);
        await api.stop();
        return once(api.readyMs, { rss });
      },
    },
    {
      label: 'better-auth',
      async run() {
        const server = await (await world.peerDatabase()).start('nohash');
        const rss = peakRss(server.pid);
        await server.stop();
        return once(server.readyMs, { rss });
      },
    },
  ],
  verdicts: (results) => [
    verdict('≤ 2.5 s', (results.ours?.p50 ?? Number.NaN) / 1000, (value) => value <= 2.5, 's'),
    shown('better-auth', (results['better-auth']?.p50 ?? Number.NaN) / 1000, 's'),
  ],
};

/** Comes last: the highest resident size of each server after all it went through. @type {import('./index.mjs').Scenario} */
export const rss = {
  name: 'rss',
  needs: ['ours', 'peer'],
  note: 'highest resident size after everything above; `full` hashes passwords at 19 MiB each, once per core.',
  async contestants(world) {
    await Promise.all([world.ours('full'), world.ours('cheap')]);
    return world.systems
      .filter(({ pid }) => pid)
      .map((system) => ({
        label: `${system.workerPid ? 'ours' : 'better-auth'}, ${system.name}`,
        run: async () => once(Number.NaN, { rss: peakRss(system.pid) }),
      }));
  },
  verdicts: (results) => [
    verdict(
      '≤ 200 MiB',
      Math.max(results['ours, full']?.rss ?? Number.NaN, results['ours, cheap']?.rss ?? Number.NaN),
      (value) => value <= 200,
      'MiB',
    ),
  ],
};
