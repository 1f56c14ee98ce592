import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { genesis, sealEvent, signHead, type SealedEvent, type SignedHead } from './chain.js';
import { MAX_LINE, verifyChain, type VerifyOptions } from './chain-verifier.js';

const ACME = '0198c0de-0000-7000-8000-00000000000a';
const RIVAL = '0198c0de-0000-7000-8000-00000000000b';
const LENGTH = 40;

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const key = { ...publicKey.export({ format: 'jwk' }), kid: 'audit-1' };

const uuid = (number: number) => `0198c0de-0000-7000-8000-${String(number).padStart(12, '0')}`;
const content = (seq: number, company_id = ACME) => ({
  id: uuid(seq),
  company_id,
  at: `2026-10-01T12:00:00.${String(seq).padStart(6, '0')}Z`,
  action: 'session.created',
  outcome: 'success',
  actor_type: 'user',
  actor_id: uuid(1_000_000 + seq),
  session_id: seq % 2 ? uuid(2_000_000 + seq) : null,
  ip_address: '192.0.2.7',
  user_agent: 'Firefox “140”',
  request_id: seq % 3 ? `req-${seq}` : null,
  target_id: null,
  details: { count: seq, nested: { list: [1, 'two', null] } },
});

function* sealed(contents: Iterable<ReturnType<typeof content>>): Generator<SealedEvent> {
  let seq = 0;
  let previous: string | undefined;
  for (const each of contents) {
    const event = sealEvent(each, ++seq, previous ?? genesis(each.company_id));
    previous = event.hash;
    yield event;
  }
}
const contents = (length: number, company?: string) => Array.from({ length }, (_, index) => content(index + 1, company));
const chain = [...sealed(contents(LENGTH))];
const last = chain.at(-1)!;

type Row = SealedEvent | SignedHead;
const head = ({ company_id, seq, hash }: SealedEvent, signer: KeyObject = privateKey, kid = 'audit-1') =>
  signHead({ company_id, seq, hash, signed_at: '2026-10-01T12:00:01Z' }, signer, kid);
const write = (row: Row) => JSON.stringify('signature' in row ? row : { type: 'event', ...row });
async function* stream(rows: Iterable<Row | string>) {
  for (const row of rows) yield typeof row === 'string' ? row : write(row);
}
const verify = (rows: Iterable<Row | string>, options?: VerifyOptions) => verifyChain(stream(rows), key, options);
const signed = (rows: (SealedEvent | string)[]) => [...rows, head(chain[9]!), head(last)];
const places = chain.map((_, index) => index);
function* signedEachThousand(length: number) {
  for (const event of sealed(contents(length))) {
    yield event;
    if (event.seq % 1000 === 0) yield head(event);
  }
}
/** What another value of the same shape looks like. */
const another = (value: unknown): unknown => {
  if (value === null) return uuid(9);
  if (typeof value === 'number') return value + 100;
  if (typeof value === 'object') return { ...value, count: 'x' };
  return /\d/.test(value as string) ? (value as string).replace(/\d/, (digit) => String((Number(digit) + 1) % 10)) : `${value as string}x`;
};

