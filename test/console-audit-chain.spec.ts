import { generateKeyPairSync, hash as digest, type KeyObject } from 'node:crypto';
import { ChainVerifier } from '../apps/console/audit-chain/verify.js';
import { genesis, sealEvent, type SealedEvent, signHead } from '../libs/audit/chain.js';
import { verifyChain } from '../libs/audit/chain-verifier.js';
import { type EventInParts, sealInParts } from '../libs/audit/second-form.js';

const ACME = '0198c0de-0000-7000-8000-00000000000a';
const RIVAL = '0198c0de-0000-7000-8000-00000000000b';
const uuid = (number: number) => `0198c0de-0000-7000-8000-${String(number).padStart(12, '0')}`;
const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const jwks = {
  keys: [
    { kty: 'RSA', kid: 'tokens' },
    { ...publicKey.export({ format: 'jwk' }), kid: 'audit-1' },
  ],
};

const content = (seq: number, more: object = {}) => ({
  id: uuid(seq),
  company_id: ACME,
  at: `2026-10-01T12:00:00.${String(seq % 1_000_000).padStart(6, '0')}Z`,
  action: 'auth.signed_in',
  outcome: 'success',
  actor_type: 'user',
  actor_id: uuid(1_000_000 + seq),
  session_id: seq % 2 ? uuid(2_000_000 + seq) : null,
  ip_address: '192.0.2.7',
  user_agent: 'Firefox “140” \u2028 🗝',
  request_id: seq % 3 ? `req-${seq}` : null,
  target_id: null,
  details: { count: seq, share: 0.1, large: 1e21, nested: { list: [1, 'two', null], ß: true, ä: '\u0007' } },
  ...more,
});
type Event = SealedEvent | EventInParts;
const remains = (event: Event) => {
  const { seq, id, at, action, outcome, actor_type, actor_id, session_id, target_id, request_id, prev_hash, hash } = event;
  const fields = [seq, id, at, action, outcome, actor_type, actor_id ?? '-', session_id ?? '-', target_id ?? '-', request_id ?? '-'];
  return digest('sha256', [...fields, prev_hash, hash].join('\n'), 'hex');
};

/** The first `old` events in the first form, the others in parts; what `says` of a place replaces what usually stands there. */
function sealed(length: number, { old = 0, says = {} as Record<number, object | ((before: Event[]) => object)> } = {}): Event[] {
  const all: Event[] = [];
  for (let seq = 1; seq <= length; seq++) {
    const said = says[seq];
    const event = content(seq, typeof said === 'function' ? said(all) : said);
    const before = all.at(-1)?.hash ?? genesis(ACME);
    if (seq <= old) all.push(sealEvent(event, seq, before));
    else {
      const { parts: _, ...placed } = sealInParts(event, { origin_salt: uuid(3e6 + seq), details_salt: uuid(4e6 + seq) }, seq, before);
      all.push(placed);
    }
  }
  return all;
}
const head = ({ company_id, seq, hash }: Event, signer: KeyObject = privateKey, kid = 'audit-1') =>
  signHead({ company_id, seq, hash, signed_at: '2026-10-01T12:00:01Z' }, signer, kid);
const line = (event: object) => JSON.stringify('signature' in event ? event : { type: 'event', ...event });
const exported = (rows: (object | string)[]) => rows.map((row) => (typeof row === 'string' ? row : line(row)));

