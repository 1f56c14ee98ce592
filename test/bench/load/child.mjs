// The load generator: a process of its own, told over IPC what to do, so that the bench's own work never shows up in a latency.
import { run } from './loops.mjs';
import { flows as oursFlows } from './flows-ours.mjs';
import { flows as otpFlows } from './flows-otp.mjs';
import { flows as peerFlows } from './flows-peer.mjs';

const flows = { ...oursFlows, ...otpFlows, ...peerFlows };
/** @type {import('./loops.mjs').Worker[]} */
let workers = [];
/** @type {{ origin: string, flow: keyof typeof flows, shape: import('./loops.mjs').Shape, input: any }} */
let order;

process.on('message', async (/** @type {any} */ message) => {
  try {
    if (message.prepare) {
      order = message.prepare;
      workers = await flows[order.flow](order.origin, order.shape.connections, order.input);
      process.send?.({ ready: true });
    } else {
      const result = await run(order.origin, workers, order.shape);
      process.send?.({ result });
      process.disconnect();
    }
  } catch (error) {
    process.send?.({ failure: /** @type {Error} */ (error).stack });
    process.disconnect();
  }
});
