import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { HotStatements, log } from '@app/platform';

const EVERY_MS = 10 * 60_000;

/** Deletes what has been over for long, by its time index, never while somebody waits. */
@Injectable()
export class Retention implements OnApplicationBootstrap, OnApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly statements: HotStatements) {}

  onApplicationBootstrap() {
    this.timer = setInterval(() => void this.purge(), EVERY_MS).unref();
  }

  onApplicationShutdown() {
    clearInterval(this.timer);
  }

  async purge() {
    try {
      const { rows } = await this.statements.pool.query('select * from app.purge_expired()');
      const { rows: deliveries } = await this.statements.pool.query('select * from app.purge_deliveries()');
      const { rows: links } = await this.statements.pool.query('select app.purge_links() as links');
      const { rows: webhooks } = await this.statements.pool.query('select app.purge_webhooks() as webhooks');
      const { rows: thinned } = await this.statements.pool.query('select app.audit_thin() as heads');
      const { rows: flows } = await this.statements.pool.query('select app.purge_identity_flows() as identity_flows');
      const purged = { ...rows[0], ...deliveries[0], ...links[0], ...webhooks[0], ...thinned[0], ...flows[0] };
      log().info({ purged }, 'purged what was over');
    } catch (error) {
      log().warn({ err: error }, 'could not purge what is over; trying again later');
    }
  }
}