/** As the browser reads it: bytes that break anywhere. */
async function inBrowser(lines: string[], { keys = jwks as object, companyId = undefined as string | undefined, piece = 4096 } = {}) {
  const verifier = await ChainVerifier.with(keys, companyId);
  const bytes = new TextEncoder().encode(lines.map((each) => `${each}\n`).join(''));
  for (let at = 0; at < bytes.length; at += piece) if (!(await verifier.take(bytes.subarray(at, at + piece)))) break;
  return verifier.end();
}
async function* streamed(lines: string[]) {
  yield* lines;
}
/** What both implementations say; they must say the same. */
async function both(rows: (object | string)[], companyId?: string, keys: object = jwks) {
  const lines = exported(rows);
  const browser = await inBrowser(lines, { companyId, keys });
  const server = await verifyChain(streamed(lines), keys as never, { companyId });
  const { kind, line, seq, id, missing, foundAt } = browser.finding ?? {};
  const { problem } = server;
  expect([browser.ok, browser.events, browser.heads, kind, line, seq, id, missing, foundAt]).toEqual([
    server.ok,
    server.events,
    server.heads,
    problem?.kind,
    problem?.line,
    problem?.seq,
    problem?.id,
    problem?.missing,
    problem?.foundAt,
  ]);
  return browser;
}

const chain = sealed(40, { old: 15 });
const last = chain.at(-1)!;
const signed = (events: (object | string)[]) => [...events, head(last)];
const places = chain.map((_, place) => place);

