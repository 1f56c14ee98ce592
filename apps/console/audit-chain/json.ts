/** JSON as the chain needs it: read without losing anything (RFC 7493), written in the one way that is hashed (RFC 8785). */

const DEEPEST = 100;
export type Members = Record<string, unknown>;
export const isObject = (value: unknown): value is Members => typeof value === 'object' && value !== null && !Array.isArray(value);

/** What the chain's hashes are over: names in the order of their code units, no space, numbers and strings as ECMAScript writes them. */
export function canonical(value: unknown, depth = 0): string {
  if (depth > DEEPEST) throw new TypeError('nested too deep');
  if (typeof value === 'string') {
    if (!value.isWellFormed()) throw new TypeError('half a character');
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map((one) => canonical(one, depth + 1)).join(',')}]`;
  if (isObject(value)) {
    const names = Object.keys(value).toSorted();
    return `{${names.map((name) => `${canonical(name, depth)}:${canonical(value[name], depth + 1)}`).join(',')}}`;
  }
  // A number that JSON can write is finite: 1e999 is read as Infinity.
  if (value === null || typeof value === 'boolean' || Number.isFinite(value)) return JSON.stringify(value);
  throw new TypeError('nothing that JSON has');
}

/** @throws SyntaxError also where a name stands twice or a number is finer than a double: two readers could see two things under one hash. */
export function parseExact(text: string): unknown {
  const value: unknown = JSON.parse(text);
  // As an export is written. Whatever went missing in reading would be missing now.
  if (JSON.stringify(value) === text) return value;
  const names: Set<string>[] = [];
  const pieces = text.match(/"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|[{}:[\]]/g) ?? [];
  for (const [at, piece] of pieces.entries()) {
    if (piece === '{' || piece === '[') names.push(new Set());
    else if (piece === '}' || piece === ']') names.pop();
    else if (piece === ':') {
      const name = JSON.parse(pieces[at - 1]!) as string;
      if (names.at(-1)!.has(name)) throw new SyntaxError('a name stands twice');
      names.at(-1)!.add(name);
    } else if (piece[0] !== '"' && figures(piece) !== figures(String(Number(piece)))) throw new SyntaxError('a number is too fine');
  }
  return value;
}

/** The digits that a number is told by, however it is written. */
const figures = (number: string) =>
  number
    .split(/e/i)[0]!
    .replaceAll(/[-.]/g, '')
    .replaceAll(/^0+|0+$/g, '');
