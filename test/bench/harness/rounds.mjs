import { progress } from './report.mjs';

/**
 * @typedef {import('./measure.mjs').Row & { beside?: import('./measure.mjs').Row }} Row
 * @typedef {{ label: string, run(seconds: number, expectedRate: number): Promise<Row>, open?(seconds: number, rate: number): Promise<Row> }} Contestant
 * @typedef {Record<string, Row>} Results by label; open loops as `label @80%`
 */

/**
 * A-B-A-B: all contestants in turn, then again, so that whatever the machine does in between hits all of them alike. The median counts.
 *
 * @param {string} scenario @param {Contestant[]} contestants @param {import('./options.mjs').Options} options
 * @returns {Promise<Results>}
 */
export async function alternate(scenario, contestants, options) {
  /** @type {Record<string, Row[]>} */
  const windows = {};
  /** @type {Record<string, number>} */
  const expected = {};
  for (const { label, run } of options.warmUp ? contestants : []) {
    const warm = await run(options.warmUp, 0);
    complain(scenario, label, warm);
    expected[label] = warm.rate;
  }
  for (let round = 1; round <= options.rounds; round++) {
    for (const { label, run } of contestants) {
      const row = await run(options.seconds, expected[label] ?? 0);
      complain(scenario, label, row);
      expected[label] = row.rate;
      (windows[label] ??= []).push(row);
      progress(`${scenario}  ${label}  ${round}/${options.rounds}: ${row.rate.toFixed(0)}/s  p99 ${row.p99.toFixed(1)} ms`);
    }
  }
  /** @type {Results} */
  const results = Object.fromEntries(Object.entries(windows).map(([label, rows]) => [label, median(rows)]));
  for (const share of options.openShares) {
    for (const { label, open } of contestants) {
      const closed = results[label];
      if (!open || !closed) continue;
      const row = await open(options.seconds, closed.rate * share);
      complain(scenario, label, row);
      results[`${label} @${share * 100}%`] = row;
      progress(`${scenario}  ${label}  open loop at ${share * 100} %: p99 ${row.p99.toFixed(1)} ms`);
    }
  }
  return results;
}

/** @param {string} scenario @param {string} label @param {Row} row */
function complain(scenario, label, row) {
  for (const part of [row, row.beside])
    if (part && part.wrong > 0)
      throw new Error(
        `${scenario}, ${label}: ${part.wrong} of ${part.wrong + part.count} answers were wrong, such as\n  ${part.samples.join('\n  ')}`,
      );
}

/** The median of each figure by itself. @param {Row[]} rows @returns {Row} */
export function median(rows) {
  /** @type {(values: any[]) => any} */
  const merge = (values) => {
    const [first] = values;
    if (typeof first === 'number') return middle(values);
    if (typeof first !== 'object' || first === null || Array.isArray(first)) return first;
    return Object.fromEntries(
      Object.keys(first).map((name) => [name, merge(values.map((value) => value?.[name]).filter((value) => value !== undefined))]),
    );
  };
  return merge(rows);
}

/** @param {number[]} values */
function middle(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  const upper = /** @type {number} */ (sorted[half]);
  return sorted.length % 2 === 1 ? upper : (upper + /** @type {number} */ (sorted[half - 1])) / 2;
}
