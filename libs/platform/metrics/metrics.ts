import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** The process's one registry: what GET /metrics shows. */
export const registry = new Registry();

const PREFIX = 'watchword_';
/** What is beyond is counted as `other`: labels name routes, vendors and countries, never ids, but a mistake must not cost the memory. */
const MOST_SERIES = 5_000;

/** Bound once, looked up by one key: what a hot path pays is a map and an addition. */
function bound<Name extends string, T>(names: readonly Name[], bind: (labels: Record<Name, string>) => T): (...values: string[]) => T {
  const known = new Map<string, T>();
  return (...values) => {
    const key = values.join('\n');
    const found = known.get(key);
    if (found) return found;
    const overflow = known.size >= MOST_SERIES;
    const made = bind(Object.fromEntries(names.map((name, at) => [name, overflow ? 'other' : values[at]!])) as Record<Name, string>);
    if (!overflow) known.set(key, made);
    return made;
  };
}

/** `counter(...)('sms').inc()`: the values of the labels in their order. */
export function counter<Name extends string>(name: string, help: string, labelNames: readonly Name[]) {
  const metric = new Counter({ name: PREFIX + name, help, labelNames, registers: [registry] });
  return bound(labelNames, (labels) => metric.labels(labels));
}

export function histogram<Name extends string>(name: string, help: string, labelNames: readonly Name[], buckets: number[]) {
  const metric = new Histogram({ name: PREFIX + name, help, labelNames, buckets, registers: [registry] });
  return bound(labelNames, (labels) => metric.labels(labels));
}

export function gauge<Name extends string>(name: string, help: string, labelNames: readonly Name[]) {
  const metric = new Gauge({ name: PREFIX + name, help, labelNames, registers: [registry] });
  return bound(labelNames, (labels) => metric.labels(labels));
}

export interface Sample {
  labels?: Record<string, string>;
  value: number;
}

/** A gauge that is looked up when somebody asks. What cannot be looked up is absent, and the rest is answered all the same. */
export function sampled(name: string, help: string, labelNames: readonly string[], read: () => Sample[] | Promise<Sample[]>): void {
  registry.removeSingleMetric(PREFIX + name); // of an application that ran before in this process
  const metric: Gauge = new Gauge({
    name: PREFIX + name,
    help,
    labelNames,
    registers: [registry],
    async collect() {
      const samples = await Promise.resolve()
        .then(read)
        .catch(() => []);
      metric.reset();
      for (const { labels = {}, value } of samples) metric.set(labels, value);
    },
  });
}

/** One answer for all who ask within a second. */
export function shared<T>(read: () => Promise<T>, milliseconds = 1_000): () => Promise<T> {
  let answer: Promise<T> | undefined;
  let until = 0;
  return () => {
    if (answer && Date.now() < until) return answer;
    until = Date.now() + milliseconds;
    return (answer = read());
  };
}