describe('A whole chain', () => {
  it('is verified with its heads after the events, before them or between them', async () => {
    const whole = { ok: true, events: 40, firstSeq: 1, lastSeq: 40, companyId: ACME, heads: 2, unsignedTail: 0 };
    expect(await verify(signed(chain))).toEqual(whole);
    expect(await verify([head(last), head(chain[9]!), ...chain])).toEqual(whole);
    expect(await verify(chain.flatMap((event) => (event.seq % 20 === 0 ? [event, head(event)] : [event])))).toEqual(whole);
  });

  it('ends with its newest head: what comes after that anybody could have written', async () => {
    expect(await verify([...chain, head(chain[29]!)])).toMatchObject({
      ok: false,
      events: 40,
      heads: 1,
      unsignedTail: 10,
      problem: { kind: 'unsigned' },
    });
    expect(await verify([...chain.slice(0, 30), head(chain[29]!)])).toMatchObject({ ok: true, unsignedTail: 0 });
  });

  it('is verified as the export of the company it must be of', async () => {
    expect(await verify(signed(chain), { companyId: ACME })).toMatchObject({ ok: true, companyId: ACME });
    const others = await verify(signed(chain), { companyId: RIVAL });
    expect(others).toMatchObject({ ok: false, events: 0, problem: { kind: 'wrong_company', line: 1, seq: 1, detail: ACME } });
    const headFirst = await verify([head(last), ...chain], { companyId: RIVAL });
    expect(headFirst).toMatchObject({ ok: false, problem: { kind: 'wrong_company', line: 1, detail: ACME } });
  });

  it('may be written with other spacing, order of fields and line ends', async () => {
    const spaced = chain.map((event) =>
      JSON.stringify(Object.fromEntries(Object.entries({ ...event, type: 'event' }).toReversed()), null, 1),
    );
    expect(await verify([...spaced.map((line) => `${line.replaceAll('\n', ' ')}\r`), '', head(last)])).toMatchObject({ ok: true });
  });

  it('is verified with any key of a set, and with a key that has no name', async () => {
    const older = { ...generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }), kid: 'audit-0' };
    expect(await verifyChain(stream(signed(chain)), { keys: [older, key] })).toMatchObject({ ok: true });
    expect(await verifyChain(stream(signed(chain)), publicKey.export({ format: 'jwk' }))).toMatchObject({ ok: true });
  });

  it('is verified as a slice when the hash before it is vouched for', async () => {
    const from = { seq: 31, prevHash: chain[29]!.hash };
    const slice = signed(chain.slice(30));
    expect(await verify(slice, { from })).toMatchObject({ ok: true, events: 10, firstSeq: 31, lastSeq: 40, heads: 1 });
    expect(await verify(slice, { from: { seq: 31, prevHash: chain[28]!.hash } })).toMatchObject({ problem: { kind: 'unlinked', seq: 31 } });
    expect(await verify([head({ ...chain[29]!, hash: last.hash }), ...slice], { from })).toMatchObject({
      problem: { kind: 'head_mismatch', seq: 30 },
    });
    expect(await verify(slice)).toMatchObject({ problem: { kind: 'missing', seq: 31, missing: { from: 1, to: 30 } } });
    expect(await verify([...chain.slice(30), head(chain[9]!)], { from })).toMatchObject({
      unsignedTail: 10,
      problem: { kind: 'unsigned' },
    });
  });

  it('is verified as it streams, 100,000 events long', { timeout: 60_000 }, async () => {
    expect(await verify(signedEachThousand(100_000))).toMatchObject({ ok: true, events: 100_000, heads: 100 });
  });
});

