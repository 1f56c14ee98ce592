import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { PoolClient } from 'pg';
import { HotStatements, log, signTenant, SigningKeys } from '@app/platform';
import { CONTENT_COLUMNS, contentOf, type EventRow } from './audit-event.row.js';
import { genesis, sealEvent, signHead } from './chain.js';

const EVERY_MS = 500;
const BATCH = 1_000;

/**
 * Gives each event its place in its company's chain, within a second of its commit, and signs the new head. Any number may run:
 * the queue hands each event to one of them, and a lock per company keeps a chain from forking.
 */
@Injectable()
export class AuditSealer implements OnApplicationBootstrap, OnApplicationShutdown {
  private stopped = false;
  private running: Promise<void> | undefined;
  private wake: (() => void) | undefined;

  constructor(
    private readonly statements: HotStatements,
    private readonly keys: SigningKeys,
  ) {}

  onApplicationBootstrap() {
    this.running = this.loop();
  }

  async onApplicationShutdown() {
    this.stopped = true;
    this.wake?.();
    await this.running;
  }

  private async loop() {
    while (!this.stopped) {
      const sealed = await this.sealBatch().catch((error) => {
        log().warn({ err: error }, 'audit events could not be sealed; trying again');
        return 0;
      });
      if (sealed < BATCH)
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, EVERY_MS);
          this.wake = () => (clearTimeout(timer), resolve());
        });
    }
    await this.sealBatch().catch(() => 0);
  }

  /** One transaction: a batch off the queue, into the chains, heads signed. Returns how many. */
  async sealBatch(): Promise<number> {
    const client = await this.statements.pool.connect();
    try {
      await client.query('begin');
      const { rows } = await client.query<{ tenant_id: string; event_ids: string[] }>('select * from app.audit_claim($1)', [BATCH]);
      for (const { tenant_id, event_ids } of rows) await this.append(client, tenant_id, event_ids);
      await client.query('commit');
      client.release();
      return rows.reduce((sum, { event_ids }) => sum + event_ids.length, 0);
    } catch (error) {
      await client.query('rollback').catch(() => {});
      client.release(error as Error);
      throw error;
    }
  }

  private async append(client: PoolClient, tenantId: string, eventIds: string[]) {
    const query = <Row>(name: string, text: string, values: unknown[]) => client.query<Row & object>({ name, text, values });
    await query('audit_bind', `select set_config('app.tenant', $1, true), pg_advisory_xact_lock(hashtextextended($2, 7200))`, [signTenant(tenantId), tenantId]);
    const tail = await query<{ seq: string; hash: Buffer }>('audit_tail', 'select seq, hash from audit_chain order by tenant_id desc, seq desc limit 1', []);
    const { rows } = await query<EventRow>('audit_read', `select ${CONTENT_COLUMNS} from audit_event e where e.id = any ($1) order by array_position($1, e.id)`, [eventIds]);

    let seq = Number(tail.rows[0]?.seq ?? 0);
    let prev = tail.rows[0]?.hash.toString('hex') ?? genesis(tenantId);
    const placed = rows.map((row) => {
      const event = sealEvent(contentOf(row), ++seq, prev);
      prev = event.hash;
      return event;
    });
    const { kid, privateKey } = this.keys.current('audit');
    const head = signHead({ company_id: tenantId, seq, hash: prev, signed_at: new Date().toISOString() }, privateKey, kid);
    await query(
      'audit_append',
      `with link as (
         insert into audit_chain (seq, event_id, prev_hash, hash)
         select x.seq, x.id, decode(x.prev_hash, 'hex'), decode(x.hash, 'hex') from jsonb_to_recordset($1) as x(seq bigint, id uuid, prev_hash text, hash text))
       insert into audit_head (seq, hash, signed_at, kid, signature) values ($2, decode($3, 'hex'), $4, $5, $6)`,
      [JSON.stringify(placed.map(({ seq, id, prev_hash, hash }) => ({ seq, id, prev_hash, hash }))), head.seq, head.hash, head.signed_at, head.kid, head.signature],
    );
  }
}
