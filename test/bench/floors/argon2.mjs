// Verifies one password over and over on all cores, for FLOOR_SECONDS, and prints what that gave as JSON.
import { availableParallelism } from 'node:os';
import { performance } from 'node:perf_hooks';
import { hash, verify } from '@node-rs/argon2';
import { Latencies } from '../load/latencies.mjs';

const stored = await hash('correct horse', { memoryCost: 19456, timeCost: 2, parallelism: 1 });
const latencies = new Latencies();
const started = performance.now();
const cpu = process.cpuUsage();
const end = started + Number(process.env.FLOOR_SECONDS) * 1000;
const lane = async () => {
  while (performance.now() < end) {
    const since = performance.now();
    await verify(stored, 'correct horse');
    latencies.add(performance.now() - since);
  }
};
await Promise.all(Array.from({ length: 2 * availableParallelism() }, lane));
const seconds = (performance.now() - started) / 1000;
const used = process.cpuUsage(cpu);
const summary = latencies.summary();
process.stdout.write(JSON.stringify({ ...summary, rate: summary.count / seconds, serverUs: (used.user + used.system) / summary.count }));
