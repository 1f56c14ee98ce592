import { Injectable, type OnModuleInit } from '@nestjs/common';
import { collectDefaultMetrics } from 'prom-client';
import { config } from '../config.js';
import { HotStatements } from '../hot-statements.js';
import { registry, sampled } from './metrics.js';

/** Gauges by the names of counters, which nobody should alert on; each is told by kind beside them. */
const MISNAMED = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];

let watching = false;

/** What every process tells of itself: event loop, memory, CPU, and its connections to PostgreSQL. */
@Injectable()
export class ProcessMetrics implements OnModuleInit {
  constructor(private readonly statements: HotStatements) {}

  onModuleInit() {
    if (!config.metrics) return;
    if (!watching) collectDefaultMetrics({ register: registry });
    watching = true;
    for (const name of MISNAMED) registry.removeSingleMetric(name);
    const { pool } = this.statements;
    sampled('database_connections', 'Connections for the hot statements.', ['state'], () => [
      { labels: { state: 'busy' }, value: pool.totalCount - pool.idleCount },
      { labels: { state: 'idle' }, value: pool.idleCount },
    ]);
    sampled('database_waiting', 'Statements that wait for a connection.', [], () => [{ value: pool.waitingCount }]);
  }
}
