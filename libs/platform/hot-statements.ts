import { Injectable, Logger, type OnApplicationShutdown, type OnModuleDestroy } from '@nestjs/common';
import pg, { type PoolClient } from 'pg';
import { config } from './config.js';
import { databaseSocket } from './database-socket.js';
import { span } from './tracing/tracing.js';

/** A statement prepared once per connection under `name`, and run in one round trip. */
export interface Statement<Row> {
  readonly name: string;
  readonly text: string;
  /** Only for the type. */
  readonly row?: Row;
}

export const statement = <Row>(name: string, text: string): Statement<Row> => ({ name, text });

const AS_STATEMENT = { kind: 'client', attributes: { 'db.system.name': 'postgresql' } } as const;

/**
 * The few statements that are worth a round trip of their own (sign-in, session check, refresh, code check, claims). Each is a
 * function of the database that binds its own tenant from a signed argument. Everything else goes through the ORM.
 */
@Injectable()
export class HotStatements implements OnModuleDestroy, OnApplicationShutdown {
  private readonly logger = new Logger('Database');
  private stopping = false;
  readonly pool = new pg.Pool({
    connectionString: config.DATABASE_URL,
    max: config.DATABASE_POOL,
    connectionTimeoutMillis: 3_000,
    statement_timeout: 15_000,
    idle_in_transaction_session_timeout: 15_000,
    stream: databaseSocket,
    keepAlive: true,
    application_name: 'watchword',
    // Each of them looks at single rows by key. A plan made while a table was small would scan it, and be kept while it grows.
    options: '-c enable_seqscan=off',
  });

  constructor() {
    // A connection in somebody's hands may be lost between two statements, too; without a listener that would end the process.
    this.pool.on('connect', (client) => client.on('error', () => {}));
    this.pool.on('error', (error) => {
      if (!this.stopping) this.logger.warn(`A database connection was lost: ${error.message}`);
    });
  }

  async run<Row>({ name, text }: Statement<Row>, values: unknown[]): Promise<Row[]> {
    return span(name, AS_STATEMENT, async () => (await this.pool.query({ name, text, values })).rows as Row[]);
  }

  /** @throws Error when there is not exactly one row. */
  async one<Row>(query: Statement<Row>, values: unknown[]): Promise<Row> {
    const [row] = await this.run(query, values);
    if (!row) throw new Error(`${query.name} answered no row`);
    return row;
  }

  /** Several statements in one transaction, bound to a signed tenant: under its policies, as everything. */
  async boundTo<T>(tenant: string, fn: (client: PoolClient) => Promise<T>, mode: 'read only' | 'read write' = 'read only'): Promise<T> {
    const client = await this.pool.connect();
    try {
      await client.query(`begin ${mode}`);
      await client.query({ name: 'bind_tenant', text: `select set_config('app.tenant', $1, true)`, values: [tenant] });
      const result = await fn(client);
      await client.query('commit');
      client.release();
      return result;
    } catch (error) {
      client.release(error as Error); // not back into the pool: what is wrong with it would meet the next one
      throw error;
    }
  }

  /** From here on connections are meant to end: the database may be stopping, too. */
  onModuleDestroy() {
    this.stopping = true;
  }

  onApplicationShutdown() {
    return this.pool.end();
  }
}
