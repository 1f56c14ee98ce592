/** One metric as it stood at a moment, by name and labels. */
export interface Exposition {
  text: string;
  /** What breaks the format, or what `promtool check metrics` would say. */
  flaws: string[];
  /** `name{a="b"}`, labels in alphabetical order, and its value. */
  series: Map<string, number>;
  of(name: string, labels?: Record<string, string>): number;
}

const SAMPLE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /^([a-zA-Z_]\w*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)/;
const VALUE = /^([+-]?\d+(\.\d+)?(e[+-]?\d+)?|\+Inf|-Inf|Nan)$/i;

function labelsOf(text: string): Record<string, string> | undefined {
  const labels: Record<string, string> = {};
  for (let rest = text; rest;) {
    const [whole, name, value] = LABEL.exec(rest) ?? [];
    if (whole === undefined || labels[name!] !== undefined) return undefined;
    labels[name!] = value!;
    rest = rest.slice(whole.length);
  }
  return labels;
}

const key = (name: string, labels: Record<string, string>) =>
  `${name}{${Object.keys(labels)
    .toSorted()
    .map((label) => `${label}="${labels[label]}"`)
    .join(',')}}`;

/** Reads the text format, version 0.0.4, line by line, and believes nothing. */
export function readExposition(text: string): Exposition {
  const flaws: string[] = [];
  const [types, helps, series] = [new Map<string, string>(), new Set<string>(), new Map<string, number>()];
  const buckets = new Map<string, { before: number; last: string; count: number }>();
  if (!text.endsWith('\n')) flaws.push('does not end with a line feed');
  for (const line of text.split('\n').filter(Boolean)) {
    const [, what, name, rest] = /^# (HELP|TYPE) (\S+) ?(.*)$/.exec(line) ?? [];
    if (what === 'HELP') {
      if (!rest || helps.has(name!)) flaws.push(`HELP: ${line}`);
      helps.add(name!);
      continue;
    }
    if (what === 'TYPE') {
      if (types.has(name!) || !/^(counter|gauge|histogram|summary)$/.test(rest!)) flaws.push(`TYPE: ${line}`);
      types.set(name!, rest!);
      continue;
    }
    const [, sample, inner = '', value = ''] = SAMPLE.exec(line) ?? [];
    const labels = labelsOf(inner);
    if (!sample || !labels || !VALUE.test(value)) {
      flaws.push(`not a sample: ${line}`);
      continue;
    }
    const family = types.has(sample) ? sample : sample.replace(/_(bucket|sum|count)$/, '');
    const type = types.get(family);
    if (!type || !helps.has(family)) flaws.push(`without HELP and TYPE: ${line}`);
    if (type === 'counter' && !sample.endsWith('_total')) flaws.push(`a counter ends in _total: ${sample}`);
    if (type !== 'counter' && sample.endsWith('_total')) flaws.push(`no counter, yet _total: ${sample}`);
    const id = key(sample, labels);
    if (series.has(id)) flaws.push(`twice: ${id}`);
    series.set(id, Number(value.replace('Inf', 'Infinity')));
    if (type === 'histogram' && sample.endsWith('_bucket')) {
      const { le = '', ...others } = labels;
      const line = buckets.get(key(family, others)) ?? { before: 0, last: '', count: 0 };
      if (Number(value) < line.before) flaws.push(`buckets are cumulative: ${id}`);
      buckets.set(key(family, others), { before: Number(value), last: le, count: line.count + 1 });
    }
    if (type === 'histogram' && sample.endsWith('_count')) {
      const line = buckets.get(key(family, labels));
      if (line?.last !== '+Inf' || line.before !== Number(value)) flaws.push(`the last bucket is +Inf and holds all: ${id}`);
    }
  }
  return { text, flaws, series, of: (name, labels = {}) => series.get(key(name, labels)) ?? 0 };
}

export async function scrape(url: string, headers: Record<string, string> = {}): Promise<Exposition> {
  const response = await fetch(`${url}/metrics`, { headers });
  if (response.status !== 200) throw new Error(`/metrics answered ${response.status}`);
  return readExposition(await response.text());
}

/** How far the series moved, without those that stood still. */
export const moved = (before: Exposition, after: Exposition, name: string) =>
  Object.fromEntries(
    [...after.series]
      .filter(([series]) => series.startsWith(`${name}{`))
      .map(([series, value]) => [series.slice(name.length), value - (before.series.get(series) ?? 0)] as const)
      .filter(([, by]) => by !== 0),
  );
