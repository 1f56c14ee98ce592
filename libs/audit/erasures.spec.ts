import { hash as digest, generateKeyPairSync } from 'node:crypto';
import { genesis, sealEvent, signHead } from './chain.js';
import { verifyChain } from './chain-verifier.js';
import { type EventInParts, hashInParts, sealInParts } from './second-form.js';

const company_id = '0198c0de-0000-7000-8000-00000000000a';
const uuid = (number: number) => `0198c0de-0000-7000-8000-${String(number).padStart(12, '0')}`;
const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const key = publicKey.export({ format: 'jwk' });
const salts = { origin_salt: uuid(801), details_salt: uuid(802) };
const content = (seq: number, more: object = {}) => ({
  id: uuid(seq),
  company_id,
  at: `2026-10-01T12:00:00.${String(seq).padStart(6, '0')}Z`,
  action: 'session.created',
  outcome: 'success',
  actor_type: 'user',
  actor_id: uuid(900),
  session_id: null,
  ip_address: '192.0.2.7',
  user_agent: 'Firefox “140”',
  request_id: null,
  target_id: null,
  details: { count: seq },
  ...more,
});
const erase = (event: EventInParts, ...parts: ('origin' | 'details')[]): EventInParts => ({
  ...event,
  ...(parts.includes('origin') && { ip_address: null, user_agent: null, origin_salt: null }),
  ...(parts.includes('details') && { details: {}, details_salt: null }),
});

/** Four events in parts; the last is an erasure that says so. */
function chain(says: object, action = 'users.erased'): EventInParts[] {
  const all: EventInParts[] = [];
  for (let seq = 1; seq <= 4; seq++) {
    const { parts: _, ...event } = sealInParts(
      content(seq, seq === 4 ? { action, details: says } : {}),
      salts,
      seq,
      all.at(-1)?.hash ?? genesis(company_id),
    );
    all.push(event);
  }
  return all;
}
type Line = { seq: number; hash: string; [field: string]: unknown };
async function* lines(events: Line[]) {
  for (const event of events) yield JSON.stringify({ type: 'event', ...event });
  const { seq, hash } = events.at(-1)!;
  yield JSON.stringify(signHead({ company_id, seq, hash, signed_at: '2026-10-01T12:00:01Z' }, privateKey, 'k'));
}
const problem = async (events: Line[], from?: { seq: number; prevHash: string }) =>
  (await verifyChain(lines(events), key, { from })).problem;

describe('An event in parts', () => {
  const [event] = chain({}) as [EventInParts];

  it('has the hash that anybody can work out from this description', () => {
    const of = (domain: string, salt: string, json: string) => digest('sha256', `watchword.audit.v2.${domain}\n${salt}\n${json}`, 'hex');
    const origin = of('origin', salts.origin_salt, '{"ip_address":"192.0.2.7","user_agent":"Firefox “140”"}');
    const details = of('details', salts.details_salt, '{"count":1}');
    const rest =
      `{"action":"session.created","actor_id":"${uuid(900)}","actor_type":"user","at":"2026-10-01T12:00:00.000001Z","company_id":"${company_id}",` +
      `"details_hash":"${details}","id":"${uuid(1)}","origin_hash":"${origin}","outcome":"success","request_id":null,"seq":1,"session_id":null,"target_id":null,"version":2}`;
    expect(event.hash).toBe(digest('sha256', `watchword.audit.v2\n${genesis(company_id)}\n${rest}`, 'hex'));
  });

  it('keeps its hash when a part is erased, and under no other change', () => {
    for (const parts of [['origin'], ['details'], ['origin', 'details']] as const)
      expect(hashInParts(erase(event, ...parts))).toBe(event.hash);
    for (const change of [
      { ip_address: '192.0.2.8' },
      { user_agent: null },
      { details: { count: 2 } },
      { origin_salt: uuid(1) },
      { details_salt: uuid(1) },
      { ip_address: null, user_agent: null },
      { details: {} },
      { origin_salt: null },
      { details_salt: null },
      { origin_hash: '0'.repeat(64) },
    ])
      expect(hashInParts({ ...event, ...change }), JSON.stringify(change)).not.toBe(event.hash);
    // What was erased cannot be put back as something else, nor the rest be changed.
    const erased = erase(event, 'origin', 'details');
    for (const change of [
      { ip_address: '192.0.2.7' },
      { details: { count: 1 } },
      { outcome: 'failure' },
      { actor_id: null },
      { origin_hash: event.details_hash },
    ])
      expect(hashInParts({ ...erased, ...change }), JSON.stringify(change)).not.toBe(event.hash);
  });

  it('tells nothing of a part that is erased: the same address has another hash in each event', () => {
    const other = sealInParts(content(1), { origin_salt: uuid(803), details_salt: uuid(804) }, 1, genesis(company_id));
    expect([other.origin_hash, other.details_hash]).not.toEqual([event.origin_hash, event.details_hash]);
  });
});

