import { shown, verdict } from '../harness/report.mjs';
import { asOwner } from '../harness/postgres.mjs';
import { PEER_PASSWORD, PEER_TOTP_KEY, peerEmails } from '../peer/peer.mjs';
import { resetAuthenticators } from '../product/authenticators.mjs';
import { PASSWORD, people, TOTP_KEY } from '../product/people.mjs';
import { cpu, rate } from './index.mjs';

/** @type {import('./index.mjs').Scenario} */
export const mfaChallenge = {
  name: 'mfa.challenge',
  needs: ['ours', 'peer'],
  note: 'a right password of somebody with an authenticator, the hash costing nothing in both.',
  contestants: async (world) => [
    world.contestant('ours', await world.ours('cheap'), {
      flow: 'ours.challenge',
      input: { people: people('enrolled', world.options.users), password: PASSWORD },
    }),
    world.contestant('better-auth', await world.peer('nohash'), {
      flow: 'peer.challenge',
      input: { emails: peerEmails('enrolled', world.options.users), password: PEER_PASSWORD },
    }),
  ],
  verdicts: (results) => [
    verdict('≥ 5 × better-auth', rate(results, 'ours', 'better-auth'), (value) => value >= 5),
    shown('CPU against better-auth', cpu(results, 'better-auth', 'ours'), '× less'),
  ],
};

/** @type {import('./index.mjs').Scenario} */
export const mfaTotpVerify = {
  name: 'mfa.totp.verify',
  needs: ['ours', 'peer'],
  note:
    'only the verification is measured; the sign-ins before it are not. We refuse a code used before, better-auth takes it again; so before each window ' +
    'the last step of our authenticators is set back by SQL, and each serves two codes. A window ends early when they are used up.',
  async contestants(world) {
    const { users } = world.options;
    const ours = people('enrolled', users);
    const { superuserUrl } = await world.product();
    const before = () => asOwner(superuserUrl, resetAuthenticators);
    return [
      world.contestant(
        'ours',
        await world.ours('cheap'),
        { flow: 'ours.totp', input: { people: ours, password: PASSWORD, totpKey: TOTP_KEY.toString('base64') } },
        { before, pool: 2 * ours.length },
      ),
      world.contestant(
        'better-auth',
        await world.peer('nohash'),
        {
          flow: 'peer.totp',
          input: { emails: peerEmails('enrolled', users), password: PEER_PASSWORD, totpKey: PEER_TOTP_KEY.toString('base64') },
        },
        { pool: 1_000_000 },
      ),
    ];
  },
  verdicts: (results) => [
    verdict('≥ 5 × better-auth', rate(results, 'ours', 'better-auth'), (value) => value >= 5),
    shown('CPU against better-auth', cpu(results, 'better-auth', 'ours'), '× less'),
  ],
};
