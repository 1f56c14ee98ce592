import type { FromWorker, ToWorker } from './worker-messages.js';
import { CannotVerify } from './keys.js';
import { ChainVerifier } from './verify.js';

/** Off the page's own thread, so that the page stays quick. One message is answered before the next is sent. */
const tell = (message: FromWorker) => self.postMessage(message, { transfer: [] });
let verifier: ChainVerifier | undefined;

async function handle(message: ToWorker): Promise<FromWorker> {
  if ('jwks' in message) {
    verifier = await ChainVerifier.with(message.jwks, message.companyId);
    return { more: true, events: 0 };
  }
  if ('chunk' in message) return { more: await verifier!.take(message.chunk), events: verifier!.events };
  return { verdict: await verifier!.end() };
}

self.addEventListener('message', ({ data }: MessageEvent<ToWorker>) => {
  handle(data).then(tell, (error: Error) => tell(error instanceof CannotVerify ? { cannot: error.why } : { failed: error.message }));
});
