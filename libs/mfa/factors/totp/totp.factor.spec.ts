import { generateSync, verifySync } from 'otplib';
import { TotpFactor } from './totp.factor.js';

const factor = new TotpFactor();
/** The seed of both RFCs, `12345678901234567890`, in base32. */
const secret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';
const seconds = (count: number) => new Date(count * 1000);
const fresh = Object.freeze({ secret, lastStep: -1 });
const answer = (state: typeof fresh | { secret: string; lastStep: number }, code: string, at: number, totpWindow: 0 | 1 = 0) =>
  factor.verify(state, code, seconds(at), { totpWindow });

describe('An authenticator code', () => {
  // RFC 4226 appendix D: counters 0 to 9. As time: half a minute each.
  it.each(
    ['755224', '287082', '359152', '969429', '338314', '254676', '287922', '162583', '399871', '520489'].map(
      (code, counter) => [counter, code] as const,
    ),
  )('is right for counter %i of RFC 4226: %s', (counter, code) => {
    expect(answer(fresh, code, counter * 30)).toEqual({ secret, lastStep: counter });
    expect(answer(fresh, code, counter * 30 + 29)).toEqual({ secret, lastStep: counter });
    expect(answer(fresh, code, counter * 30 + 30)).toBeUndefined();
  });

  // RFC 6238 appendix B. Six digits are the last six of its eight; 081804 begins with a nought, 20000000000 needs more than 32 bits.
  it.each([
    [59, '94287082', '46119246', '90693936'],
    [1111111109, '07081804', '68084774', '25091201'],
    [1111111111, '14050471', '67062674', '99943326'],
    [1234567890, '89005924', '91819424', '93441116'],
    [2000000000, '69279037', '90698825', '38618901'],
    [20000000000, '65353130', '77737706', '47863826'],
  ])('is right for second %i of RFC 6238, and the library underneath for every hash', (at, sha1, sha256, sha512) => {
    expect(answer(fresh, sha1.slice(2), at)).toEqual({ secret, lastStep: Math.floor(at / 30) });
    const seed = (length: number) => Buffer.from('1234567890'.repeat(7).slice(0, length));
    const eight = (algorithm: 'sha1' | 'sha256' | 'sha512', length: number) =>
      generateSync({ secret: seed(length), epoch: at, digits: 8, algorithm });
    expect([eight('sha1', 20), eight('sha256', 32), eight('sha512', 64)]).toEqual([sha1, sha256, sha512]);
    expect(verifySync({ secret: seed(64), token: sha512, epoch: at, digits: 8, algorithm: 'sha512' }).valid).toBe(true);
  });

  it('keeps its leading noughts: 081804 is not 81804', () => {
    expect(answer(fresh, '081804', 1111111109)).toBeDefined();
    expect(answer(fresh, '81804', 1111111109)).toBeUndefined();
    expect(answer(fresh, ' 81804', 1111111109)).toBeUndefined();
  });

  const now = 1_800_000_010;
  const at = (offset: number) => generateSync({ secret, epoch: now + offset * 30 });

  it('is accepted one step early or late and no further, by default', () => {
    expect([-2, -1, 0, 1, 2].map((offset) => answer(fresh, at(offset), now, 1) !== undefined)).toEqual([false, true, true, true, false]);
  });

  it('is accepted in its own step only, where a company says so', () => {
    expect([-2, -1, 0, 1, 2].map((offset) => answer(fresh, at(offset), now, 0) !== undefined)).toEqual([false, false, true, false, false]);
  });

  it('lives to the last second of its step and of the window, exactly', () => {
    const begins = Math.floor(now / 30) * 30;
    const code = generateSync({ secret, epoch: begins });
    const accepted = (second: number, window: 0 | 1) => answer(fresh, code, second, window) !== undefined;
    expect([begins - 1, begins, begins + 29, begins + 30].map((second) => accepted(second, 0))).toEqual([false, true, true, false]);
    expect([begins - 31, begins - 30, begins + 59, begins + 60].map((second) => accepted(second, 1))).toEqual([false, true, true, false]);
  });

  it('works once, and none before it works again', () => {
    const used = answer(fresh, at(0), now, 1)!;
    expect(used.lastStep).toBe(Math.floor(now / 30));
    expect(answer(used, at(0), now, 1)).toBeUndefined();
    expect(answer(used, at(-1), now, 1)).toBeUndefined();
    expect(answer(used, at(0), now + 30, 1), 'the same code in the trailing step').toBeUndefined();
    expect(answer(used, at(1), now, 1), 'the next code, early').toBeDefined();
  });

  it('used early shuts the codes before it', () => {
    const used = answer(fresh, at(1), now, 1)!;
    expect([-1, 0, 1].map((offset) => answer(used, at(offset), now, 1))).toEqual([undefined, undefined, undefined]);
    expect(answer(used, at(2), now + 30, 1)).toBeDefined();
  });

  it.each([
    '',
    '0',
    '12345',
    '1234567',
    '２８７０８２',
    '٢٨٧٠٨٢',
    ' 287082',
    '287082 ',
    '287 082',
    '287082\n',
    '-87082',
    '2870.2',
    '287o82',
    '0x1234',
    '1e5   ',
  ])('is six ASCII digits and nothing else: not %j', (odd) => {
    expect(factor.accepts(odd)).toBe(false);
    expect(answer(fresh, odd, 59)).toBeUndefined();
  });
});

describe('An authenticator app being set up', () => {
  it('gets a secret of 160 bits, another each time', () => {
    const secrets = Array.from({ length: 50 }, () => factor.enroll({ account: 'ada@acme.test', issuer: 'Acme' }).state.secret);
    for (const text of secrets) expect(text).toMatch(/^[A-Z2-7]{32}$/); // 32 characters of 5 bits
    expect(new Set(secrets).size).toBe(50);
  });

  it('is told company, person and secret in one otpauth URI', () => {
    const { state, reveal } = factor.enroll({ account: 'ada@acme.test', issuer: 'Söhne & Co: Café' });
    const uri = new URL(reveal.otpauthUri);
    expect([uri.protocol, uri.host, decodeURIComponent(uri.pathname)]).toEqual(['otpauth:', 'totp', '/Söhne & Co  Café:ada@acme.test']);
    expect([uri.searchParams.get('secret'), uri.searchParams.get('issuer')]).toEqual([state.secret, 'Söhne & Co  Café']);
    expect(reveal.secret).toBe(state.secret);
  });

  it('takes codes of the secret it was told, and of no other', () => {
    const [mine, other] = [
      factor.enroll({ account: 'a@b.test', issuer: 'A' }).state,
      factor.enroll({ account: 'a@b.test', issuer: 'A' }).state,
    ];
    const code = generateSync({ secret: mine.secret, epoch: 1_800_000_010 });
    expect(answer(mine, code, 1_800_000_010)).toBeDefined();
    expect(answer(other, code, 1_800_000_010)).toBeUndefined();
  });

  it('is a state machine: the same question has the same answer, at whatever hour, and leaves the state as it was', () => {
    const state = Object.freeze({ secret, lastStep: 0 });
    vi.useFakeTimers({ now: 0 });
    try {
      const first = answer(state, '287082', 59);
      vi.setSystemTime(new Date('2100-01-01'));
      expect(answer(state, '287082', 59)).toEqual(first);
      expect(first).toEqual({ secret, lastStep: 1 });
      expect(state).toEqual({ secret, lastStep: 0 });
    } finally {
      vi.useRealTimers();
    }
  });
});
