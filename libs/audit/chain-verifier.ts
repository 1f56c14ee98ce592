import { z } from 'zod';
import { eventHash, genesis, parseStrictJson, readHeadKeys, sealedEvent, signedHead, verifyHead } from './chain.js';
import type { HeadKey, Jwk, Jwks, SealedEvent, SignedHead } from './chain.js';
import { Erasures, type LostPart } from './erasures.js';
import { type EventInParts, eventInParts, hashInParts } from './second-form.js';

/** The longest line accepted, in bytes. */
export const MAX_LINE = 1024 * 1024;

export type ProblemKind =
  | 'empty' // no events
  | 'malformed' // not JSON, not the shape of an event or head, or longer than MAX_LINE; `detail` says which
  | 'altered' // the hash does not match the content
  | 'missing' // a gap: `missing` says which seqs
  | 'reordered' // seq goes backwards or repeats, or the one expected comes later, at line `foundAt`
  | 'unlinked' // prev_hash is not the hash of the event before: one of the two was replaced and hashed anew
  | 'wrong_company'
  | 'bad_signature' // by an unknown key, or wrong; `detail` says which
  | 'head_mismatch' // the signed hash is another: history at or before that seq was rewritten
  | 'truncated' // a head vouches for an event beyond the last one
  | 'unexplained' // it lost a part, and no erasure in the chain says so
  | 'erasure_mismatch' // an erasure vouches for what is left of events, and that is not what is here
  | 'unsigned'; // no head covers the last `unsignedTail` events, which may be all of them

/** The first broken row. `line` counts from 1, `expected` is the seq whose turn it was; heads and unreadable rows have no `id`. */
export type Problem = {
  kind: ProblemKind;
  line: number;
  seq: number | null;
  id: string | null;
  expected: number;
  missing?: { from: number; to: number };
  foundAt?: number;
  detail?: string;
};

/** Counts what was found good, up to the problem if there is one. No head covers the last `unsignedTail` events. */
export type ChainReport = {
  ok: boolean;
  events: number;
  firstSeq: number | null;
  lastSeq: number | null;
  companyId: string | null;
  heads: number;
  unsignedTail: number;
  problem?: Problem;
};

/**
 * `from`: the export is a slice that begins with this seq, after an event with this hash; the caller vouches for both.
 * `companyId`: whose export it must be; without it, the first row says.
 */
export type VerifyOptions = { from?: { seq: number; prevHash: string } | undefined; companyId?: string | undefined };

/**
 * Verifies an NDJSON export line by line: events in seq order, heads anywhere. It holds the heads whose event is still to come, and 32 bytes
 * an event, since a head may also come after its event. Throws TypeError when no usable key is given.
 */
export async function verifyChain(lines: AsyncIterable<string>, publicKeys: Jwk | Jwks, options: VerifyOptions = {}): Promise<ChainReport> {
  const reading = new ChainReading(readHeadKeys(publicKeys), options);
  for await (const line of lines) {
    const problem = reading.next(line);
    if (problem) return reading.report(problem);
  }
  return reading.report(reading.end());
}

class ChainReading {
  private line = 0;
  private companyId: string | null;
  private readonly from: VerifyOptions['from'];
  private readonly first: number;
  private readonly hashes = new HashList();
  private readonly awaited = new Map<number, { hash: string; line: number }>(); // heads whose event is still to come, by seq
  private heads = 0;
  private signedSeq = 0;
  private readonly erasures = new Erasures();
  private gap: (Problem & { missing: { from: number; to: number } }) | undefined;

  constructor(
    private readonly keys: HeadKey[],
    { from, companyId }: VerifyOptions,
  ) {
    this.from = from;
    this.companyId = companyId ?? null;
    this.first = from?.seq ?? 1;
  }

