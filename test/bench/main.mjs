// npm run bench: see README.md beside this.
import { writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { readOptions } from './harness/options.mjs';
import { CORES } from './harness/processes.mjs';
import { printTable, printVerdicts, progress } from './harness/report.mjs';
import { alternate } from './harness/rounds.mjs';
import { createWorld } from './harness/world.mjs';
import { attackStuffing, isolationLoginFlood } from './scenarios/abuse.mjs';
import { auditPage } from './scenarios/audit.mjs';
import { otpDeliveryDrain, otpDeliveryLatency } from './scenarios/delivery.mjs';
import { floors } from './scenarios/floors.mjs';
import { loginOverhead, loginPassword } from './scenarios/login.mjs';
import { mfaChallenge, mfaTotpVerify } from './scenarios/mfa.mjs';
import { attackOtpGuess, isolationNoisyTenant } from './scenarios/otp-abuse.mjs';
import { mfaOtpSend, mfaOtpVerify, otpLiveCodes } from './scenarios/otp.mjs';
import { bootReady, rss } from './scenarios/process.mjs';
import { scale } from './scenarios/scale.mjs';
import { sessionCheck, tokenRefresh } from './scenarios/session.mjs';

const SIGNING_IN = [loginPassword, loginOverhead, sessionCheck, tokenRefresh, mfaChallenge, mfaTotpVerify];
const CODES = [mfaOtpSend, mfaOtpVerify, otpDeliveryLatency, otpDeliveryDrain, otpLiveCodes, isolationNoisyTenant, attackOtpGuess];
// The flood comes after `rss`: what 1,500 connections take is not what work takes.
const SCENARIOS = [...SIGNING_IN, ...CODES, isolationLoginFlood, auditPage, bootReady, rss, attackStuffing, scale];

// Each starts a worker of its own and waits for queues to run dry: too long for a run that only shows that everything works.
const LENGTHY = [otpDeliveryLatency, otpDeliveryDrain, otpLiveCodes, isolationNoisyTenant];

const options = readOptions(process.argv.slice(2));
const chosen = SCENARIOS.filter((scenario) =>
  options.only.length === 0
    ? !(options.smoke && LENGTHY.includes(scenario))
    : options.only.some((wanted) => scenario.name.startsWith(wanted)),
);
const machine = `${CORES} × ${cpus()[0]?.model.trim()}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB, Node ${process.versions.node}, ${process.platform}`;
progress(`${machine}; windows of ${options.seconds} s, ${options.rounds} of each, ${options.users} people`);

const world = await createWorld(options);
process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));
/** @type {import('./harness/report.mjs').Outcome[]} */
const outcomes = [];
try {
  for (const scenario of [floors, ...chosen]) {
    /** @type {import('./harness/report.mjs').Outcome} */
    const outcome = { name: scenario.name, results: {}, verdicts: [], ...(scenario.note ? { note: scenario.note } : {}) };
    outcomes.push(outcome);
    try {
      outcome.results = await alternate(scenario.name, await scenario.contestants(world), options);
      outcome.verdicts = scenario.verdicts(outcome.results, outcomes[0]?.results ?? {}, options);
    } catch (error) {
      outcome.failure = /** @type {Error} */ (error).message;
      progress(`${scenario.name} FAILED: ${outcome.failure}`);
    }
  }
} finally {
  await world.stop();
}

printTable(outcomes);
process.stdout.write(
  `\n${machine}; closed loop of 16 connections unless said otherwise; CPU in µs per operation; SQL in statements per operation\n`,
);
const sound = printVerdicts(outcomes);
if (options.json) writeFileSync(options.json, `${JSON.stringify({ machine, options, outcomes }, undefined, 2)}\n`);
process.exit(sound ? 0 : 1);
