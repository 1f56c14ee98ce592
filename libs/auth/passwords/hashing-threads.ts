import { readdir, readFile } from 'node:fs/promises';
import { setPriority } from 'node:os';

/** Of 0 to 19: about a tenth of a processor beside somebody who wants it whole, and all of it beside nobody. */
const NICENESS = 10;

/**
 * Lets the threads that hash passwords stand back behind the one that answers requests, and behind PostgreSQL: a flood of sign-ins takes
 * every core, and whoever is signed in already would wait for a turn. On Linux, where each thread has a niceness of its own (sched(7));
 * elsewhere, and where that is forbidden, nothing happens.
 */
export async function standBack(): Promise<void> {
  if (process.platform !== 'linux') return;
  try {
    // Read by those very threads, so they are there.
    for (const thread of await readdir('/proc/self/task'))
      if ((await readFile(`/proc/self/task/${thread}/comm`, 'latin1')).startsWith('libuv-worker')) setPriority(Number(thread), NICENESS);
  } catch {
    // Hashing is as dear as before, and nothing else is lost.
  }
}
