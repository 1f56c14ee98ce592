import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { ENTRY, freePort, launch, stopped } from './stack.js';

export interface Run {
  url: string;
  child: ChildProcess;
  /** What the terminal shows, and what went to stderr. */
  shown(): string;
  complaints(): string;
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

const running = new Set<ChildProcess>();

/** Whatever a test that failed left behind. */
export const stopAll = () => Promise.all([...running].map((child) => stopped(child)));

export const settings = (dataDir: string, port: number, env: Record<string, string> = {}) => ({
  WATCHWORD_DATA_DIR: dataDir,
  PORT: String(port),
  ...env,
});

/** `npm start` on a data directory, until it says that it is ready. */
export async function start(
  dataDir: string,
  { args = [], env = {} }: { args?: string[]; env?: Record<string, string> } = {},
): Promise<Run> {
  const port = await freePort();
  const child = launch(ENTRY('standalone'), settings(dataDir, port, env), args);
  running.add(child);
  let [stdout, stderr] = ['', ''];
  child.stdout!.on('data', (chunk) => (stdout += chunk));
  child.stderr!.on('data', (chunk) => (stderr += chunk));
  const closed = once(child, 'close').then(() => running.delete(child));
  for (const end = Date.now() + 60_000; !stdout.includes('Ctrl-C stops everything'); await sleep(20))
    if (child.exitCode !== null || Date.now() > end) throw new Error(`It did not start:\n${stdout}${stderr}`);
  const stop = async (signal: NodeJS.Signals = 'SIGINT') => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    await closed;
    return child.exitCode;
  };
  return { url: `http://127.0.0.1:${port}`, child, shown: () => stdout, complaints: () => stderr, stop };
}
