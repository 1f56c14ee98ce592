import { hash as digest } from 'node:crypto';
import { z } from 'zod';
import { type SealedEvent, sha256 } from './chain.js';

/** What an event may have lost; the first form is hashed whole, and loses both parts at once. */
export type LostPart = 'origins' | 'details' | 'first_form';

const ranges = z.string().regex(/^\d{1,15}(-\d{1,15})?(,\d{1,15}(-\d{1,15})?)*$/);
/** What `users.erased` says in its details: the places in the chain that lost a part to it. */
const erasure = z.object({
  origins: ranges.optional(),
  details: ranges.optional(),
  first_form: ranges.optional(),
  first_form_remains: sha256.optional(),
});

interface Loss {
  seq: number;
  id: string;
  line: number;
}

/**
 * Parts of events that were erased, each to be explained by a later event of the chain that says so: otherwise somebody wiped them who had
 * no business to. Of the first form, whose hash cannot be worked out without them, the erasure also vouches for what is left.
 */
export class Erasures {
  private readonly lost: Record<LostPart, Map<number, Loss>> = { origins: new Map(), details: new Map(), first_form: new Map() };
  private readonly remains = new Map<number, string>();

  add(part: LostPart, loss: Loss) {
    this.lost[part].set(loss.seq, loss);
  }

  addFirstForm(event: SealedEvent, line: number) {
    this.add('first_form', { seq: event.seq, id: event.id, line });
    this.remains.set(event.seq, remainsOf(event));
  }

  /** Reads an erasure in its place. False: what it vouches for is not what is here. */
  explain({ seq, details }: { seq: number; details: Record<string, unknown> }, first: number): boolean {
    const { data } = erasure.safeParse(details);
    if (!data) return true; // it explains nothing
    const before = (text: string | undefined) => places(text, first, seq - 1);
    const vouched = [...before(data.first_form)];
    // Of a slice that begins among them nothing can be said: they stay unexplained.
    if (data.first_form !== undefined && vouched.length === [...places(data.first_form, 1, seq - 1)].length) {
      const all = vouched.map((at) => this.remains.get(at) ?? '').join('');
      if (digest('sha256', all, 'hex') !== data.first_form_remains) return false;
      for (const at of vouched) this.lost.first_form.delete(at);
    }
    for (const at of before(data.origins)) this.lost.origins.delete(at);
    for (const at of before(data.details)) this.lost.details.delete(at);
    return true;
  }

  /** The first event that lost something nobody accounts for. */
  unexplained(): Loss | undefined {
    const all = Object.values(this.lost).flatMap((losses) => [...losses.values()]);
    return all.toSorted((a, b) => a.seq - b.seq)[0];
  }
}

/** `1-3,7` as 1, 2, 3, 7, as far as it lies between. */
function* places(text: string | undefined, first: number, last: number): Generator<number> {
  for (const range of text?.split(',') ?? []) {
    const [from = 0, to = from] = range.split('-').map(Number);
    for (let at = Math.max(from, first); at <= Math.min(to, last); at++) yield at;
  }
}

/** As `private.remains` of the database: no field of it can hold a line feed. */
const remainsOf = ({ seq, id, at, action, outcome, actor_type, prev_hash, hash, ...event }: SealedEvent) =>
  digest(
    'sha256',
    [
      seq,
      id,
      at,
      action,
      outcome,
      actor_type,
      event.actor_id ?? '-',
      event.session_id ?? '-',
      event.target_id ?? '-',
      event.request_id ?? '-',
      prev_hash,
      hash,
    ].join('\n'),
    'hex',
  );
