import { CannotVerify } from './keys.js';
import type { Verdict } from './verdict.js';
import type { FromWorker, ToWorker } from './worker-messages.js';

export interface Progress {
  events: number;
  bytes: number;
}

/**
 * Verifies an export while it comes, in a thread of its own; the next bytes are read when the last are done with, so that a quick server
 * fills no memory. @throws CannotVerify, DOMException AbortError
 */
export async function verifyExport(
  stream: ReadableStream<Uint8Array>,
  jwks: unknown,
  { companyId, progress, signal }: { companyId?: string; progress: (so: Progress) => void; signal: AbortSignal },
): Promise<Verdict> {
  const worker = new Worker(new URL('./chain.worker.ts', import.meta.url), { type: 'module' });
  const reader = stream.getReader();
  const stop = () => void reader.cancel(signal.reason).catch(() => {});
  signal.addEventListener('abort', stop, { once: true });
  try {
    let state = await ask(worker, { jwks, companyId }, signal);
    for (let bytes = 0; 'more' in state && state.more; progress({ events: state.events, bytes })) {
      const { done, value } = await reader.read();
      signal.throwIfAborted();
      if (done) break;
      bytes += value.length;
      state = await ask(worker, { chunk: value }, signal);
      if (!('more' in state)) break;
    }
    const last = 'more' in state ? await ask(worker, { end: true }, signal) : state;
    if ('verdict' in last) return last.verdict;
    throw 'cannot' in last ? new CannotVerify(last.cannot) : new Error('failed' in last ? last.failed : 'no verdict');
  } finally {
    signal.removeEventListener('abort', stop);
    stop();
    worker.terminate();
  }
}

function ask(worker: Worker, message: ToWorker, signal: AbortSignal): Promise<FromWorker> {
  const { promise, resolve, reject } = Promise.withResolvers<FromWorker>();
  const settled = new AbortController();
  const until = { signal: settled.signal };
  worker.addEventListener('message', ({ data }: MessageEvent<FromWorker>) => resolve(data), until);
  worker.addEventListener('error', ({ message: what }) => reject(new Error(what)), until);
  signal.addEventListener('abort', () => reject(signal.reason as Error), until);
  worker.postMessage(message, []);
  return promise.finally(() => settled.abort());
}
