import { createProduct, CHEAP_HASH } from '../product/api.mjs';
import { BUSY_COMPANY, PASSWORD, people, person } from '../product/people.mjs';
import { verdict } from '../harness/report.mjs';
import { cpuOf } from './index.mjs';

const OPERATIONS = ['login', 'session', 'refresh', 'audit'];
const title = (/** @type {string} */ operation, /** @type {number} */ users) => `${operation}, ${users.toLocaleString('en-US')} people`;

/** @type {import('./index.mjs').Scenario} */
export const scale = {
  name: 'scale',
  needs: ['ours'],
  note: 'the same product on databases of growing size: a company for each hundred people, a session each, ten audit events each; CPU is server, worker and PG.',
  async contestants(world) {
    const { sizes } = world.options;
    /** @type {{ users: number, api: import('../harness/measure.mjs').System, everybody: object, admin: object }[]} */
    const systems = [];
    for (const users of sizes) {
      const companies = Math.max(10, users / 100);
      const product = await createProduct(world.postgres, {
        name: `scale_${users}`,
        logs: world.logs,
        users,
        companies,
        events: 9 * users,
        busyEvents: users,
        authenticators: false,
      });
      world.onStop(product.stop);
      const api = await product.startApi('api', CHEAP_HASH);
      world.onStop(api.stop);
      const everybody = { people: people('cheap', users, companies), password: PASSWORD };
      systems.push({ users, api, everybody, admin: { people: [person(BUSY_COMPANY, companies)], password: PASSWORD } });
    }
    return OPERATIONS.flatMap((operation) =>
      systems.map(({ users, api, everybody, admin }) => {
        const load = { flow: `ours.${operation}`, input: operation === 'audit' ? admin : everybody };
        return world.contestant(title(operation, users), api, load, { openLoop: false });
      }),
    );
  },
  verdicts(results, _floors, { sizes }) {
    const [smallest = 0, largest = 0] = [sizes.at(0), sizes.at(-1)];
    return OPERATIONS.map((operation) =>
      verdict(
        `${operation}: CPU at ${largest.toLocaleString('en-US')} people ≤ 1.5 × at ${smallest.toLocaleString('en-US')}`,
        cpuOf(results[title(operation, largest)]) / cpuOf(results[title(operation, smallest)]),
        (value) => value <= 1.5,
      ),
    );
  },
};
