import { readFileSync, readdirSync } from 'node:fs';

/** Linux counts processor time per process in hundredths of a second whatever the kernel's own tick is (USER_HZ). */
const TICK_US = 10_000;

/** @param {number} pid the fields after the command's name, which may hold blanks */
function fields(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

/** Processor time of all threads of a process, gone ones too, in µs. @param {number} pid */
export function processCpu(pid) {
  const stat = fields(pid);
  return (Number(stat[11]) + Number(stat[12])) * TICK_US;
}

/** Processor time of a process of one thread, in µs, to the nanosecond. @param {number} pid */
function threadCpu(pid) {
  return Number(readFileSync(`/proc/${pid}/schedstat`, 'latin1').split(' ')[0]) / 1000;
}

/** Processor time of a process and its children, living and reaped: PostgreSQL has one process per connection. @param {number} pid */
export function treeCpu(pid) {
  const stat = fields(pid);
  let total = (Number(stat[11]) + Number(stat[12]) + Number(stat[13]) + Number(stat[14])) * TICK_US;
  for (const child of children(pid)) {
    try {
      total += threadCpu(child);
    } catch {
      // It ended between the list and the look; its parent counts it from now on.
    }
  }
  return total;
}

/** @param {number} pid */
function children(pid) {
  return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'latin1').split(' ').filter(Boolean).map(Number),
  );
}

/** Highest resident size so far, in MiB. @param {number} pid */
export function peakRss(pid) {
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? Number.NaN) / 1024;
}
