import { verdict } from '../harness/report.mjs';
import { BUSY_COMPANY, COMPANIES, PASSWORD, person } from '../product/people.mjs';

/** @type {import('./index.mjs').Scenario} */
export const auditPage = {
  name: 'audit.page',
  needs: ['ours'],
  note: 'the admin of a company with a long audit trail reads it in pages of 50, newest first.',
  contestants: async (world) => [
    world.contestant('ours', await world.ours('cheap'), {
      flow: 'ours.audit',
      input: { people: [person(BUSY_COMPANY, COMPANIES)], password: PASSWORD },
    }),
  ],
  verdicts: (results) => [
    verdict('p99 ≤ 6 ms at 50 % load', results['ours @50%']?.p99 ?? results.ours?.p99 ?? Number.NaN, (value) => value <= 6, 'ms'),
  ],
};
