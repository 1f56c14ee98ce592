import { performance } from 'node:perf_hooks';

const started = performance.now();

/** @param {string} text */
export function progress(text) {
  process.stderr.write(`[${((performance.now() - started) / 1000).toFixed(0).padStart(4)} s] ${text}\n`);
}

/**
 * @typedef {{ aim: string, value: string, met: boolean | undefined }} Verdict  without `met`: a figure without a bar
 * @typedef {{ name: string, results: import('./rounds.mjs').Results, verdicts: Verdict[], note?: string, failure?: string }} Outcome
 */

const figure = (/** @type {number | undefined} */ value) => {
  if (value === undefined || Number.isNaN(value)) return '–';
  if (value >= 1000) return Math.round(value).toLocaleString('en-US');
  return value >= 100 ? value.toFixed(0) : value.toFixed(value >= 10 ? 1 : 2);
};

const COLUMNS = /** @type {const} */ ([
  ['rate/s', 'rate'],
  ['p50 ms', 'p50'],
  ['p95 ms', 'p95'],
  ['p99 ms', 'p99'],
  ['server µs', 'serverUs'],
  ['worker µs', 'workerUs'],
  ['PG µs', 'pgUs'],
  ['SQL', 'statements'],
  ['RSS MiB', 'rss'],
]);

/** @param {string[][]} rows the first is the heading; the first column is text, the others are figures */
function table(rows) {
  const widths = /** @type {string[]} */ (rows[0]).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join('  '),
    )
    .join('\n');
}

/** @param {Outcome[]} outcomes */
export function printTable(outcomes) {
  const rows = [['', ...COLUMNS.map(([title]) => title)]];
  const line = (/** @type {string} */ title, /** @type {import('./rounds.mjs').Row} */ row) =>
    rows.push([title, ...COLUMNS.map(([, key]) => figure(row[key]))]);
  for (const { name, results, failure } of outcomes) {
    rows.push([name + (failure ? '  FAILED' : ''), ...COLUMNS.map(() => '')]);
    for (const [label, row] of Object.entries(results)) {
      line(`  ${label}`, row);
      for (const [kind, latencies] of Object.entries(row.kinds ?? {}))
        line(`    ${kind} (${latencies.count})`, /** @type {any} */ ({ ...latencies }));
      if (row.beside) line('    beside it', row.beside);
    }
  }
  process.stdout.write(`\n${table(rows)}\n`);
  for (const { name, note } of outcomes) if (note) process.stdout.write(`\n${name}: ${note}`);
  process.stdout.write('\n');
}

/** @param {Outcome[]} outcomes @returns {boolean} whether all went well: nothing failed; an aim that was missed is news, not a failure */
export function printVerdicts(outcomes) {
  const rows = [['', 'measured', '']];
  for (const { name, verdicts, failure } of outcomes) {
    for (const { aim, value, met } of verdicts) rows.push([`${name}: ${aim}`, value, met === undefined ? '' : met ? 'met' : 'NOT MET']);
    if (failure) rows.push([`${name}: ${failure.split('\n')[0]}`, '', 'FAILED']);
  }
  process.stdout.write(`\n${table(rows)}\n`);
  for (const { name, failure } of outcomes) if (failure) process.stdout.write(`\n${name} FAILED: ${failure}\n`);
  return outcomes.every(({ failure }) => !failure);
}

/**
 * @param {string} aim what it says, such as `≥ 6 × better-auth as shipped`
 * @param {number} value @param {(value: number) => boolean} bar @param {string} [unit]
 * @returns {Verdict}
 */
export const verdict = (aim, value, bar, unit = '×') => ({
  aim,
  value: `${figure(value)} ${unit}`.trim(),
  met: Number.isNaN(value) ? false : bar(value),
});

/** @param {string} aim @param {number} value @param {string} [unit] @returns {Verdict} */
export const shown = (aim, value, unit = '×') => ({ aim, value: `${figure(value)} ${unit}`.trim(), met: undefined });
