import { asOwner } from '../harness/postgres.mjs';
import { shown, verdict } from '../harness/report.mjs';
import { PEER_PASSWORD, peerEmails } from '../peer/peer.mjs';
import { liveCodes } from '../product/live-codes.mjs';
import { cpu, cpuOf, rate } from './index.mjs';

/** @param {import('../harness/world.mjs').World} world */
const people = ({ options }) => ({ emails: peerEmails('enrolled', options.users), password: PEER_PASSWORD });

const ACCEPTED = 'ours, accepted only';

/** @type {import('./index.mjs').Scenario} */
export const mfaOtpSend = {
  name: 'mfa.otp.send',
  needs: ['ours', 'peer'],
  note:
    'POST /api/verifications: sealed, audited, stored with the message that carries it. CPU of ours counts until the vendor, a process of its own, has ' +
    'had all messages over HTTP; better-auth writes the code in plain text and hands it to a function that does nothing. Accepted only: while no worker ' +
    'runs, which is what better-auth does, and no more of it.',
  async contestants(world) {
    const product = await world.product();
    const [ours, keys] = [await world.ours('cheap'), await world.senders()];
    const load = { flow: 'ours.otp.send', input: { keys } };
    const accepting = world.contestant(ACCEPTED, { ...ours, workerPid: undefined }, load, { before: product.stopWorker, openLoop: false });
    const thenDelivered = async (/** @type {number} */ seconds, /** @type {number} */ rate) => {
      const row = await accepting.run(seconds, rate);
      await product.startWorker();
      await product.settled();
      return row;
    };
    return [
      world.contestant('ours', ours, load, { settle: product.settled }),
      { ...accepting, run: thenDelivered },
      world.contestant('better-auth as shipped', await world.peer('nohash'), { flow: 'peer.otp.send', input: people(world) }),
      world.contestant('better-auth, tuned', await world.peer('tuned'), { flow: 'peer.otp.send', input: people(world) }),
    ];
  },
  verdicts: (results) => [
    verdict('≥ 3 × better-auth as shipped', rate(results, 'ours', 'better-auth as shipped'), (value) => value >= 3),
    verdict('≥ 1.5 × better-auth, tuned', rate(results, 'ours', 'better-auth, tuned'), (value) => value >= 1.5),
    shown('accepted only, against better-auth as shipped', rate(results, ACCEPTED, 'better-auth as shipped'), '×'),
    shown('accepted only, against better-auth, tuned', rate(results, ACCEPTED, 'better-auth, tuned'), '×'),
    shown('server + PG CPU against better-auth as shipped', cpu(results, 'better-auth as shipped', 'ours'), '× less, delivery included'),
  ],
};

/** @type {import('./index.mjs').Scenario} */
export const mfaOtpVerify = {
  name: 'mfa.otp.verify',
  needs: ['ours', 'peer'],
  note: 'only checking the code is measured; sending it (and signing in, there) comes before. A window ends early when the codes are used up.',
  async contestants(world) {
    const { url: vendor } = await world.vendor();
    const [ours, keys] = [await world.ours('cheap'), await world.senders()];
    const pool = 20_000;
    const peer = { flow: 'peer.otp.verify', input: people(world) };
    return [
      world.contestant('ours', ours, { flow: 'ours.otp.check', input: { keys, vendor } }, { pool, openLoop: false }),
      world.contestant('better-auth as shipped', await world.peer('nohash'), peer, { pool, openLoop: false }),
      world.contestant('better-auth, tuned', await world.peer('tuned'), peer, { pool, openLoop: false }),
    ];
  },
  verdicts: (results) => [
    verdict('≥ 7 × better-auth as shipped', rate(results, 'ours', 'better-auth as shipped'), (value) => value >= 7),
    shown('better-auth, tuned', rate(results, 'ours', 'better-auth, tuned')),
    shown('CPU against better-auth as shipped', cpu(results, 'better-auth as shipped', 'ours'), '× less'),
  ],
};

const manyOf = (/** @type {import('../harness/options.mjs').Options} */ { smoke }) => (smoke ? 20_000 : 100_000);
const labelOf = (/** @type {number} */ live) => `ours, ${live.toLocaleString('en-US')} live codes`;

/** @type {import('./index.mjs').Scenario} */
export const otpLiveCodes = {
  name: 'otp.live_codes',
  needs: ['ours'],
  note: 'what a check costs beside codes that nobody has typed yet.',
  async contestants(world) {
    const { superuserUrl } = await world.product();
    const { url: vendor } = await world.vendor();
    const [ours, keys] = [await world.ours('cheap'), await world.senders()];
    return [0, manyOf(world.options)].map((live) =>
      world.contestant(
        labelOf(live),
        ours,
        { flow: 'ours.otp.check', input: { keys, vendor } },
        { pool: 5_000, openLoop: false, before: () => asOwner(superuserUrl, (client) => liveCodes(client, live)) },
      ),
    );
  },
  verdicts: (results, _floors, options) => [
    verdict(
      `CPU at ${manyOf(options).toLocaleString('en-US')} live codes ≤ 1.5 × at 0`,
      cpuOf(results[labelOf(manyOf(options))]) / cpuOf(results[labelOf(0)]),
      (value) => value <= 1.5,
    ),
  ],
};
