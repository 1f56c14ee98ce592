import { readFileSync } from 'node:fs';
import { checkPassword } from './password-policy.js';

const ada = { email: 'ada.lovelace@acme.test', fullName: 'Ada Lovelace', companyName: 'Acme Engines', companyDomain: 'acme.co.uk' };
const codeOf = (password: string, context = {}) => checkPassword(password, context)?.code;
/** Those refused, each with the rule it breaks. */
const refused = (passwords: string[], context = {}) =>
  passwords.map((password) => [password, codeOf(password, context)]).filter(([, code]) => code);

describe('Choosing a password', () => {
  it('wants 8 characters and takes 128, however many bytes or key strokes each of them is', () => {
    expect(codeOf('tr0ub4d')).toBe('too_short');
    expect(codeOf('tr0ub4do')).toBeUndefined();
    expect(codeOf('🦄🐙🦊🐝🐳🦉🐢')).toBe('too_short');
    expect(codeOf('🦄🐙🦊🐝🐳🦉🐢🐞')).toBeUndefined();
    expect(codeOf('xé'.repeat(64))).toBeUndefined();
    expect(codeOf('xe\u0301'.repeat(64))).toBeUndefined(); // 192 code points, 128 after NFC
    expect(codeOf(`${'xé'.repeat(64)}y`)).toBe('too_long');
    expect(codeOf('🦄🐙'.repeat(64))).toBeUndefined();
    expect(codeOf(`${'🦄🐙'.repeat(64)}🦊`)).toBe('too_long');
    expect(codeOf('x'.repeat(5_000_000))).toBe('too_long');
    expect(codeOf('')).toBe('too_short');
    expect(codeOf('e\u0301'.repeat(7))).toBe('too_short');
  });

  it('asks for no mixture of characters', () => {
    const fine = ['correct horse battery staple', 'zonkflibberd', '83920174658', 'ŁÓDŹŁÓDŹŻ', 'SecurePass123!', '        x'];
    expect(refused(fine, ada)).toEqual([]);
  });

  it('refuses the common ones in any case', () => {
    const common = ['password', 'PassWord', '12345678', 'iloveyou', 'trustno1', 'Password1', 'P@ssw0rd', 'football'];
    expect(refused(common)).toEqual(common.map((password) => [password, 'common']));
    expect(codeOf('password ')).toBeUndefined(); // the whole password is compared, as it is
  });

  it('refuses one repeated character and runs along the digits, the alphabet or a keyboard', () => {
    const runs = [
      'aaaaaaaa',
      'aAaAaAaA',
      '00000000',
      '🦄🦄🦄🦄🦄🦄🦄🦄',
      '34567890',
      '0987654321',
      '1234567890123456',
      '123456789123456789',
    ];
    const rows = [
      'QwertyUiop',
      'poiuytrewq',
      'asdfghjkl',
      'qwertzuiop',
      'azertyuiop',
      'qwertyuiopasdfghjkl',
      'abcdefghijk',
      'zyxwvutsr',
      '1'.repeat(128),
    ];
    expect(refused([...runs, ...rows])).toEqual([...runs, ...rows].map((password) => [password, 'common']));
  });

  it('refuses the names of the person, the company and the product, with digits or punctuation at most', () => {
    const guesses = [
      'lovelace',
      'Lovelace1815!',
      '1815-lovelace',
      'ADA.LOVELACE@acme.test',
      'ada.lovelace1',
      'acme2026!',
      'Engines#1',
      'watchword',
      'Watchword 2026',
      'LovelaceAcme1',
      'acmeacme',
    ];
    expect(refused(guesses, ada)).toEqual(guesses.map((password) => [password, 'context']));
    expect(codeOf('jose\u0301phine1', { fullName: 'JOS\u00c9PHINE' })).toBe('context');
    expect(codeOf('05550101234', { email: '5550101234@acme.test' })).toBe('context');
  });

  it('accepts a password that merely contains such a name, or a short one', () => {
    expect(refused(['lovelace wrote notes', 'watchwordsmith', 'acme rockets fly', 'ada-ada-ada'], ada)).toEqual([]);
    expect(codeOf('lovelace1815')).toBeUndefined(); // nobody here is called that
    expect(codeOf('83920-4827!', { email: '', fullName: '', companyName: '  ', companyDomain: '...' })).toBeUndefined();
  });

  it('names the rule in one sentence', () => {
    expect(checkPassword('short')).toEqual({ code: 'too_short', message: 'The password must have at least 8 characters.' });
    expect(checkPassword('x'.repeat(129))?.message).toBe('The password must have at most 128 characters.');
    expect(checkPassword('password')?.message).toContain('10,000 most common');
    expect(checkPassword('watchword')?.message).toContain('more than your name');
  });

  it('holds 10,000 different passwords, the commonest first', () => {
    const lines = readFileSync(new URL('./common-passwords.txt', import.meta.url), 'utf8')
      .trimEnd()
      .split('\n');
    expect(lines.slice(0, 4)).toEqual(['123456', 'password', '12345678', 'qwerty']);
    expect(new Set(lines).size).toBe(10_000);
    expect(lines.every((line) => line === line.trim().normalize('NFC').toLowerCase() && line !== '')).toBe(true);
  });
});
