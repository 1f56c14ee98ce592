// One prepared SELECT by primary key through pg's pool of ten, for FLOOR_SECONDS, and prints what that gave as JSON.
import { performance } from 'node:perf_hooks';
import pg from 'pg';
import { Latencies } from '../load/latencies.mjs';

const ROWS = 20_000;
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 10 });
await pool.query('create table if not exists floor (id int primary key, name text not null)');
await pool.query(`insert into floor select i, 'row ' || i from generate_series(1, $1::int) i on conflict do nothing`, [ROWS]);
await pool.query('analyze floor');

const latencies = new Latencies();
const started = performance.now();
const cpu = process.cpuUsage();
const end = started + Number(process.env.FLOOR_SECONDS) * 1000;
const lane = async () => {
  while (performance.now() < end) {
    const since = performance.now();
    const { rows } = await pool.query({
      name: 'floor',
      text: 'select id, name from floor where id = $1',
      values: [1 + (((since * 7919) % ROWS) | 0)],
    });
    if (rows.length !== 1) throw new Error('a row is missing');
    latencies.add(performance.now() - since);
  }
};
await Promise.all(Array.from({ length: 10 }, lane));
const seconds = (performance.now() - started) / 1000;
const used = process.cpuUsage(cpu);
const summary = latencies.summary();
process.stdout.write(JSON.stringify({ ...summary, rate: summary.count / seconds, serverUs: (used.user + used.system) / summary.count }));
await pool.end();