  next(line: string): Problem | undefined {
    this.line += 1;
    if (line.trim() === '') return undefined;
    const row = readRow(line);
    if (this.gap) return 'event' in row ? this.fillGap(this.gap, row.event.seq) : undefined;
    if ('event' in row) return this.readEvent(row);
    return 'head' in row ? this.readHead(row.head) : this.problem('malformed', {}, { detail: row.unreadable });
  }

  end(): Problem | undefined {
    if (this.gap) return this.gap;
    for (const [seq, { line }] of this.awaited) return this.problem('truncated', { seq }, { line });
    const loss = this.erasures.unexplained();
    if (loss) return this.problem('unexplained', loss, { line: loss.line });
    if (this.hashes.length === 0) return this.problem('empty');
    return this.signedSeq < this.expected - 1 ? this.problem('unsigned') : undefined;
  }

  report(problem: Problem | undefined): ChainReport {
    const { companyId, heads, hashes } = this;
    const events = hashes.length;
    const [firstSeq, lastSeq] = events > 0 ? [this.first, this.expected - 1] : [null, null];
    const unsignedTail = Math.min(events, this.expected - 1 - this.signedSeq);
    return { ok: !problem, events, firstSeq, lastSeq, companyId, heads, unsignedTail, ...(problem && { problem }) };
  }

  private get expected() {
    return this.first + this.hashes.length;
  }

  private readEvent({ event, actualHash, lost }: EventRow): Problem | undefined {
    const { seq, company_id, hash, prev_hash } = event;
    if (company_id !== (this.companyId ?? company_id)) return this.problem('wrong_company', event, { detail: company_id });
    if (hash !== actualHash) return this.problem('altered', event);
    if (seq > this.expected) return this.openGap(event);
    if (seq < this.expected) return this.problem('reordered', event);
    if (prev_hash !== (seq === 1 ? genesis(company_id) : this.hashAt(seq - 1))) return this.problem('unlinked', event);

    this.companyId = company_id;
    this.hashes.push(hash);
    return this.settle(event) ?? this.account(event, lost);
  }

  /** What was erased must be explained by what comes later. */
  private account(event: SealedEvent, lost: LostPart[]): Problem | undefined {
    for (const part of lost)
      if (part === 'first_form') this.erasures.addFirstForm(event, this.line);
      else this.erasures.add(part, { seq: event.seq, id: event.id, line: this.line });
    if (event.action !== ERASURE || lost.includes('details') || this.erasures.explain(event, this.first)) return undefined;
    return this.problem('erasure_mismatch', event);
  }

  private readHead(head: SignedHead): Problem | undefined {
    const { seq, hash, company_id } = head;
    const keys = this.keys.filter(({ kid }) => kid === undefined || kid === head.kid);
    if (keys.length === 0) return this.problem('bad_signature', head, { detail: `its key "${head.kid}" is not among those given` });
    if (!keys.some(({ key }) => verifyHead(head, key))) return this.problem('bad_signature', head, { detail: 'its signature is wrong' });
    if (company_id !== (this.companyId ??= company_id)) return this.problem('wrong_company', head, { detail: company_id });

    const known = this.hashAt(seq) ?? this.awaited.get(seq)?.hash;
    if (known !== undefined && known !== hash) return this.problem('head_mismatch', head);
    if (seq < this.expected) return this.accept(seq);
    if (known === undefined) this.awaited.set(seq, { hash, line: this.line });
    return undefined;
  }

  /** Compares the event with a head that came before it. */
  private settle({ seq, id, hash }: SealedEvent): Problem | undefined {
    const head = this.awaited.get(seq);
    if (!head) return undefined;
    this.awaited.delete(seq);
    return head.hash === hash ? this.accept(seq) : this.problem('head_mismatch', { seq, id }, { line: head.line });
  }

  /** A head from before a slice says nothing about the slice. */
  private accept(seq: number): undefined {
    if (seq < this.first) return;
    this.heads += 1;
    this.signedSeq = Math.max(this.signedSeq, seq);
  }

