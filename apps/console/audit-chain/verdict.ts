/** What was found broken first. */
export type FindingKind =
  | 'empty' // no events
  | 'malformed' // no event and no head, or too long; `detail`: the field, or what it is not
  | 'altered' // the hash is not that of the content
  | 'missing' // a gap
  | 'reordered' // a place goes backwards or comes twice, or the one that was due comes later, at line `foundAt`
  | 'unlinked' // it does not follow the event before
  | 'wrong_company'
  | 'bad_signature' // `detail`: the key, when it is none of those given
  | 'head_mismatch' // what was signed is another history
  | 'truncated' // a head vouches for an event that is not here
  | 'unexplained' // a part is gone, and no erasure says so
  | 'erasure_mismatch' // what an erasure vouches for is not what is left
  | 'unsigned'; // no head covers the end

export interface Finding {
  kind: FindingKind;
  /** Of the export, from 1. */
  line: number;
  seq: number | null;
  id: string | null;
  /** The place whose turn it was. */
  expected: number;
  missing?: { from: number; to: number };
  foundAt?: number;
  detail?: string | undefined;
}

export interface Verdict {
  ok: boolean;
  /** Found good, up to the finding if there is one. */
  events: number;
  heads: number;
  companyId: string | null;
  /** Events at the end that no head covers. */
  unsignedTail: number;
  lastHash: string | null;
  signedAt: string | null;
  finding?: Finding;
}
