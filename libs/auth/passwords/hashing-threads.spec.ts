import { readdirSync, readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { standBack } from './hashing-threads.js';

describe.runIf(process.platform === 'linux')('The threads that hash passwords', () => {
  it('stand back, and the one that answers requests does not', async () => {
    const before = getPriority();
    await standBack();
    const threads = readdirSync('/proc/self/task').map((id) => ({
      name: readFileSync(`/proc/self/task/${id}/comm`, 'latin1').trim(),
      niceness: getPriority(Number(id)),
    }));
    const hashing = threads.filter(({ name }) => name === 'libuv-worker');
    expect(hashing.length).toBeGreaterThan(0);
    expect(hashing.map(({ niceness }) => niceness)).toEqual(hashing.map(() => 10));
    expect(getPriority()).toBe(before);
  });
});
