import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import type { PoolClient } from 'pg';
import { HotStatements, page, readCursor, RequestContext, statement } from '@app/platform';
import type { AuditQuery } from './audit.contract.js';
import { contentOf, erasedOf, type EventRow, formOf } from './audit-event.row.js';

const EXPORT_ROWS = 2_000;
/** How long an erasure is waited for that is not sealed yet. */
const PATIENCE_MS = 10_000;

const PAGE = statement<EventRow>('audit_page', 'select * from app.audit_page($1, $2, $3, $4, $5, $6, $7, $8)');

/** As `app.audit_row` begins, and the salts. */
export const COLUMNS = `e.id, e.tenant_id, to_char(e.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at, e.action, e.outcome,
  e.actor_type, e.actor_id, e.session_id, e.target_id, e.ip_address, e.user_agent, e.request_id, e.details, e.origin_salt, e.details_salt`;

/** Reads a company's events: pages newest first by key, the export in the chain's order, both without counting or skipping. */
@Injectable()
export class AuditReader {
  constructor(
    private readonly statements: HotStatements,
    private readonly context: RequestContext,
  ) {}

  async page({ limit, cursor, action, except, actor_id, from, to }: AuditQuery) {
    const tenantId = this.context.tenantId!;
    const before = readCursor('audit', tenantId, cursor);
    const rows = await this.statements.run(PAGE, [
      this.context.tenant,
      limit + 1,
      before ?? null,
      action ?? null,
      except ?? null,
      actor_id ?? null,
      from ?? null,
      to ?? null,
    ]);
    const result = page('audit', tenantId, rows, limit, ({ id }) => id);
    return {
      ...result,
      data: result.data.map((row) => ({
        ...contentOf(row),
        seq: row.seq === null ? null : Number(row.seq),
        hash: row.hash,
        erased: erasedOf(row),
      })),
    };
  }

  /**
   * NDJSON: every sealed event in order up to the newest signed head, then that head. Read in slices, and no connection is held while the
   * reader takes its time: links are only ever added, so up to the head no snapshot is needed. Only what an erasure takes goes meanwhile,
   * so an export ends under a head that is over every erasure it may show.
   */
  export(): AsyncGenerator<string> {
    return this.slices(this.context.tenant);
  }

  private async *slices(tenant: string): AsyncGenerator<string> {
    let [after, head] = [0, await this.settledHead(tenant)];
    while (head && after < head.seq) {
      const { rows } = await this.bound(
        (client) =>
          client.query<EventRow & { prev_hash: string }>({
            name: 'audit_export',
            text: `select ${COLUMNS}, c.seq, encode(c.prev_hash, 'hex') as prev_hash, encode(c.hash, 'hex') as hash, encode(c.parts, 'hex') as parts
            from audit_chain c join audit_event e on e.tenant_id = c.tenant_id and e.id = c.event_id
           where c.seq > $1 and c.seq <= $2 order by c.tenant_id, c.seq limit ${EXPORT_ROWS}`,
            values: [after, head.seq],
          }),
        tenant,
      );
      if (rows.length === 0) throw new Error('The chain ends before its head.');
      after = Number(rows.at(-1)!.seq);
      yield rows.map((row) => `${JSON.stringify(exported(row))}\n`).join('');
      if (after === head.seq && (await this.erasedBeyond(head.seq, tenant))) head = await this.settledHead(tenant);
    }
    if (head) yield `${JSON.stringify(head)}\n`;
  }

  /** The newest head, once it is over every erasure there is by then. */
  private async settledHead(tenant: string) {
    for (const deadline = Date.now() + PATIENCE_MS; ; await sleep(100)) {
      const [head] = await this.bound((client) => this.newestHeads(client, 1), tenant);
      if (!head || Date.now() > deadline || !(await this.erasedBeyond(head.seq, tenant))) return head;
    }
  }

  private async erasedBeyond(seq: number, tenant: string): Promise<boolean> {
    const { rows } = await this.bound(
      (client) =>
        client.query<{ erased: boolean }>({
          name: 'audit_erased_beyond',
          text: `select exists (
            select from audit_event e left join audit_chain c on c.tenant_id = e.tenant_id and c.event_id = e.id
             where e.action = 'users.erased' and (c.seq is null or c.seq > $1)) as erased`,
          values: [seq],
        }),
      tenant,
    );
    return rows[0]!.erased;
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

  private bound<T>(fn: (client: PoolClient) => Promise<T>, tenant = this.context.tenant): Promise<T> {
    return this.statements.boundTo(tenant, fn);
  }
}

const exported = (row: EventRow & { prev_hash: string }) => ({
  type: 'event',
  seq: Number(row.seq),
  ...contentOf(row),
  ...formOf(row),
  prev_hash: row.prev_hash,
  hash: row.hash,
});
