import { Injectable, type OnModuleInit } from '@nestjs/common';
import { collectDefaultMetrics } from 'prom-client';
import { config } from '../config.js';
import { HotStatements } from '../hot-statements.js';
import { registry, sampled } from './metrics.js';

let watching = false;

/** What every process tells of itself: event loop, memory, CPU, and its connections to PostgreSQL. */
@Injectable()
export class ProcessMetrics implements OnModuleInit {
  constructor(private readonly statements: HotStatements) {}

  onModuleInit() {
    if (!config.metrics) return;
    if (!watching) collectDefaultMetrics({ register: registry });
    watching = true;
    const { pool } = this.statements;
    sampled('database_connections', 'Connections for the hot statements.', ['state'], () => [
      { labels: { state: 'busy' }, value: pool.totalCount - pool.idleCount },
      { labels: { state: 'idle' }, value: pool.idleCount },
    ]);
    sampled('database_waiting', 'Statements that wait for a connection.', [], () => [{ value: pool.waitingCount }]);
  }
}
