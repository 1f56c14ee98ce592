import { shown, verdict } from '../harness/report.mjs';
import { PEER_PASSWORD, peerEmails } from '../peer/peer.mjs';
import { PASSWORD, people } from '../product/people.mjs';

const FLOOD = 32;
const CHECKS = { rate: 200, connections: 32 };

/** @type {import('./index.mjs').Scenario} */
export const isolationLoginFlood = {
  name: 'isolation.login_flood',
  needs: ['ours', 'peer'],
  note: `${FLOOD} people sign in over and over while others' sessions are checked ${CHECKS.rate} times a second; latency from the due time.`,
  async contestants(world) {
    const { users, smoke } = world.options;
    const sessions = smoke ? 16 : 64;
    const full = { people: people('full', users), password: PASSWORD, sessions };
    const peer = async (/** @type {'scrypt' | 'argon2'} */ variant, /** @type {string} */ label) => {
      const emails = peerEmails(variant, users);
      return world.contestant(
        label,
        await world.peer(variant),
        { flow: 'peer.login', input: { emails, password: PEER_PASSWORD }, connections: FLOOD },
        {
          beside: { flow: 'peer.session', input: { emails: emails.slice(-sessions), password: PEER_PASSWORD }, ...CHECKS },
          openLoop: false,
        },
      );
    };
    return [
      world.contestant(
        'ours',
        await world.ours('full'),
        { flow: 'ours.login', input: full, connections: FLOOD },
        { beside: { flow: 'ours.session', input: { ...full, people: full.people.slice(-sessions) }, ...CHECKS }, openLoop: false },
      ),
      await peer('scrypt', 'better-auth as shipped'),
      await peer('argon2', 'better-auth, same hash'),
    ];
  },
  verdicts: (results) => [
    verdict('session checks: p99 ≤ 25 ms', results.ours?.beside?.p99 ?? Number.NaN, (value) => value <= 25, 'ms'),
    shown('better-auth as shipped: p99', results['better-auth as shipped']?.beside?.p99 ?? Number.NaN, 'ms'),
    shown('better-auth, same hash: p99', results['better-auth, same hash']?.beside?.p99 ?? Number.NaN, 'ms'),
  ],
};

/** @type {import('./index.mjs').Scenario} */
export const attackStuffing = {
  name: 'attack.stuffing',
  needs: ['ours', 'peer'],
  note:
    'one sign-in in ten is right, the others go by halves to people who exist and to people who do not, spread over many accounts, so that neither the ' +
    'growing delay nor a cap decides; the limits per address are on and out of reach. The flood has 1,500 connections: more than the queue of hashes takes.',
  async contestants(world) {
    const { users, smoke } = world.options;
    const ours = await world.ours('full');
    const input = { people: people('full', users), password: PASSWORD };
    return [
      world.contestant('ours', ours, { flow: 'ours.stuffing', input }, { openLoop: false }),
      world.contestant(
        'better-auth, same hash',
        await world.peer('argon2'),
        { flow: 'peer.stuffing', input: { emails: peerEmails('argon2', users), password: PEER_PASSWORD } },
        { openLoop: false },
      ),
      world.contestant(
        'ours, flooded',
        ours,
        { flow: 'ours.stuffing', input: { ...input, flooded: true }, connections: smoke ? 1_000 : 1_500 },
        { openLoop: false },
      ),
    ];
  },
  verdicts(results) {
    const kinds = results.ours?.kinds ?? {};
    const refused = results['ours, flooded']?.kinds?.['503 with Retry-After'];
    return [
      verdict(
        'p50 of an unknown person beside a wrong password: within 2 %',
        100 * Math.abs((kinds.unknown?.p50 ?? Number.NaN) / (kinds.wrong?.p50 ?? Number.NaN) - 1),
        (value) => value <= 2,
        '%',
      ),
      shown('503 with Retry-After when flooded', refused?.count ?? 0, ''),
      ...(refused ? [verdict('… answered in < 50 ms (p50)', refused.p50, (value) => value < 50, 'ms')] : []),
    ];
  },
};
