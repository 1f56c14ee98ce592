import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/**
 * @typedef {{ origin: string, flow: string, shape: import('./loops.mjs').Shape, input?: unknown }} Order
 */

/** A load that is prepared (people signed in, codes drawn) and waits for `start`. @param {Order} order */
export async function prepareLoad(order) {
  const child = fork(fileURLToPath(new URL('child.mjs', import.meta.url)), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const answer = () =>
    new Promise((resolve, reject) => {
      child.once('message', (/** @type {any} */ message) => {
        if (message.failure) reject(new Error(`${order.flow}: ${message.failure}`));
        else resolve(message);
      });
      child.once('exit', (code) => reject(new Error(`the load generator of ${order.flow} ended with ${code}`)));
    });
  child.send({ prepare: order });
  await answer();
  return {
    pid: /** @type {number} */ (child.pid),
    /** @returns {Promise<import('./loops.mjs').LoadResult>} */
    async start() {
      child.send({ go: true });
      return (await answer()).result;
    },
  };
}