describe("The browser's own verification of the audit trail", () => {
  it('finds a chain of both forms whole, wherever its heads stand and its bytes break', async () => {
    const whole = {
      ok: true,
      events: 40,
      heads: 2,
      unsignedTail: 0,
      companyId: ACME,
      lastHash: last.hash,
      signedAt: '2026-10-01T12:00:01Z',
    };
    expect(await both(signed([...chain, head(chain[9]!)]))).toEqual(whole);
    expect(await both([head(last), head(chain[9]!), ...chain])).toEqual(whole);
    for (const piece of [1, 7, 333, 1e6]) expect(await inBrowser(exported(signed([head(chain[9]!), ...chain])), { piece })).toEqual(whole);
    const respelled = chain.map((event) =>
      JSON.stringify(Object.fromEntries(Object.entries({ ...event, type: 'event' }).toReversed()), null, 1),
    );
    expect(await both([...respelled.map((text) => `${text.replaceAll('\n', ' ')}\r`), '', head(last)])).toMatchObject({ ok: true });
  });

  it.each(Object.keys({ ...chain[0], ...last }))('finds the event whose %s was altered', async (field) => {
    for (const place of places) {
      const event = chain[place] as unknown as Record<string, unknown>;
      if (!(field in event)) continue;
      const value = event[field];
      const other =
        value === null
          ? uuid(9)
          : typeof value === 'number'
            ? value + 100
            : typeof value === 'object'
              ? { ...value, count: 'x' }
              : `${value as string}`.replace(/\w(?=\W*$)/, (letter) => (letter === '1' ? '2' : '1'));
      const verdict = await both(signed(chain.with(place, { ...event, [field]: other } as unknown as Event)));
      expect(verdict).toMatchObject({ ok: false, events: place, finding: { line: place + 1, expected: place + 1 } });
    }
  });

  it('finds what was altered and hashed anew, removed, reordered, repeated, cut off or put in', async () => {
    const { prev_hash: _, hash: __, ...event } = chain[4] as SealedEvent;
    const anew = sealEvent({ ...event, outcome: 'failure' }, 5, chain[3]!.hash);
    expect((await both(signed(chain.with(4, anew)))).finding).toMatchObject({ kind: 'unlinked', line: 6, seq: 6 });
    expect((await both(signed(chain.toSpliced(6, 2)))).finding).toMatchObject({ kind: 'missing', line: 7, missing: { from: 7, to: 8 } });
    expect((await both(signed(chain.toSpliced(6, 2, chain[7]!, chain[6]!)))).finding).toMatchObject({
      kind: 'reordered',
      line: 7,
      foundAt: 8,
    });
    expect((await both(signed(chain.toSpliced(6, 0, chain[5]!)))).finding).toMatchObject({ kind: 'reordered', line: 7, seq: 6 });
    expect((await both(signed(chain.slice(0, 30)))).finding).toMatchObject({ kind: 'truncated', line: 31, seq: 40 });
    expect((await both([...chain, head(chain[29]!)])).finding).toMatchObject({ kind: 'unsigned' });
    expect((await both(chain)).finding).toMatchObject({ kind: 'unsigned' });
    expect((await both([])).finding).toMatchObject({ kind: 'empty' });
    const other = sealed(40, { says: { 3: { outcome: 'failure' } } });
    expect((await both([...other, head(last)])).finding).toMatchObject({ kind: 'head_mismatch' });
    expect((await both([head(last), ...other])).finding).toMatchObject({ kind: 'head_mismatch', line: 1, seq: 40 });
  });

  it('believes no signature but those of the keys it was given, and no other company', async () => {
    const stranger = generateKeyPairSync('ed25519');
    expect((await both([...chain, head(last, stranger.privateKey)])).finding).toMatchObject({ kind: 'bad_signature', line: 41 });
    expect((await both([...chain, head(last, privateKey, 'audit-9')])).finding).toMatchObject({
      kind: 'bad_signature',
      detail: expect.anything(),
    });
    const theirs = { ...stranger.publicKey.export({ format: 'jwk' }), kid: 'audit-1' };
    expect((await both(signed(chain), undefined, theirs)).finding).toMatchObject({ kind: 'bad_signature', line: 41 });
    expect(await both(signed(chain), ACME)).toMatchObject({ ok: true });
    expect((await both(signed(chain), RIVAL)).finding).toMatchObject({ kind: 'wrong_company', line: 1 });
    expect((await both([{ ...head(last), signature: `${'A'.repeat(85)}A` }, ...chain])).finding).toMatchObject({ kind: 'bad_signature' });
    await expect(ChainVerifier.with({ keys: [{ kty: 'RSA' }] })).rejects.toMatchObject({ why: 'no_key' });
    await expect(ChainVerifier.with({ kty: 'OKP', crv: 'Ed25519', x: 'short' })).rejects.toMatchObject({ why: 'no_key' });
  });

  const [first] = chain.map(line) as [string];
  it.each([
    ['text', 'hello'],
    ['half a line', first.slice(0, -5)],
    ['a list', '[]'],
    ['null', 'null'],
    ['another type of row', first.replace('"event"', '"note"')],
    ['a field too many', first.replace('{', '{"note":1,')],
    ['a field named __proto__', first.replace('{', '{"__proto__":{"a":1},')],
    ['a field twice', first.replace('{', '{"outcome":"failure",')],
    ['a field twice, spelled in two ways', first.replace('{', String.raw`{"outc\u006fme":"failure",`)],
    ['a detail twice', first.replace('"count":1', '"count":2,"count":1')],
    ['a number finer than is read', first.replace('"count":1', '"count":1.00000000000000000001')],
    ['a number beyond all numbers', first.replace('"count":1', '"count":1e999')],
    ['half a character', first.replace('Firefox', String.raw`\ud83d`)],
    ['bottomless details', first.replace('[1,', `${'['.repeat(5_000)}${']'.repeat(5_000)},[1,`)],
    ['a place that is a text', first.replace('"seq":1', '"seq":"1"')],
    ['more than 1 MiB', first.replace('Firefox', 'é'.repeat(512 * 1024))],
  ])('refuses a line that holds %s', async (_, text) => {
    expect((await both(signed([text, ...chain.slice(1)]))).finding).toMatchObject({ kind: 'malformed', line: 1 });
  });

  it('takes a detail named __proto__ for the detail that it is', async () => {
    const hidden = first.replace('"count":1', '"count":1,"__proto__":{"admin":true}');
    expect((await both(signed([hidden, ...chain.slice(1)]))).finding).toMatchObject({ kind: 'altered', line: 1 });
  });
});

