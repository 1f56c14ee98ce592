import { freePort, startNode, untilReady } from '../harness/processes.mjs';

/** What a company tells us about its account there. */
export const VONAGE = {
  api_key: 'a1b2c3d4',
  api_secret: 'BenchSecret1',
  from: 'Acme',
  signature_secret: 'signature-secret-of-the-benchmark-account',
};

/**
 * What the vendor has seen since it was last told what to expect: messages taken, of how many different codes, over how long.
 * @typedef {{ taken: number, throttled: number, strange: number, different: number, seconds: number, latency: ReturnType<import('../load/latencies.mjs').Latencies['summary']> }} Book
 */

/** @param {string} logs */
export async function startVendor(logs) {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const env = { VENDOR_PORT: String(port), VENDOR_CREDENTIALS: `${VONAGE.api_key}:${VONAGE.api_secret}` };
  const server = await startNode({ name: 'vendor', script: 'test/bench/vendor/server.mjs', env, logs });
  await untilReady(server, `${url}/book`);
  const ask = async (/** @type {RequestInit} */ init = {}) => /** @type {Book} */ (await (await fetch(`${url}/book`, init)).json());
  return {
    url,
    book: () => ask(),
    /** A new book. @param {number | null} [perSecond] calls it takes; the others get 429 */
    expect: (perSecond = null) => ask({ method: 'POST', body: JSON.stringify({ perSecond }) }),
    stop: () => server.stop(),
  };
}

/** @typedef {Awaited<ReturnType<typeof startVendor>>} Vendor */
