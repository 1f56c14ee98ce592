/**
 * @typedef {{
 *   name: string, needs: ('ours' | 'peer')[], note?: string,
 *   contestants(world: import('../harness/world.mjs').World): Promise<import('../harness/rounds.mjs').Contestant[]>,
 *   verdicts(
 *     results: import('../harness/rounds.mjs').Results, floors: import('../harness/rounds.mjs').Results, options: import('../harness/options.mjs').Options,
 *   ): import('../harness/report.mjs').Verdict[],
 * }} Scenario
 */

/** @param {import('../harness/rounds.mjs').Results} results @param {string} label @param {string} against how many times as fast */
export const rate = (results, label, against) => (results[label]?.rate ?? Number.NaN) / (results[against]?.rate ?? Number.NaN);

/** Processor time of an operation: server, worker and PostgreSQL. @param {import('../harness/rounds.mjs').Row | undefined} row */
export const cpuOf = (row) => (row ? (row.serverUs ?? 0) + (row.workerUs ?? 0) + (row.pgUs ?? 0) : Number.NaN);

/** @param {import('../harness/rounds.mjs').Results} results @param {string} label @param {string} against */
export const cpu = (results, label, against) => cpuOf(results[label]) / cpuOf(results[against]);