describe('What was erased', () => {
  it('is explained by a later erasure that names its place and part', async () => {
    const all = chain({ origins: '1-2', details: '2' });
    expect(await problem(all)).toBeUndefined();
    expect(await problem([erase(all[0]!, 'origin'), erase(all[1]!, 'origin', 'details'), ...all.slice(2)])).toBeUndefined();
  });

  it.each<[string, EventInParts[], number]>([
    ['by nothing', [erase(chain({})[0]!, 'origin'), ...chain({}).slice(1)], 1],
    ['for another part', chain({ origins: '2' }).with(1, erase(chain({ origins: '2' })[1]!, 'details')), 2],
    ['for another place', chain({ origins: '1,3' }).with(1, erase(chain({ origins: '1,3' })[1]!, 'origin')), 2],
    ['in words that are no places', chain({ origins: 'all' }).with(0, erase(chain({ origins: 'all' })[0]!, 'origin')), 1],
    [
      'by an event of another kind',
      chain({ origins: '1' }, 'users.updated').with(0, erase(chain({ origins: '1' }, 'users.updated')[0]!, 'origin')),
      1,
    ],
    [
      'by an erasure that was erased itself',
      chain({ origins: '1' })
        .with(0, erase(chain({ origins: '1' })[0]!, 'origin'))
        .with(3, erase(chain({ origins: '1' })[3]!, 'details')),
      1,
    ],
  ])('is found out when it is explained %s', async (_, events, line) => {
    expect(await problem(events)).toMatchObject({ kind: 'unexplained', line, seq: line });
  });

  it('is not explained by what came before it', async () => {
    const all = chain({ origins: '5' });
    const { parts: _, ...late } = sealInParts(content(5), salts, 5, all.at(-1)!.hash);
    expect(await problem([...all, erase(late, 'origin')])).toMatchObject({ kind: 'unexplained', seq: 5 });
  });

  it('of the first form is vouched for with what is left of it', async () => {
    const first = sealEvent(content(1), 1, genesis(company_id));
    const left = { ...first, ip_address: null, user_agent: null, details: {}, erased: true };
    const line = (event: typeof first) =>
      [
        event.seq,
        event.id,
        event.at,
        event.action,
        event.outcome,
        event.actor_type,
        event.actor_id,
        '-',
        '-',
        '-',
        event.prev_hash,
        event.hash,
      ].join('\n');
    const remains = digest('sha256', digest('sha256', line(first), 'hex'), 'hex');
    const { parts: _, ...erasure } = sealInParts(
      content(2, { action: 'users.erased', details: { first_form: '1', first_form_remains: remains } }),
      salts,
      2,
      first.hash,
    );
    expect(await problem([left, erasure])).toBeUndefined();
    expect(await problem([{ ...left, outcome: 'failure' }, erasure])).toMatchObject({ kind: 'erasure_mismatch', seq: 2 });
    expect(await problem([{ ...left, ip_address: '192.0.2.9' }, erasure])).toMatchObject({ kind: 'malformed' });
    // A slice that begins after it has nothing to explain.
    expect(await problem([erasure], { seq: 2, prevHash: first.hash })).toBeUndefined();
  });
});
