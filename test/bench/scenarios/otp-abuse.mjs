import { asOwner } from '../harness/postgres.mjs';
import { shown, verdict } from '../harness/report.mjs';
import { prepareLoad } from '../load/load.mjs';
import { CHEAP_HASH } from '../product/api.mjs';

const LIMIT = 3_000; // requests a minute
const STEADY = { rate: 40, connections: 16 };
const NOISE = { rate: (10 * LIMIT) / 60, connections: 32 };
const ADDRESSES = { steady: '198.51.100.7', noisy: '203.0.113.9' };
const [IDLE, BESIDE, REFUSED] = ['B alone', 'B beside A', 'A alone, refused'];

/** @type {import('./index.mjs').Scenario} */
export const isolationNoisyTenant = {
  name: 'isolation.noisy_tenant',
  needs: ['ours'],
  note:
    `companies A and B may ask ${LIMIT} times a minute each. B sends ${STEADY.rate} codes a second; A asks ten times what it may, and has used up its ` +
    'minute when the window begins (a minute may end in it, and A then sends for a while). Latency from the due time.',
  async contestants(world) {
    const product = await world.product();
    const keys = await world.senders();
    const api = await product.startApi('limited', {
      ...CHEAP_HASH,
      RATE_LIMIT_SCALE: '1',
      RATE_LIMIT_APPLICATION: String(LIMIT),
      TRUSTED_PROXIES: '127.0.0.1',
    });
    world.onStop(api.stop);
    const steady = { flow: 'ours.otp.steady', input: { keys: keys.slice(1, 2), address: ADDRESSES.steady }, ...STEADY };
    const noisy = { flow: 'ours.otp.noisy', input: { keys: keys.slice(0, 1), address: ADDRESSES.noisy, operations: LIMIT } };
    const more = { openLoop: false, before: product.settled };
    return [
      world.contestant(IDLE, api, steady, more),
      world.contestant(BESIDE, api, steady, { ...more, beside: { ...noisy, ...NOISE } }),
      world.contestant(REFUSED, api, noisy, more),
    ];
  },
  verdicts: (results) => [
    verdict(
      "B's p99 beside A ≤ 1.5 × alone",
      (results[BESIDE]?.p99 ?? Number.NaN) / (results[IDLE]?.p99 ?? Number.NaN),
      (value) => value <= 1.5,
    ),
    verdict('a refusal ≤ 60 µs of the server', results[REFUSED]?.serverUs ?? Number.NaN, (value) => value <= 60, 'µs'),
    shown('refusals', results[REFUSED]?.rate ?? Number.NaN, '/s'),
  ],
};

const CODE = '048151';
const GUESSERS = 1_000;
const MOST = 5;

/** @type {import('./index.mjs').Scenario} */
export const attackOtpGuess = {
  name: 'attack.otp_guess',
  needs: ['ours'],
  note: `${GUESSERS} guesses at one verification, all at once, one of them right. More than ${MOST} looked at, or more than one valid, fails.`,
  async contestants(world) {
    const { superuserUrl } = await world.product();
    const [api, keys] = [await world.ours('cheap'), (await world.senders()).slice(0, 1)];
    return [
      {
        label: 'ours',
        async run() {
          const id = await sendCode(api.origin, keys[0] ?? '');
          const shape = { connections: GUESSERS, seconds: 30 };
          const load = await prepareLoad({ origin: api.origin, flow: 'ours.otp.guess', input: { keys, id, code: CODE }, shape });
          const result = await load.start();
          const looked = await asOwner(superuserUrl, (client) => lookedAt(client, id));
          const valid = result.kinds.valid?.count ?? 0;
          if (looked > MOST || valid > 1) throw new Error(`${looked} guesses were looked at, ${valid} valid`);
          return { ...result, looked, valid };
        },
      },
    ];
  },
  verdicts: (results) => [
    verdict(`guesses looked at ≤ ${MOST}`, /** @type {any} */ (results.ours)?.looked ?? Number.NaN, (value) => value <= MOST, ''),
    verdict('valid ≤ 1', /** @type {any} */ (results.ours)?.valid ?? Number.NaN, (value) => value <= 1, ''),
  ],
};

/** @param {string} origin @param {string} key @returns {Promise<string>} */
async function sendCode(origin, key) {
  const to = `+3461${String(Math.floor(Math.random() * 1e7)).padStart(7, '0')}`;
  const response = await fetch(`${origin}/api/verifications`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ channel: 'sms', to, code: CODE }),
  });
  return /** @type {any} */ (await response.json()).id;
}

/** By the audit trail, which has a line for each that was compared, and by the verification's own count: the higher. @param {import('pg').Client} client @param {string} id */
async function lookedAt(client, id) {
  const { rows } = await client.query(
    `select greatest(attempts, (select count(*) from audit_event where target_id = $1 and action in ('verification.approved', 'verification.check_failed')))::int as looked
       from verification where id = $1`,
    [id],
  );
  return /** @type {number} */ (rows[0].looked);
}