  /** A gap means events cut out, or moved further down: the rest of the file tells which, so reading goes on. */
  private openGap(event: SealedEvent): undefined {
    const missing = { from: this.expected, to: event.seq - 1 };
    this.gap = { ...this.problem('missing', event), missing };
  }

  /** What comes later is not missing. Once even the first of the gap has come, rows were moved. */
  private fillGap({ missing, ...gap }: NonNullable<typeof this.gap>, seq: number): Problem | undefined {
    if (seq === missing.from) return { ...gap, kind: 'reordered', foundAt: this.line };
    if (seq > missing.from) missing.to = Math.min(missing.to, seq - 1);
    return undefined;
  }

  private hashAt(seq: number): string | undefined {
    return seq === this.first - 1 ? this.from?.prevHash : this.hashes.at(seq - this.first);
  }

  private problem(kind: ProblemKind, row: { seq?: number; id?: string } = {}, more: Partial<Problem> = {}): Problem {
    return { kind, line: this.line, seq: row.seq ?? null, id: row.id ?? null, expected: this.expected, ...more };
  }
}

type EventRow = { event: SealedEvent; actualHash: string | undefined; lost: LostPart[] };
type Row = EventRow | { head: SignedHead } | { unreadable: string };
const ERASURE = 'users.erased';
const firstForm = sealedEvent.extend({ type: z.literal('event') });
const erasedFirstForm = firstForm.extend({
  erased: z.literal(true),
  ip_address: z.null(),
  user_agent: z.null(),
  details: z.strictObject({}),
});
const secondForm = eventInParts.extend({ type: z.literal('event') });

function readRow(line: string): Row {
  if (Buffer.byteLength(line) > MAX_LINE) return { unreadable: 'is longer than 1 MiB' };
  try {
    const value = parseStrictJson(line) as { type?: unknown; version?: unknown; erased?: unknown } | null;
    if (value?.type === 'head') return read(signedHead, value, (head) => ({ head }));
    // By one shape, so that what is wrong can be named.
    const shape = value?.version === 2 ? secondForm : value?.erased === true ? erasedFirstForm : firstForm;
    return read<z.output<typeof shape>>(shape, value, ({ type: _, ...event }) => ({ event, ...judged(event) }));
  } catch {
    return { unreadable: 'is not sound JSON' };
  }
}

function read<T>(shape: z.ZodType<T>, value: unknown, then: (data: T) => Row): Row {
  const { data, error } = shape.safeParse(value);
  if (!error) return then(data);
  return { unreadable: `is not an event or a head: ${error.issues[0]!.path[0]?.toString() ?? 'its set of fields'} is wrong` };
}

/** The hash an event must carry, as far as it can be worked out, and what it lost. */
function judged(event: SealedEvent | EventInParts): Omit<EventRow, 'event'> {
  if ('version' in event) {
    const { origin_salt, details_salt } = event;
    const lost: LostPart[] = [
      ...(origin_salt === null ? (['origins'] as const) : []),
      ...(details_salt === null ? (['details'] as const) : []),
    ];
    return { actualHash: hashInParts(event), lost };
  }
  // The links beside it hold its hash, and the erasure what is left.
  if ('erased' in event) return { actualHash: event.hash, lost: ['first_form'] };
  return { actualHash: eventHash(event), lost: [] };
}

/** Hashes kept as bytes, 32 each. */
class HashList {
  length = 0;
  private bytes = Buffer.alloc(32 * 1024);

  push(hex: string) {
    if (32 * this.length === this.bytes.length) this.bytes = Buffer.concat([this.bytes, Buffer.alloc(this.bytes.length)]);
    this.bytes.write(hex, 32 * this.length++, 'hex');
  }

  at(index: number): string | undefined {
    return index >= 0 && index < this.length ? this.bytes.toString('hex', 32 * index, 32 * index + 32) : undefined;
  }
}
