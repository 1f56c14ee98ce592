import { shown, verdict } from '../harness/report.mjs';
import { PEER_PASSWORD, peerEmails } from '../peer/peer.mjs';
import { PASSWORD, people } from '../product/people.mjs';
import { cpu, cpuOf, rate } from './index.mjs';

/** Best refresh rate of the systems of performance.md §2.2 (brocoders/nestjs-boilerplate), on that box. */
const BEST_PEER_REFRESH = 659;

/** @type {import('./index.mjs').Scenario} */
export const sessionCheck = {
  name: 'session.check',
  needs: ['ours', 'peer'],
  note: 'GET /api/users/me beside GET /api/auth/get-session; both ask the database each time, so that a revocation is felt at once.',
  contestants: async (world) => [
    world.contestant('ours', await world.ours('cheap'), {
      flow: 'ours.session',
      input: { people: people('cheap', world.options.users), password: PASSWORD },
    }),
    world.contestant('better-auth', await world.peer('nohash'), {
      flow: 'peer.session',
      input: { emails: peerEmails('nohash', world.options.users), password: PEER_PASSWORD },
    }),
  ],
  verdicts: (results) => [
    verdict('≥ 4 × better-auth', rate(results, 'ours', 'better-auth'), (value) => value >= 4),
    shown('CPU against better-auth', cpu(results, 'better-auth', 'ours'), '× less'),
  ],
};

/** @type {import('./index.mjs').Scenario} */
export const tokenRefresh = {
  name: 'token.refresh',
  needs: ['ours', 'peer'],
  note: 'better-auth does not rotate tokens; beside ours stands its nearest act, a session check that extends the session (updateAge 0).',
  contestants: async (world) => [
    world.contestant('ours', await world.ours('cheap'), {
      flow: 'ours.refresh',
      input: { people: people('cheap', world.options.users), password: PASSWORD },
    }),
    world.contestant('better-auth, session extended', await world.peer('sliding'), {
      flow: 'peer.session',
      input: { emails: peerEmails('nohash', world.options.users), password: PEER_PASSWORD },
    }),
  ],
  verdicts: (results, floors) => [
    verdict(
      `≥ 3 × the best peer's ${BEST_PEER_REFRESH}/s (measured elsewhere, same kind of box)`,
      (results.ours?.rate ?? Number.NaN) / BEST_PEER_REFRESH,
      (value) => value >= 3,
    ),
    shown('CPU against the session extended', cpu(results, 'better-auth, session extended', 'ours'), '× less'),
    shown(
      'CPU against hello + prepared SELECT',
      cpuOf(results.ours) / (cpuOf(floors['floor: Nest + Fastify hello']) + cpuOf(floors['floor: prepared SELECT, pool of 10'])),
    ),
  ],
};
