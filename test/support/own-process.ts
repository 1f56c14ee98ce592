import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { inject } from 'vitest';
import { ENTRY, freePort, launch, ready, stopped } from './stack.js';

/** An API or worker of the test's own, on the shared database, with other settings. */
export interface OwnProcess {
  url: string;
  child: ChildProcess;
  /** All it has written so far, stdout and stderr. */
  output(): string;
  /** Its exit code and the signal that ended it, after its last words. */
  ended: Promise<[code: number | null, signal: NodeJS.Signals | null]>;
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

export async function ownProcess(
  name: 'api' | 'worker',
  settings: Record<string, string> = {},
  { waits = true } = {},
): Promise<OwnProcess> {
  const port = await freePort();
  const child = launch(ENTRY(name), { ...inject('stack').env, PORT: String(port), ...settings });
  const ended = once(child, 'close') as OwnProcess['ended']; // unlike `exit`
  let text = '';
  child.stdout!.on('data', (chunk) => (text += chunk));
  child.stderr!.on('data', (chunk) => (text += chunk));
  const url = `http://127.0.0.1:${port}`;
  if (waits && name === 'api') await ready(url, child);
  const stop = async (signal?: NodeJS.Signals) => {
    const code = await stopped(child, signal);
    await ended;
    return code;
  };
  return { url, child, output: () => text, ended, stop };
}

export const ownApi = (settings?: Record<string, string>) => ownProcess('api', settings);