describe('Every event', () => {
  const fields = Object.keys(last) as (keyof SealedEvent)[];

  it.each(fields)('shows that its %s was altered', async (field) => {
    for (const place of places) {
      const rows = chain.with(place, { ...chain[place]!, [field]: another(chain[place]![field]) } as SealedEvent);
      const { ok, events, problem } = await verify(signed(rows));
      const kind = field === 'company_id' && place > 0 ? 'wrong_company' : 'altered';
      expect({ ok, events, problem }).toMatchObject({
        ok: false,
        events: place,
        problem: { kind, line: place + 1, expected: place + 1, seq: rows[place]!.seq, id: rows[place]!.id },
      });
    }
  });

  it.each(['type', ...fields])('is not an event without its %s', async (field) => {
    for (const place of places) {
      const row = JSON.stringify({ type: 'event', ...chain[place], [field]: undefined });
      expect((await verify(signed(chain.map(write).with(place, row)))).problem).toMatchObject({ kind: 'malformed', line: place + 1 });
    }
  });

  it('cannot be altered and hashed anew: the next one no longer follows, or the head no longer fits', async () => {
    for (const place of places) {
      const { seq, prev_hash, ...before } = chain[place]!;
      const { problem } = await verify(signed(chain.with(place, sealEvent({ ...before, outcome: 'failure' }, seq, prev_hash))));
      const caught = seq === LENGTH ? { kind: 'head_mismatch', seq: 40, line: 42 } : { kind: 'unlinked', seq: seq + 1, line: seq + 1 };
      expect(problem).toMatchObject(caught);
    }
  });

  it('cannot be altered with the whole chain after it hashed anew: a head no longer fits', async () => {
    for (const place of places) {
      const rows = [...sealed(contents(LENGTH).with(place, { ...content(place + 1), outcome: 'failure' }))];
      const caught = place < 10 ? { seq: 10, line: 41 } : { seq: 40, line: 42 };
      expect((await verify(signed(rows))).problem).toMatchObject({ kind: 'head_mismatch', ...caught });
      const { problem } = await verify([head(last), ...rows]);
      expect(problem).toMatchObject({ kind: 'head_mismatch', seq: 40, line: 1 });
    }
  });

  it('is missed when it was removed', async () => {
    for (const place of places.slice(0, -1)) {
      const { problem } = await verify(signed(chain.toSpliced(place, 1)));
      expect(problem).toMatchObject({ kind: 'missing', line: place + 1, seq: place + 2, missing: { from: place + 1, to: place + 1 } });
    }
  });

  it('is seen to have changed places with the next', async () => {
    for (const place of places.slice(0, -1)) {
      const swapped = chain.with(place, chain[place + 1]!).with(place + 1, chain[place]!);
      const { problem } = await verify(signed(swapped));
      expect(problem).toMatchObject({ kind: 'reordered', line: place + 1, seq: place + 2, expected: place + 1, foundAt: place + 2 });
    }
  });

  it('is seen to stand there twice', async () => {
    for (const place of places) {
      const { problem } = await verify(signed(chain.toSpliced(place, 0, chain[place]!)));
      expect(problem).toMatchObject({ kind: 'reordered', line: place + 2, seq: place + 1, id: chain[place]!.id });
    }
  });

  it('is missed when the end was cut off from it on', async () => {
    for (const place of places) {
      const { problem } = await verify(signed(chain.slice(0, place)));
      expect(problem).toMatchObject({ kind: 'truncated', seq: place < 10 ? 10 : 40 });
    }
  });

  it('cannot come from another company', async () => {
    const rival = [...sealed(contents(LENGTH, RIVAL))];
    for (const place of places.slice(1)) {
      const { problem } = await verify(signed(chain.with(place, rival[place]!)));
      expect(problem).toMatchObject({ kind: 'wrong_company', line: place + 1, seq: place + 1 });
    }
    expect((await verify(signed(rival))).problem).toMatchObject({ kind: 'wrong_company', seq: 10, line: 41 });
    const renamed = sealEvent(content(1, RIVAL), 1, genesis(ACME));
    expect((await verify(signed(chain.with(0, renamed)))).problem).toMatchObject({ kind: 'unlinked', seq: 1, line: 1 });
  });
});

describe('Rows moved far or cut out together', () => {
  it('tells a row moved to the end from a row cut out', async () => {
    const moved = [...chain.toSpliced(4, 1), chain[4]!];
    expect((await verify(signed(moved))).problem).toMatchObject({ kind: 'reordered', line: 5, seq: 6, expected: 5, foundAt: 40 });
  });

  it('names only the rows that are nowhere', async () => {
    const [five, six, seven] = [chain[4]!, chain[5]!, chain[6]!];
    const rows = [...chain.filter((event) => ![five, six, seven].includes(event)), seven];
    expect((await verify(signed(rows))).problem).toMatchObject({ kind: 'missing', line: 5, seq: 8, missing: { from: 5, to: 6 } });
  });

  it('reports the first of two problems', async () => {
    const rows = chain.with(20, { ...chain[20]!, outcome: 'failure' }).toSpliced(4, 1);
    expect((await verify(signed(rows))).problem).toMatchObject({ kind: 'missing', line: 5 });
  });
});

