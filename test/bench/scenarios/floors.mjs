import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { treeCpu } from '../harness/cpu.mjs';
import { CORES, ROOT } from '../harness/processes.mjs';

const execute = promisify(execFile);

/** A floor that is a program of its own: it runs for its seconds and prints what it reached. @param {string} script @param {Record<string, string>} env @returns {Promise<any>} */
async function program(script, env) {
  const { stdout } = await execute(process.execPath, [join(ROOT, 'test/bench/floors', script)], {
    env: { PATH: process.env.PATH, UV_THREADPOOL_SIZE: String(CORES), ...env },
  });
  return { wrong: 0, samples: [], ...JSON.parse(stdout) };
}

/** @returns {import('../harness/rounds.mjs').Contestant} */
export const argon2Floor = () => ({
  label: 'floor: Argon2id on all cores',
  run: (seconds) => program('argon2.mjs', { FLOOR_SECONDS: String(seconds) }),
});

/** @param {import('../harness/world.mjs').World} world @returns {import('../harness/rounds.mjs').Contestant} */
const selectFloor = ({ postgres }) => ({
  label: 'floor: prepared SELECT, pool of 10',
  async run(seconds) {
    const before = treeCpu(postgres.pid);
    const row = await program('select.mjs', { FLOOR_SECONDS: String(seconds), DATABASE_URL: postgres.ownerUrl });
    return { ...row, pgUs: (treeCpu(postgres.pid) - before) / row.count, statements: 1 };
  },
});

/** @type {import('./index.mjs').Scenario} */
export const floors = {
  name: 'floors',
  needs: [],
  note: 'what this machine gives at most, now: every other figure is to be read against these',
  contestants: async (world) => [
    argon2Floor(),
    world.contestant('floor: Nest + Fastify hello', await world.hello(), { flow: 'floor.hello' }, { openLoop: false }),
    selectFloor(world),
  ],
  verdicts: () => [],
};
