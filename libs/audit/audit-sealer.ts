import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { HotStatements, log, SigningKeys, signSealer } from '@app/platform';
import { contentOf, type EventRow } from './audit-event.row.js';
import { genesis, sealEvent, signHead } from './chain.js';
import { sealInParts } from './second-form.js';

const EVERY_MS = 750;
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
      const { rows } = await client.query<EventRow>({
        name: 'audit_claim',
        text: 'select * from app.audit_claim($1, $2)',
        values: [signSealer(), BATCH],
      });
      const sealed = [];
      let count = 0;
      for (const [tenant, events] of byCompany(rows)) {
        try {
          sealed.push(this.seal(tenant, events));
          count += events.length;
        } catch (error) {
          // Only this company waits: an event that cannot be spelled must not stop the others' chains.
          log().error({ err: error, company: tenant, events: events.length }, 'audit events cannot be sealed');
          await client.query('select app.audit_requeue($1, $2, $3)', [signSealer(), tenant, events.map(({ id }) => id)]);
        }
      }
      if (sealed.length > 0)
        await client.query({
          name: 'audit_append',
          text: 'select app.audit_append($1, $2)',
          values: [signSealer(), JSON.stringify(sealed)],
        });
      await client.query('commit');
      client.release();
      return count;
    } catch (error) {
      await client.query('rollback').catch(() => {});
      client.release(error as Error);
      throw error;
    }
  }

  /** A company's events after its last link, which each of them names. */
  private seal(tenant: string, events: EventRow[]) {
    let seq = Number(events[0]!.seq);
    let prev = events[0]!.hash ?? genesis(tenant);
    const links = events.map((row) => {
      const { origin_salt, details_salt } = row;
      const link =
        origin_salt && details_salt
          ? sealInParts(contentOf(row), { origin_salt, details_salt }, ++seq, prev)
          : { ...sealEvent(contentOf(row), ++seq, prev), parts: null };
      prev = link.hash;
      return { seq, id: row.id, prev_hash: link.prev_hash, hash: link.hash, parts: link.parts };
    });
    const { kid, privateKey } = this.keys.current('audit');
    return { tenant, links, head: signHead({ company_id: tenant, seq, hash: prev, signed_at: new Date().toISOString() }, privateKey, kid) };
  }
}

function byCompany(rows: EventRow[]): Map<string, EventRow[]> {
  const companies = new Map<string, EventRow[]>();
  for (const row of rows) {
    const events = companies.get(row.tenant_id);
    if (events) events.push(row);
    else companies.set(row.tenant_id, [row]);
  }
  return companies;
}
