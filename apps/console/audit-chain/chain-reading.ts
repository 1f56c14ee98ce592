import { Erasures } from './erasures.js';
import { genesisOf } from './hashes.js';
import { HashList } from './hash-list.js';
import type { Signed } from './keys.js';
import type { ChainEvent, Head } from './rows.js';
import type { Finding, FindingKind, Verdict } from './verdict.js';

/** A row, and what could be worked out of it without its neighbours. */
export type Judged =
  | { event: ChainEvent; actual: string | undefined }
  | { head: Head; signed: Signed }
  | { unreadable: 'json' | 'too_long' | 'shape'; field?: string }
  | { blank: true };

/** Follows a chain row by row and stops at the first that does not hold. */
export class ChainReading {
  private line = 0;
  private readonly hashes = new HashList();
  private readonly erasures = new Erasures();
  /** Heads whose event is still to come, by its place. */
  private readonly awaited = new Map<number, { hash: string; line: number; signed_at: string }>();
  private heads = 0;
  private signed = { seq: 0, at: null as string | null };
  private gap: Finding | undefined;
  private previous = '';

  constructor(private companyId: string | undefined) {}

  async next(row: Judged): Promise<Finding | undefined> {
    this.line += 1;
    if ('blank' in row) return undefined;
    if (this.gap) return 'event' in row ? this.belongsToGap(this.gap, row.event.seq) : undefined;
    if ('unreadable' in row) return this.found('malformed', {}, { detail: row.field ?? row.unreadable });
    return 'head' in row ? this.head(row.head, row.signed) : this.event(row.event, row.actual);
  }

  end(): Finding | undefined {
    if (this.gap) return this.gap;
    const [beyond] = this.awaited;
    if (beyond) return this.found('truncated', { seq: beyond[0] }, { line: beyond[1].line });
    const loss = this.erasures.unaccounted();
    if (loss) return this.found('unexplained', loss, { line: loss.line });
    if (this.hashes.length === 0) return this.found('empty');
    return this.signed.seq < this.hashes.length ? this.found('unsigned') : undefined;
  }

  verdict(finding: Finding | undefined): Verdict {
    const events = this.hashes.length;
    return {
      ok: !finding,
      events,
      heads: this.heads,
      companyId: this.companyId ?? null,
      unsignedTail: Math.max(0, events - this.signed.seq),
      lastHash: this.hashes.at(events - 1) ?? null,
      signedAt: this.signed.at,
      ...(finding && { finding }),
    };
  }

  get events() {
    return this.hashes.length;
  }

  private async event(event: ChainEvent, actual: string | undefined): Promise<Finding | undefined> {
    const { seq, company_id, hash, prev_hash } = event;
    const expected = this.hashes.length + 1;
    if (company_id !== (this.companyId ?? company_id)) return this.found('wrong_company', event, { detail: company_id });
    if (hash !== actual) return this.found('altered', event);
    if (seq > expected) {
      this.gap = this.found('missing', event, { missing: { from: expected, to: seq - 1 } });
      return undefined;
    }
    if (seq < expected) return this.found('reordered', event);
    if (prev_hash !== (seq === 1 ? await genesisOf(company_id) : this.previous)) return this.found('unlinked', event);

    this.companyId = company_id;
    this.hashes.push(hash);
    this.previous = hash;
    const head = this.awaited.get(seq);
    if (head) {
      this.awaited.delete(seq);
      if (head.hash !== hash) return this.found('head_mismatch', event, { line: head.line });
      this.vouched(seq, head.signed_at);
    }
    this.erasures.note(event, this.line);
    return (await this.erasures.account(event)) ? undefined : this.found('erasure_mismatch', event);
  }

  private head(head: Head, signed: Signed): Finding | undefined {
    const { seq, hash, company_id, signed_at } = head;
    if (signed !== 'good') return this.found('bad_signature', head, { detail: signed === 'wrong' ? undefined : head.kid });
    if (company_id !== (this.companyId ??= company_id)) return this.found('wrong_company', head, { detail: company_id });
    const known = this.hashes.at(seq - 1) ?? this.awaited.get(seq)?.hash;
    if (known !== undefined && known !== hash) return this.found('head_mismatch', head);
    if (seq <= this.hashes.length) this.vouched(seq, signed_at);
    else if (known === undefined) this.awaited.set(seq, { hash, line: this.line, signed_at });
    return undefined;
  }

  private vouched(seq: number, at: string) {
    this.heads += 1;
    if (seq >= this.signed.seq) this.signed = { seq, at };
  }

  /** Events cut out, or moved further down? The rest of the file tells. */
  private belongsToGap(gap: Finding, seq: number): Finding | undefined {
    const missing = gap.missing!;
    if (seq === missing.from) {
      const { missing: _, ...rest } = gap;
      return { ...rest, kind: 'reordered', foundAt: this.line };
    }
    if (seq > missing.from) missing.to = Math.min(missing.to, seq - 1);
    return undefined;
  }

  private found(kind: FindingKind, row: { seq?: number; id?: unknown } = {}, more: Partial<Finding> = {}): Finding {
    const id = typeof row.id === 'string' ? row.id : null;
    return { kind, line: this.line, seq: row.seq ?? null, id, expected: this.hashes.length + 1, ...more };
  }
}
