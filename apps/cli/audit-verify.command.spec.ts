import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { genesis, sealEvent, signHead, type SealedEvent } from '../../libs/audit/chain.js';
import { auditVerify } from './audit-verify.command.js';

const company_id = '0198c0de-0000-7000-8000-00000000000a';
const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'audit-1' };

const chain: SealedEvent[] = [];
for (let seq = 1; seq <= 1204; seq++) {
  const nobody = { actor_id: null, session_id: null, ip_address: null, user_agent: null, request_id: null, target_id: null };
  const id = `0198c0de-0000-7000-8000-${String(seq).padStart(12, '0')}`;
  const event = {
    id,
    company_id,
    at: '2026-10-01T12:00:00.000000Z',
    action: 'é',
    outcome: 'success',
    actor_type: 'system',
    ...nobody,
    details: {},
  };
  chain.push(sealEvent(event, seq, chain.at(-1)?.hash ?? genesis(company_id)));
}
const head = ({ seq, hash }: SealedEvent) => signHead({ company_id, seq, hash, signed_at: '2026-10-01T12:00:01Z' }, privateKey, 'audit-1');
const lines = (events: SealedEvent[]) => events.map((event) => JSON.stringify({ type: 'event', ...event }));
const heads = [head(chain[599]!), head(chain[1203]!)].map((each) => JSON.stringify(each));
const whole = [...lines(chain), ...heads];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'audit-verify-'));
  writeFileSync(join(folder, 'key.json'), JSON.stringify({ keys: [jwk] }));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs the command on these lines as a file, and tells what it said. */
async function run(rows: string[], { args = [] as string[], key = JSON.stringify(jwk) } = {}) {
  const file = join(folder, 'export.ndjson');
  writeFileSync(file, `${rows.join('\n')}\n`);
  return command([file, '--key', key, ...args]);
}

async function command(argv: string[], { stdin, isTTY = false }: { stdin?: AsyncIterable<Uint8Array>; isTTY?: boolean } = {}) {
  let [stdout, stderr] = ['', ''];
  const status = await auditVerify(argv, {
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text), isTTY },
    ...(stdin && { stdin }),
  });
  return { status, stdout, stderr };
}

async function* chunked(text: string, size: number) {
  const bytes = Buffer.from(text);
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
}

