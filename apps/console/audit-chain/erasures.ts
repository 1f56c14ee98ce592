import { isObject, type Members } from './json.js';
import { remainsOf, sha256 } from './hashes.js';
import { type ChainEvent, isInParts } from './rows.js';

type Part = 'origins' | 'details' | 'first_form';
export interface Loss {
  seq: number;
  id: string;
  line: number;
}

const PLACES = /^\d{1,15}(-\d{1,15})?(,\d{1,15}(-\d{1,15})?)*$/;
const SHA256 = /^[0-9a-f]{64}$/;

/** What events lost, until a later event of the chain accounts for it: an erasure names the places that lost a part to it. */
export class Erasures {
  private readonly lost = { origins: new Map<number, Loss>(), details: new Map<number, Loss>(), first_form: new Map<number, Loss>() };
  private readonly left = new Map<number, Promise<string>>();

  note(event: ChainEvent, line: number) {
    const { seq, id } = event;
    for (const part of lostBy(event)) this.lost[part].set(seq, { seq, id, line });
    if (event.erased === true) this.left.set(seq, remainsOf(event));
  }

  /** Takes an event's word for what it says was erased. False: what it vouches for is not what is here. */
  async account(event: ChainEvent): Promise<boolean> {
    const said = event.action === 'users.erased' && !lostBy(event).includes('details') ? readErasure(event.details) : undefined;
    if (!said) return true;
    const before = event.seq - 1;
    if (said.first_form !== undefined) {
      const places = [...placesIn(said.first_form, before)];
      const left = await Promise.all(places.map((place) => this.left.get(place) ?? ''));
      if ((await sha256(left.join(''))) !== said.first_form_remains) return false;
      for (const place of places) this.lost.first_form.delete(place);
    }
    for (const part of ['origins', 'details'] as const)
      if (said[part] !== undefined) for (const place of placesIn(said[part], before)) this.lost[part].delete(place);
    return true;
  }

  /** The first loss that nothing accounts for. */
  unaccounted(): Loss | undefined {
    return Object.values(this.lost)
      .flatMap((losses) => [...losses.values()])
      .toSorted((one, other) => one.seq - other.seq)[0];
  }
}

function lostBy(event: ChainEvent): Part[] {
  if (event.erased === true) return ['first_form'];
  if (!isInParts(event)) return [];
  return [...(event.origin_salt === null ? (['origins'] as const) : []), ...(event.details_salt === null ? (['details'] as const) : [])];
}

interface Said {
  origins?: string;
  details?: string;
  first_form?: string;
  first_form_remains?: string;
}

/** Undefined where it is not written as an erasure writes it: then it explains nothing. */
function readErasure(details: Members): Said | undefined {
  const fits = (name: keyof Said, pattern: RegExp) =>
    details[name] === undefined || (typeof details[name] === 'string' && pattern.test(details[name]));
  const isErasure =
    isObject(details) &&
    (['origins', 'details', 'first_form'] as const).every((part) => fits(part, PLACES)) &&
    fits('first_form_remains', SHA256);
  return isErasure ? (details as Said) : undefined;
}

/** `1-3,7` is 1, 2, 3, 7, as far as it comes before. */
function* placesIn(text: string, last: number): Generator<number> {
  for (const range of text.split(',')) {
    const [from = 1, to = from] = range.split('-').map(Number);
    for (let place = Math.max(from, 1); place <= Math.min(to, last); place++) yield place;
  }
}
