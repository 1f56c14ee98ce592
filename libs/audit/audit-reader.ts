import { Injectable } from '@nestjs/common';
import type { PoolClient } from 'pg';
import { HotStatements, page, readCursor, RequestContext, statement } from '@app/platform';
import type { AuditQuery } from './audit.contract.js';
import { contentOf, type EventRow } from './audit-event.row.js';

const EXPORT_ROWS = 2_000;

const PAGE = statement<EventRow>('audit_page', 'select * from app.audit_page($1, $2, $3, $4, $5, $6, $7)');

const COLUMNS = `e.id, e.tenant_id, to_char(e.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at, e.action, e.outcome,
  e.actor_type, e.actor_id, e.session_id, e.target_id, e.ip_address, e.user_agent, e.request_id, e.details`;

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
    const rows = await this.statements.run(PAGE, [
      this.context.tenant,
      limit + 1,
      before ?? null,
      action ?? null,
      actor_id ?? null,
      from ?? null,
      to ?? null,
    ]);
    const result = page('audit', tenantId, rows, limit, ({ id }) => id);
    return {
      ...result,
      data: result.data.map((row) => ({ ...contentOf(row), seq: row.seq === null ? null : Number(row.seq), hash: row.hash })),
    };
  }

  /**
   * NDJSON: every sealed event in order up to the newest signed head, then that head. Read in slices, and no connection is held while the
   * reader takes its time: links are only ever added, so up to the head no snapshot is needed.
   */
  export(): AsyncGenerator<string> {
    return this.slices(this.context.tenant);
  }

  private async *slices(tenant: string): AsyncGenerator<string> {
    const [head] = await this.bound((client) => this.newestHeads(client, 1), tenant);
    for (let after = 0; head && after < head.seq;) {
      const { rows } = await this.bound(
        (client) =>
          client.query<EventRow & { prev_hash: string }>({
            name: 'audit_export',
            text: `select ${COLUMNS}, c.seq, encode(c.prev_hash, 'hex') as prev_hash, encode(c.hash, 'hex') as hash
            from audit_chain c join audit_event e on e.tenant_id = c.tenant_id and e.id = c.event_id
           where c.seq > $1 and c.seq <= $2 order by c.tenant_id, c.seq limit ${EXPORT_ROWS}`,
            values: [after, head.seq],
          }),
        tenant,
      );
      if (rows.length === 0) throw new Error('The chain ends before its head.');
      after = Number(rows.at(-1)!.seq);
      yield rows
        .map(
          (row) =>
            `${JSON.stringify({ type: 'event', seq: Number(row.seq), ...contentOf(row), prev_hash: row.prev_hash, hash: row.hash })}\n`,
        )
        .join('');
    }
    if (head) yield `${JSON.stringify(head)}\n`;
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

  private async bound<T>(fn: (client: PoolClient) => Promise<T>, tenant = this.context.tenant): Promise<T> {
    const client = await this.statements.pool.connect();
    try {
      await client.query('begin read only');
      await client.query({ name: 'bind_tenant', text: `select set_config('app.tenant', $1, true)`, values: [tenant] });
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
