/** Every latency of a window, in milliseconds; ten seconds of the fastest scenario are a few hundred thousand numbers. */
export class Latencies {
  #values = new Float64Array(4096);
  count = 0;

  /** @param {number} ms */
  add(ms) {
    if (this.count === this.#values.length) {
      const grown = new Float64Array(this.count * 2);
      grown.set(this.#values);
      this.#values = grown;
    }
    this.#values[this.count++] = ms;
  }

  summary() {
    const sorted = this.#values.subarray(0, this.count).sort();
    const at = (/** @type {number} */ share) => sorted[Math.min(this.count - 1, Math.floor(this.count * share))] ?? Number.NaN;
    return { count: this.count, p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) };
  }
}
