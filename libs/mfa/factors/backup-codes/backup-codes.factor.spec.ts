import { randomBytes } from 'node:crypto';
import { BackupCodesFactor } from './backup-codes.factor.js';

const factor = new BackupCodesFactor();
const enrolled = () => {
  const { state, reveal } = factor.enroll();
  return { state: Object.freeze({ left: Object.freeze(state.left) as string[] }), codes: reveal.backupCodes };
};

beforeAll(() => {
  // The codes are kept as keyed MACs; the key is configuration.
  const key = () => randomBytes(32).toString('base64');
  Object.assign(process.env, {
    DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
    SEALING_KEY: key(),
    HASHING_KEY: key(),
    TENANT_KEY: key(),
  });
});

describe('Backup codes', () => {
  it('are ten, of 80 bits each, all different', () => {
    const all = Array.from({ length: 20 }, () => enrolled().codes);
    for (const codes of all) expect(codes).toHaveLength(10);
    for (const code of all.flat()) expect(code).toMatch(/^([A-Z2-7]{4}-){3}[A-Z2-7]{4}$/); // 16 characters of 5 bits
    expect(new Set(all.flat()).size).toBe(200);
  });

  it('draw on the whole alphabet, so that 16 characters are worth 80 bits', () => {
    const characters = Array.from({ length: 40 }, () => enrolled().codes.join(''))
      .join('')
      .replaceAll('-', '');
    const counts = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'].map((letter) => characters.split(letter).length - 1);
    // 6,400 characters, 200 of each expected, standard deviation 14: seven of them either side.
    for (const count of counts) expect(Math.abs(count - 200)).toBeLessThan(98);
  });

  it('work once each, in any order', () => {
    const { state, codes } = enrolled();
    let now: { left: string[] } = state;
    for (const [used, code] of codes.toReversed().entries()) {
      const next = factor.verify(now, code)!;
      expect(factor.remaining(next)).toBe(9 - used);
      expect(factor.verify(next, code)).toBeUndefined();
      now = next;
    }
    expect(codes.map((code) => factor.verify(now, code))).toEqual(Array(10).fill(undefined));
  });

  it('may be typed with or without dashes and spaces, in small letters or large', () => {
    const { state, codes } = enrolled();
    const code = codes[4]!;
    const spellings = [
      code,
      code.replaceAll('-', ''),
      code.toLowerCase(),
      code.replaceAll('-', ' '),
      ` ${code.toLowerCase().replaceAll('-', '')} `,
      code.replaceAll('-', ' - '),
    ];
    for (const spelling of spellings) {
      expect(factor.accepts(spelling), spelling).toBe(true);
      expect(factor.remaining(factor.verify(state, spelling)!), spelling).toBe(9);
    }
    const next = factor.verify(state, code)!;
    for (const spelling of spellings) expect(factor.verify(next, spelling), `${spelling}, a second time`).toBeUndefined();
  });

  it('of another person are refused, and so is what merely looks like one', () => {
    const [mine, hers] = [enrolled(), enrolled()];
    expect(factor.verify(mine.state, hers.codes[0]!)).toBeUndefined();
    for (const odd of [
      '',
      '123456',
      'AAAA-AAAA-AAAA-AAA',
      'AAAA-AAAA-AAAA-AAAAA',
      'AAAA-AAAA-AAAA-AAA1',
      'AAAA-AAAA-AAAA-AAA8',
      'ＡＡＡＡ-AAAA-AAAA-AAAA',
      mine.state.left[0]!,
    ])
      expect(factor.accepts(odd) && factor.verify(mine.state, odd), odd).toBeFalsy();
    expect(factor.verify(mine.state, 'AAAA-AAAA-AAAA-AAAA')).toBeUndefined();
  });

  it('are not in the state that is stored, neither plain nor as a bare hash', () => {
    const { state, codes } = enrolled();
    const stored = JSON.stringify(state);
    for (const code of codes) for (const form of [code, code.replaceAll('-', '')]) expect(stored).not.toContain(form);
    expect(state.left).toHaveLength(10);
    for (const kept of state.left) expect(kept).toMatch(/^[\w-]{43}$/); // 256 bits
  });

  it('are a state machine: an answer leaves the state as it was', () => {
    const { state, codes } = enrolled();
    const first = factor.verify(state, codes[0]!);
    expect(factor.verify(state, codes[0]!)).toEqual(first);
    expect(factor.remaining(state)).toBe(10);
  });

  it('only stand beside another factor', () => {
    expect(factor.standsAlone).toBe(false);
  });
});
