import { canonicalEmail, email } from '@app/notifications';
import { parsePhoneNumber } from './phone-number.js';

describe('An e-mail address', () => {
  it('has one form to be looked up and counted by', () => {
    for (const spelling of ['ada@acme.test', 'Ada@Acme.Test', '  ADA@ACME.TEST\t'])
      expect(canonicalEmail(email.parse(spelling))).toBe('ada@acme.test');
  });

  it('is plain ASCII: nothing that folds to another address gets in', () => {
    // The Kelvin sign folds to k and the dotted capital I to i, in PostgreSQL as in JavaScript, and not alike.
    for (const odd of [
      '\u212Aate@acme.test',
      '\u0130da@acme.test',
      'ａda@acme.test',
      'ada@аcme.test',
      'ada@acme.test\u0000',
      'ada',
      'ada@',
      '@acme.test',
      'a da@acme.test',
      `${'a'.repeat(250)}@acme.test`,
    ])
      expect(email.safeParse(odd).success, odd).toBe(false);
    expect(email.safeParse(['ada@acme.test', 'eve@evil.test']).success).toBe(false);
  });
});

describe('A phone number', () => {
  it.each([
    ['+34 612 345 678', '+34612345678'],
    ['+1 (555) 010-1234', '+15550101234'],
    ['+49.30.901820', '+4930901820'],
    ['+1234567', '+1234567'],
    ['+123456789012345', '+123456789012345'],
  ])('%s is kept as %s', (text, kept) => expect(parsePhoneNumber(text)).toBe(kept));

  it.each([
    '',
    '+',
    '612345678',
    '0034612345678',
    '+0612345678',
    '+123456',
    '+1234567890123456',
    '+34 612 345 67x',
    '+３４612345678',
    '+1 555 0101 ext 5',
    '++34612345678',
  ])('%j is none', (text) => expect(parsePhoneNumber(text)).toBeUndefined());
});