describe('What was erased of a person', () => {
  const erasure = (said: object) => ({ 8: { action: 'users.erased', details: said } });
  const wiped = (event: Event, ...parts: ('origin' | 'details')[]): Event => ({
    ...event,
    ...(parts.includes('origin') && { ip_address: null, user_agent: null, origin_salt: null }),
    ...(parts.includes('details') && { details: {}, details_salt: null }),
  });
  const withHead = (events: Event[]) => [...events, head(events.at(-1)!)];

  it('is accounted for by the erasure, which names places and parts', async () => {
    const events = sealed(10, { says: erasure({ origins: '2-3,5', details: '3' }) });
    expect(await both(withHead(events))).toMatchObject({ ok: true });
    const left = events
      .with(1, wiped(events[1]!, 'origin'))
      .with(2, wiped(events[2]!, 'origin', 'details'))
      .with(4, wiped(events[4]!, 'origin'));
    expect(await both(withHead(left))).toMatchObject({ ok: true, events: 10 });
    expect((await both(withHead(left.with(6, wiped(events[6]!, 'origin'))))).finding).toMatchObject({
      kind: 'unexplained',
      line: 7,
      seq: 7,
    });
    expect((await both(withHead(left.with(7, wiped(events[7]!, 'details'))))).finding).toMatchObject({ kind: 'unexplained', line: 2 });
    expect((await both(withHead(left.with(1, { ...left[1]!, ip_address: '192.0.2.9' })))).finding).toMatchObject({
      kind: 'altered',
      line: 2,
    });
    expect((await both(withHead(left.with(2, { ...left[2]!, details: { count: 3 } })))).finding).toMatchObject({
      kind: 'altered',
      line: 3,
    });
  });

  it.each([
    ['nothing', {}],
    ['an erasure of another part', { details: '2' }],
    ['an erasure of what comes later', { origins: '9' }],
    ['words that are no places', { origins: 'all' }],
  ])('is found out where it is explained by %s', async (_, said) => {
    const events = sealed(10, { says: erasure(said) });
    expect((await both(withHead(events.with(1, wiped(events[1]!, 'origin'))))).finding).toMatchObject({
      kind: 'unexplained',
      line: 2,
      seq: 2,
    });
  });

  it('is vouched for in the first form by what is left of it', async () => {
    const says = {
      8: (before: Event[]) => ({
        action: 'users.erased',
        details: {
          first_form: '2,4',
          first_form_remains: digest('sha256', remains(before[1]!) + remains(before[3]!), 'hex'),
        },
      }),
    };
    const events = sealed(10, { old: 5, says });
    const wipe = (event: Event): Event => Object.assign({ ...event }, { ip_address: null, user_agent: null, details: {}, erased: true });
    const left = events.with(1, wipe(events[1]!)).with(3, wipe(events[3]!));
    expect(await both(withHead(left))).toMatchObject({ ok: true, events: 10 });
    expect((await both(withHead(left.with(1, { ...left[1]!, outcome: 'failure' })))).finding).toMatchObject({
      kind: 'erasure_mismatch',
      seq: 8,
    });
    expect((await both(withHead(left.with(1, { ...left[1]!, user_agent: 'x' })))).finding).toMatchObject({ kind: 'malformed', line: 2 });
    expect((await both(withHead(left.with(2, wipe(events[2]!))))).finding).toMatchObject({ kind: 'unexplained', line: 3 });
    expect((await both(withHead(left.with(1, { ...left[1]!, hash: '0'.repeat(64) })))).finding).toMatchObject({
      kind: 'unlinked',
      line: 3,
    });
  });
});

it('verifies 10,000 events while somebody waits', { timeout: 60_000 }, async () => {
  const events = sealed(10_000, { old: 3_000 });
  const lines = exported([...events, head(events.at(-1)!)]);
  const begun = performance.now();
  expect(await inBrowser(lines, { piece: 64 * 1024 })).toMatchObject({ ok: true, events: 10_000 });
  console.log(`10,000 events verified in ${Math.round(performance.now() - begun)} ms (${lines.join('').length} characters)`);
});