describe('watchword audit verify', () => {
  it('says that a chain is whole', async () => {
    expect(await run(whole)).toEqual({
      status: 0,
      stdout: `OK: 1,204 events (seq 1–1204) of company ${company_id} in one unbroken chain; 2 signed heads, the newest over seq 1204.\n`,
      stderr: '',
    });
  });

  it('refuses a tail after the last head, and says how long it is', async () => {
    expect(await run([...lines(chain), heads[0]!])).toMatchObject({
      status: 1,
      stdout: 'BROKEN: no signed head covers the last 604 events (seq 601–1204), so anybody could have written them.\n',
    });
    expect(await run([...lines(chain.slice(0, 600)), heads[0]!])).toMatchObject({ status: 0 });
  });

  it("refuses another company's export when told whose it must be", async () => {
    expect(await run(whole, { args: ['--company', company_id.toUpperCase()] })).toMatchObject({ status: 0 });
    const other = chain[0]!.id;
    expect(await run(whole, { args: ['--company', other] })).toMatchObject({
      status: 1,
      stdout: `BROKEN at line 1: seq 1 (id ${chain[0]!.id}) belongs to company ${company_id}, not to ${other}.\n`,
    });
  });

  it('takes the key from a file', async () => {
    expect(await run(whole, { key: join(folder, 'key.json') })).toMatchObject({ status: 0 });
  });

  it('reads the export from standard input, however it is cut into pieces', async () => {
    for (const size of [7, 1000, 1 << 20]) {
      const stdin = chunked(whole.join('\n'), size);
      const { status, stdout } = await command(['-', '--key', JSON.stringify(jwk)], { stdin });
      expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringContaining('2 signed heads, the newest over seq 1204.') });
    }
  });

  it('verifies a slice after a given hash', async () => {
    const rows = [...lines(chain.slice(600)), heads[1]!];
    const { status, stdout } = await run(rows, { args: ['--from', '601', '--prev-hash', chain[599]!.hash] });
    expect({ status, stdout }).toMatchObject({ status: 0, stdout: expect.stringContaining('604 events (seq 601–1204)') });
  });

  const altered = lines([{ ...chain[411]!, outcome: 'failure' }])[0]!;
  const row = (seq: number) => `seq ${seq} (id ${chain[seq - 1]!.id})`;
  const foreign = lines([sealEvent({ ...chain[411]!, company_id: chain[0]!.id }, 412, chain[410]!.hash)])[0]!;
  it.each([
    ['an altered event', whole.with(411, altered), `line 412: ${row(412)} was altered: its hash does not match its content.`],
    [
      'an event out of its turn and altered',
      whole.toSpliced(400, 11).with(400, altered),
      `line 401: ${row(412)} was altered: its hash does not match its content (seq 401 was expected here).`,
    ],
    ['a missing event', whole.toSpliced(411, 1), `line 412: seq 412 is missing before ${row(413)}.`],
    ['missing events', whole.toSpliced(400, 12), `line 401: seq 401–412 are missing before ${row(413)}.`],
    [
      'swapped events',
      whole.toSpliced(411, 2, whole[412]!, whole[411]!),
      `line 412: ${row(413)} is out of order: seq 412 belongs here, and comes only at line 413.`,
    ],
    ['a repeated event', whole.toSpliced(411, 0, whole[411]!), `line 413: ${row(412)} is out of order: seq 413 belongs here.`],
    [
      'an event hashed anew',
      whole.with(410, lines([sealEvent({ ...chain[410]!, outcome: 'failure' }, 411, chain[409]!.hash)])[0]!),
      `line 412: ${row(412)} is not linked to seq 411: prev_hash is not that event's hash, so one of the two was replaced.`,
    ],
    [
      'another beginning',
      [lines([sealEvent(chain[0]!, 1, chain[5]!.hash)])[0]!],
      `line 1: ${row(1)} is not linked to its company's chain: prev_hash is not the genesis.`,
    ],
    [
      "another company's event",
      whole.with(411, foreign),
      `line 412: ${row(412)} belongs to company ${chain[0]!.id}, not to ${company_id}.`,
    ],
    [
      'a forged head',
      whole.with(1204, heads[0]!.replace('"seq":600', '"seq":601')),
      'line 1205: the signed head over seq 601 cannot be trusted: its signature is wrong.',
    ],
    [
      'a rewritten history',
      [...lines(chain), JSON.stringify(head({ ...chain[1203]!, hash: chain[0]!.hash }))],
      'line 1205: the signed head over seq 1204 signs another hash than this file has there: history up to seq 1204 was rewritten.',
    ],
    [
      'a cut end',
      whole.toSpliced(1200, 4),
      'line 1202: the signed head over seq 1204 vouches for more than is here: the events end at seq 1200, so the end was cut off.',
    ],
    [
      'no events but heads',
      heads,
      'line 1: the signed head over seq 600 vouches for more than is here: there are no events, so the end was cut off.',
    ],
    ['a line of text', ['hello', ...whole], 'line 1: the line is not sound JSON.'],
    ['a line of 3 MiB', [`"${'x'.repeat(3 << 20)}"`, ...whole], 'line 1: the line is longer than 1 MiB.'],
  ])('names the place of %s', async (_, rows, sentence) => {
    expect(await run(rows)).toEqual({ status: 1, stdout: `BROKEN at ${sentence}\n`, stderr: '' });
  });

  it('refuses a file without heads, and an empty one', async () => {
    const unsigned = 'BROKEN: no signed head covers any of the 1,204 events in this file, so anybody could have written it.\n';
    expect(await run(whole.slice(0, 1204))).toMatchObject({ status: 1, stdout: unsigned });
    expect(await run([])).toMatchObject({ status: 1, stdout: 'BROKEN: there are no events in this file.\n' });
  });

  it('prints the result as JSON when asked to', async () => {
    const good = await run(whole, { args: ['--json'] });
    expect(JSON.parse(good.stdout)).toEqual({
      ok: true,
      events: 1204,
      firstSeq: 1,
      lastSeq: 1204,
      companyId: company_id,
      heads: 2,
      unsignedTail: 0,
    });
    const broken = await run(whole.with(411, altered), { args: ['--json'] });
    expect({ ...broken, stdout: JSON.parse(broken.stdout) }).toMatchObject({
      status: 1,
      stdout: { ok: false, problem: { kind: 'altered', line: 412, seq: 412 } },
    });
  });

  it('shows how far it is on a terminal', async () => {
    const stdin = chunked(`${'\n'.repeat(200_000)}${whole.join('\n')}`, 1 << 16);
    const { status, stderr } = await command(['-', '--key', JSON.stringify(jwk)], { stdin, isTTY: true });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '\r100,000 lines read…\r200,000 lines read…\r\x1b[K' });
  });

  it.each([
    ['no file', ['--key', '{}'], 'Usage:'],
    ['no key', ['export.ndjson'], 'Usage:'],
    ['two files', ['a', 'b', '--key', '{}'], 'Usage:'],
    ['an unknown option', ['a', '--key', '{}', '--fast'], '--fast'],
    ['a company that is no id', ['a', '--key', '{}', '--company', 'acme.example'], '--company'],
    ['a slice without its hash', ['a', '--key', '{}', '--from', '5'], '--prev-hash'],
    ['a slice without its beginning', ['a', '--key', '{}', '--prev-hash', 'f'.repeat(64)], '--from'],
    ['a key that is not JSON', ['a', '--key', '{kty'], 'not JSON'],
    ['a key file that is not there', ['a', '--key', '/nowhere/key.json'], 'audit verify: There is no file /nowhere/key.json.\n'],
    ['a private key', ['a', '--key', JSON.stringify(privateKey.export({ format: 'jwk' }))], 'private key'],
    ['a key of another type', ['a', '--key', '{"kty":"RSA"}'], 'no Ed25519 public key'],
    [
      'an export that is not there',
      ['/nowhere/export.ndjson', '--key', JSON.stringify(jwk)],
      'audit verify: There is no file /nowhere/export.ndjson.\n',
    ],
    ['a directory', ['/', '--key', JSON.stringify(jwk)], 'a directory was named'],
  ])('gives no verdict with %s', async (_, argv, why) => {
    expect(await command(argv)).toEqual({ status: 2, stdout: '', stderr: expect.stringContaining(why) });
  });

  it('explains itself', async () => {
    expect(await command(['--help'])).toMatchObject({ status: 0, stdout: expect.stringContaining('Usage: watchword audit verify') });
  });
});
