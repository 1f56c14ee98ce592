import type { EntityManager } from '@mikro-orm/postgresql';
import { ServerError } from './app-error.js';

/** What PostgreSQL says of a statement that took longer than it may. */
const CANCELED = '57014';

/** Statements that read much, and may take so long together; in a transaction of theirs. */
export class Patience {
  private readonly until: number;

  constructor(
    private readonly em: EntityManager,
    milliseconds: number,
  ) {
    this.until = Date.now() + milliseconds;
  }

  /** @throws server.too_much when it is over */
  async read<Row>(text: string, values: unknown[] = []): Promise<Row[]> {
    const left = this.until - Date.now();
    if (left < 1) throw ServerError.tooMuch();
    try {
      await this.em.execute(`set local statement_timeout = ${left}`);
      return (await this.em.execute(text, values)) as Row[];
    } catch (error) {
      throw (error as { code?: string }).code === CANCELED ? ServerError.tooMuch() : error;
    }
  }
}
