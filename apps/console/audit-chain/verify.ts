import { ChainReading, type Judged } from './chain-reading.js';
import { hashOf } from './hashes.js';
import { keysOf, signatureOf, type VerifyingKey } from './keys.js';
import { type Line, LineCutter } from './lines.js';
import { readRow } from './rows.js';
import type { Finding, Verdict } from './verdict.js';

/** Lines whose hashes are worked out side by side. */
const TOGETHER = 256;

/**
 * Verifies an export of the audit trail as its bytes come, on nothing but WebCrypto and the description of the format: an implementation of
 * its own beside the server's, so that a mistake in one shows. Holds one line's text at a time, and 32 bytes an event.
 */
export class ChainVerifier {
  private readonly cutter = new LineCutter();
  private readonly reading: ChainReading;
  private waiting: Line[] = [];
  private finding: Finding | undefined;

  private constructor(
    private readonly keys: VerifyingKey[],
    companyId: string | undefined,
  ) {
    this.reading = new ChainReading(companyId);
  }

  /** `companyId`: whose export it must be. @throws CannotVerify */
  static async with(jwks: unknown, companyId?: string): Promise<ChainVerifier> {
    return new ChainVerifier(await keysOf(jwks), companyId);
  }

  get events() {
    return this.reading.events;
  }

  /** False: something is broken, and more needs not come. */
  async take(chunk: Uint8Array): Promise<boolean> {
    for (const line of this.cutter.cut(chunk)) {
      this.waiting.push(line);
      if (this.waiting.length === TOGETHER) await this.judgeWaiting();
      if (this.finding) return false;
    }
    await this.judgeWaiting();
    return !this.finding;
  }

  async end(): Promise<Verdict> {
    if (!this.finding) {
      this.waiting.push(...this.cutter.rest());
      await this.judgeWaiting();
    }
    return this.reading.verdict(this.finding ?? this.reading.end());
  }

  private async judgeWaiting() {
    const lines = this.waiting;
    this.waiting = [];
    const rows = await Promise.all(lines.map((line) => this.judge(line)));
    for (const row of rows) this.finding ??= await this.reading.next(row);
  }

  private async judge(line: Line): Promise<Judged> {
    if (line === undefined) return { unreadable: 'too_long' };
    if (line.trim() === '') return { blank: true };
    const row = readRow(line);
    if ('unreadable' in row) return row;
    try {
      if ('head' in row) return { ...row, signed: await signatureOf(row.head, this.keys) };
      return { ...row, actual: await hashOf(row.event) };
    } catch (error) {
      // What cannot be written in the one way has no hash.
      if (error instanceof TypeError) return { unreadable: 'json' };
      throw error;
    }
  }
}
