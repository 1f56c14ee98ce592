import { Injectable } from '@nestjs/common';
import type { PoolClient } from 'pg';
import { HotStatements, page, readCursor, RequestContext } from '@app/platform';
import type { AuditQuery } from './audit.contract.js';
import { CONTENT_COLUMNS, contentOf, type EventRow } from './audit-event.row.js';

const EXPORT_ROWS = 2_000;

type PlacedRow = EventRow & { seq: string | null; prev_hash: string | null; hash: string | null };

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Reads a company's events: pages newest first by key, the export in the chain's order, both without counting or skipping. */
@Injectable()
export class AuditReader {
  constructor(
    private readonly statements: HotStatements,
    private readonly context: RequestContext,
  ) {}

  async page({ limit, cursor, action, actor_id, from, to }: AuditQuery) {
    const tenantId = this.context.tenantId!;
    const before = readCursor('audit', tenantId, cursor);
    const rows = await this.bound(async (client) => {
      const values: unknown[] = [limit + 1];
      const where = [
        before && UUID.test(before) && `e.id < $${values.push(before)}`,
        action && `e.action = $${values.push(action)}`,
        actor_id && `e.actor_id = $${values.push(actor_id)}`,
        from && `e.created_at >= $${values.push(from)}`,
        to && `e.created_at < $${values.push(to)}`,
      ].filter(Boolean);
      const text = `select ${CONTENT_COLUMNS}, c.seq, encode(c.hash, 'hex') as hash from audit_event e
        left join audit_chain c on c.tenant_id = e.tenant_id and c.event_id = e.id
        ${where.length > 0 ? `where ${where.join(' and ')}` : ''} order by e.tenant_id desc, e.id desc limit $1`;
      return (await client.query<PlacedRow>(text, values)).rows;
    });
    const result = page('audit', tenantId, rows, limit, ({ id }) => id);
    return { ...result, data: result.data.map((row) => ({ ...contentOf(row), seq: row.seq === null ? null : Number(row.seq), hash: row.hash })) };
  }

  /** NDJSON: every sealed event in order, then the newest signed head. One snapshot, read in slices, so that memory stays flat. */
  async *export(): AsyncGenerator<string> {
    const client = await this.statements.pool.connect();
    let whole = false;
    try {
      await client.query('begin isolation level repeatable read read only');
      await client.query(`select set_config('app.tenant', $1, true)`, [this.context.tenant]);
      for (let after = 0; ; ) {
        const { rows } = await client.query<PlacedRow>({
          name: 'audit_export',
          text: `select ${CONTENT_COLUMNS}, c.seq, encode(c.prev_hash, 'hex') as prev_hash, encode(c.hash, 'hex') as hash
            from audit_chain c join audit_event e on e.tenant_id = c.tenant_id and e.id = c.event_id where c.seq > $1 order by c.tenant_id, c.seq limit ${EXPORT_ROWS}`,
          values: [after],
        });
        if (rows.length === 0) break;
        after = Number(rows.at(-1)!.seq);
        yield rows.map((row) => `${JSON.stringify({ type: 'event', seq: Number(row.seq), ...contentOf(row), prev_hash: row.prev_hash, hash: row.hash })}\n`).join('');
      }
      for (const head of await this.newestHeads(client, 1)) yield `${JSON.stringify(head)}\n`;
      await client.query('rollback');
      whole = true;
    } finally {
      client.release(!whole); // a reader who left, or a failure: the connection goes, and its transaction with it
    }
  }

  heads() {
    return this.bound((client) => this.newestHeads(client, 100));
  }

  private async newestHeads(client: PoolClient, limit: number) {
    const { rows } = await client.query(
      `select 'head' as type, tenant_id as company_id, seq, encode(hash, 'hex') as hash, signed_at, kid, signature from audit_head order by tenant_id desc, seq desc limit $1`,
      [limit],
    );
    return rows.map((row) => ({ ...row, seq: Number(row.seq) }));
  }

  private async bound<T>(fn: (client: PoolClient) => Promise<T>): Promise<T> {
    const client = await this.statements.pool.connect();
    try {
      await client.query('begin read only');
      await client.query({ name: 'bind_tenant', text: `select set_config('app.tenant', $1, true)`, values: [this.context.tenant] });
      const result = await fn(client);
      await client.query('rollback');
      client.release();
      return result;
    } catch (error) {
      client.release(error as Error); // not back into the pool: what is wrong with it would meet the next one
      throw error;
    }
  }
}
