import { shown, verdict } from '../harness/report.mjs';
import { PEER_PASSWORD, peerEmails } from '../peer/peer.mjs';
import { PASSWORD, people } from '../product/people.mjs';
import { argon2Floor } from './floors.mjs';
import { cpu, rate } from './index.mjs';

/** @type {import('./index.mjs').Scenario} */
export const loginPassword = {
  name: 'login.password',
  needs: ['ours', 'peer'],
  async contestants(world) {
    const { users } = world.options;
    const peer = async (/** @type {'scrypt' | 'argon2'} */ variant, /** @type {string} */ label) =>
      world.contestant(label, await world.peer(variant), {
        flow: 'peer.login',
        input: { emails: peerEmails(variant, users), password: PEER_PASSWORD },
      });
    return [
      world.contestant('ours', await world.ours('full'), {
        flow: 'ours.login',
        input: { people: people('full', users), password: PASSWORD },
      }),
      await peer('scrypt', 'better-auth as shipped'),
      await peer('argon2', 'better-auth, same hash'),
      argon2Floor(),
    ];
  },
  verdicts: (results) => [
    verdict('≥ 6 × better-auth as shipped', rate(results, 'ours', 'better-auth as shipped'), (value) => value >= 6),
    verdict('≥ 1.25 × better-auth with the same hash', rate(results, 'ours', 'better-auth, same hash'), (value) => value >= 1.25),
    verdict('≥ 85 % of the Argon2id floor', 100 * rate(results, 'ours', 'floor: Argon2id on all cores'), (value) => value >= 85, '%'),
    shown('CPU against better-auth with the same hash', cpu(results, 'better-auth, same hash', 'ours'), '× less'),
  ],
};

/** @type {import('./index.mjs').Scenario} */
export const loginOverhead = {
  name: 'login.overhead',
  needs: ['ours', 'peer'],
  note: 'people with a hash that costs nothing: Argon2id m=8 KiB, t=1 here, SHA-256 there. What remains is everything but the hash.',
  contestants: async (world) => [
    world.contestant('ours', await world.ours('cheap'), {
      flow: 'ours.login',
      input: { people: people('cheap', world.options.users), password: PASSWORD },
    }),
    world.contestant('better-auth', await world.peer('nohash'), {
      flow: 'peer.login',
      input: { emails: peerEmails('nohash', world.options.users), password: PEER_PASSWORD },
    }),
  ],
  verdicts: (results) => [
    verdict('≥ 3.2 × better-auth', rate(results, 'ours', 'better-auth'), (value) => value >= 3.2),
    verdict('≥ 2,500/s on the box of performance.md', results.ours?.rate ?? Number.NaN, (value) => value >= 2_500, '/s'),
    verdict(
      '≤ 400 µs server + PG',
      (results.ours?.serverUs ?? Number.NaN) + (results.ours?.pgUs ?? Number.NaN),
      (value) => value <= 400,
      'µs',
    ),
    shown('CPU against better-auth', cpu(results, 'better-auth', 'ours'), '× less'),
  ],
};