describe('A head', () => {
  it('is refused when another key signed it', async () => {
    const forger = generateKeyPairSync('ed25519').privateKey;
    const forged = await verify([...chain, head(last, forger)]);
    expect(forged.problem).toMatchObject({ kind: 'bad_signature', line: 41, seq: 40, detail: 'its signature is wrong' });
    const unknown = await verify([...chain, head(last, forger, 'mine')]);
    expect(unknown.problem).toMatchObject({ kind: 'bad_signature', line: 41, seq: 40, detail: 'its key "mine" is not among those given' });
  });

  it.each(['company_id', 'seq', 'hash', 'signed_at', 'signature'] as const)('shows that its %s was altered', async (field) => {
    const altered = { ...head(last), [field]: another(head(last)[field]) } as SignedHead;
    expect((await verify([...chain, altered])).problem).toMatchObject({ kind: 'bad_signature', line: 41 });
  });

  it('has one spelling: slack bits in its signature are refused', async () => {
    const { signature, ...rest } = head(last);
    const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const respelled = signature.slice(0, -1) + digits[digits.indexOf(signature.at(-1)!) + 1];
    expect(Buffer.from(respelled, 'base64url')).toEqual(Buffer.from(signature, 'base64url'));
    expect((await verify([...chain, { ...rest, signature: respelled }])).problem).toMatchObject({ kind: 'malformed', line: 41 });
  });

  it('of another company is refused', async () => {
    const rival = [...sealed(contents(LENGTH, RIVAL))];
    expect((await verify([...chain, head(rival.at(-1)!)])).problem).toMatchObject({
      kind: 'wrong_company',
      line: 41,
      seq: 40,
      detail: RIVAL,
    });
  });

  it('may not contradict another head, whether or not their event is there', async () => {
    const other = head({ ...last, hash: chain[0]!.hash });
    for (const events of [chain, []]) {
      expect((await verify([head(last), other, ...events])).problem).toMatchObject({ kind: 'head_mismatch', line: 2, seq: 40 });
      expect((await verify([other, head(last), ...events])).problem).toMatchObject({ kind: 'head_mismatch', line: 2, seq: 40 });
    }
  });

  it('is needed: events alone prove nothing', async () => {
    expect(await verify(chain)).toMatchObject({ ok: false, events: 40, heads: 0, unsignedTail: 40, problem: { kind: 'unsigned' } });
  });
});

describe('A file that is no export', () => {
  it('is refused when it is empty, or has heads only', async () => {
    expect(await verify([])).toMatchObject({ ok: false, events: 0, companyId: null, problem: { kind: 'empty', seq: null } });
    expect((await verify(['', ' ', ''])).problem).toMatchObject({ kind: 'empty' });
    expect((await verify([head(last)])).problem).toMatchObject({ kind: 'truncated', line: 1, seq: 40 });
  });

  const [first] = chain.map(write);
  it.each([
    ['text', 'hello'],
    ['a half-written line', first!.slice(0, -5)],
    ['a list', '[]'],
    ['null', 'null'],
    ['another type of row', first!.replace('"event"', '"note"')],
    ['a field that does not belong', first!.replace('{', '{"note":1,')],
    ['a field named __proto__', first!.replace('{', '{"__proto__":{"a":1},')],
    ['a repeated field', first!.replace('{', '{"outcome":"failure",')],
    ['a repeated detail', first!.replace('"count":1', '"count":2,"count":1')],
    ['a lone surrogate', first!.replace('Firefox', String.raw`\ud83d`)],
    ['bottomless details', first!.replace('[1,', `${'['.repeat(200_000)}${']'.repeat(200_000)},[1,`)],
    ['a seq of text', first!.replace('"seq":1', '"seq":"1"')],
    ['more than 1 MiB', first!.replace('Firefox', 'é'.repeat(MAX_LINE / 2))],
  ])('is refused at the line that holds %s', async (_, line) => {
    const { problem, events } = await verify(signed([line, ...chain.slice(1)]));
    expect({ events, problem }).toMatchObject({ events: 0, problem: { kind: 'malformed', line: 1, seq: null, id: null } });
  });

  it('cannot hide a detail under the name __proto__', async () => {
    const line = first!.replace('"count":1', '"count":1,"__proto__":{"admin":true}');
    expect((await verify(signed([line, ...chain.slice(1)]))).problem).toMatchObject({ kind: 'altered', line: 1 });
  });
});
