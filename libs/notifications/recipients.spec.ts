import { type AppError } from '@app/platform';
import type { Channel } from './channel.js';
import { type Reach, readRecipient } from './recipients.js';

const SPAIN: Reach = { region: 'ES', allowedCountries: null };
const EVERYWHERE: Reach = {
  region: null,
  allowedCountries: ['ES', 'US', 'GB', 'DE', 'IT', 'MX', 'AR', 'FR', 'GG', 'EE', 'AU'],
};
const read = (text: string, reach: Reach = EVERYWHERE, channel: Channel = 'sms') => readRecipient(channel, text, reach);
const refusal = (text: string, reach: Reach = EVERYWHERE, channel: Channel = 'sms') => {
  try {
    read(text, reach, channel);
  } catch (error) {
    const { code, details } = error as AppError;
    expect(details.errors).toEqual([{ field: reach.field ?? 'to', message: expect.stringMatching(/./) }]);
    const typed = text.trim();
    if (typed.length > 5) expect(JSON.stringify(details), 'the refusal repeats what was typed').not.toContain(typed);
    return code;
  }
  return undefined;
};
const INVALID = 'notifications.invalid_recipient';
const REFUSED = 'notifications.recipient_refused';

describe('A phone number', () => {
  it.each([
    '612345678',
    '612 34 56 78',
    '612-345-678',
    '612.345.678',
    ' (612) 345 678\t',
    '+34612345678',
    '+34 612 345 678',
    '(+34) 612 345 678',
    '0034 612 345 678',
    '00 34 612-345-678',
    '+34\u00A0612\u00A0345\u00A0678',
    '+34 612\u2013345\u2013678',
    '\u202A+34 612 345 678\u202C',
    '+٣٤ ٦١٢ ٣٤٥ ٦٧٨',
  ])('%j is one and the same, however it is typed', (text) => {
    expect(read(text, SPAIN)).toEqual({ address: '+34612345678', masked: '+34 ••• ••• 678', country: 'ES', prefix: '+34612' });
  });

  it.each([
    ['07911 123456', 'GB', '+447911123456'],
    ['+44 (0)7911 123456', 'GB', '+447911123456'],
    ['(415) 555-2671', 'US', '+14155552671'],
    ['1 415 555 2671', 'US', '+14155552671'],
    ['011 34 612 345 678', 'US', '+34612345678'],
    ['0171 2345678', 'DE', '+491712345678'],
    ['312 345 6789', 'IT', '+393123456789'],
    ['+54 9 11 2345 6789', null, '+5491123456789'],
    ['011 15-2345-6789', 'AR', '+5491123456789'],
  ])('%s in %s is %s', (text, region, address) => {
    expect(read(text, { ...EVERYWHERE, region }).address).toBe(address);
  });

  it('without + needs the region of the company', () => {
    for (const text of ['612345678', '0034612345678', '34612345678']) expect(refusal(text, EVERYWHERE)).toBe(INVALID);
  });

  it.each([
    '',
    ' ',
    '+',
    '()',
    '+34',
    '+34 6',
    '+34 000 000 000',
    '+34 612 345 67',
    '+34 612 345 6789',
    '++34612345678',
    '+34612345678 ext 5',
    '+34612345678;ext=5',
    '+34612345678,,1#',
    '+34612345678#',
    'tel:+34612345678',
    '+34612345678 or +34612345679',
    '+34612345678\n+34612345679',
    '+1 800 FLOWERS',
    '+0612345678',
    '+999 612345678',
    '+1 555 010 1234',
    '+34612345678abc',
    "'; drop table tenant; --",
    '6'.repeat(5_000),
    `+34 612 345 678${' '.repeat(30)}-`,
  ])('%j is none', (text) => {
    expect(refusal(text, SPAIN)).toBe(INVALID);
    expect(refusal(text, EVERYWHERE, 'voice')).toBe(INVALID);
  });

  it.each([
    ['premium rate', '+34 803 123 456'],
    ['premium rate', '+1 900 234 5678'],
    ['premium rate', '+44 909 879 0000'],
    ['shared cost', '+34 902 123 456'],
    ['toll-free', '+34 900 123 456'],
    ['toll-free', '+1 800 234 5678'],
    ['personal (forwarding)', '+44 70 1234 5678'],
    ['universal (UAN)', '+44 55 1234 5678'],
    ['pager', '+44 7640 123456'],
    ['Inmarsat', '+870 773 111 632'],
    ['Iridium, Globalstar', '+881 6 1234 5678'],
    ['international networks', '+882 16 1234 5678'],
    ['iNum', '+883 5100 0123 4567'],
    ['universal personal', '+878 10 1234567890'],
    ['international premium rate', '+979 1 2345 6789'],
    ['international freephone', '+800 1234 5678'],
    ['international shared cost', '+808 1234 5678'],
    ['disaster relief', '+888 123 456 789'],
  ])('of the kind "%s" is refused: %s', (_, text) => {
    // As if every country were allowed, and the ones without a country with them.
    const reach = { region: 'ES', allowedCountries: [...EVERYWHERE.allowedCountries!, '001', ''] };
    for (const channel of ['sms', 'voice'] as const) expect(refusal(text, reach, channel)).toBe(REFUSED);
  });

  it('that is surely a landline takes calls and no text messages; one that may be a mobile takes both', () => {
    for (const text of ['+34 912 345 678', '+49 30 901820']) {
      expect(refusal(text)).toBe(REFUSED);
      expect(read(text, EVERYWHERE, 'voice').address).toBe(text.replaceAll(' ', ''));
    }
    expect(read('+1 415 555 2671').country).toBe('US');
    expect(read('+1 415 555 2671', EVERYWHERE, 'voice').country).toBe('US');
  });

  it('is sent to where the company allows: its region alone, unless it names countries', () => {
    expect(refusal('+33 6 12 34 56 78', SPAIN)).toBe(REFUSED);
    expect(read('+33 6 12 34 56 78', { region: 'ES', allowedCountries: ['FR'] }).country).toBe('FR');
    expect(refusal('612345678', { region: 'ES', allowedCountries: ['FR'] })).toBe(REFUSED);
    expect(refusal('+34612345678', { region: null, allowedCountries: [] })).toBe(REFUSED);
  });

  it('goes nowhere while neither region nor countries are set, and the refusal says what to set', () => {
    expect(() => read('+34612345678', { region: null, allowedCountries: null })).toThrow(
      expect.objectContaining({ code: REFUSED, details: expect.objectContaining({ detail: expect.stringContaining('default_region') }) }),
    );
  });

  it('of an island that shares the calling code is in the country of the island', () => {
    expect(refusal('+44 7781 123456', { region: 'GB', allowedCountries: null })).toBe(REFUSED);
    expect(read('+44 7781 123456', { region: 'GB', allowedCountries: ['GB', 'GG'] })).toMatchObject({ country: 'GG', prefix: '+44778' });
    expect(refusal('07781 123456', { region: 'GB', allowedCountries: null })).toBe(REFUSED);
    expect(refusal('+1 876 555 0123', { region: 'US', allowedCountries: null })).toBe(REFUSED);
  });

  it('shows its last three digits and its country', () => {
    expect(read('+1 415 555 2671').masked).toBe('+1 ••• ••• 671');
  });

  it('is named in a refusal as the request names it', () => {
    expect(refusal('x', { ...SPAIN, field: 'workflow.0.to' })).toBe(INVALID);
  });
});

describe('An e-mail address', () => {
  it('has one form, a mask, and counts for its domain', () => {
    for (const text of ['Ada@Mail.Example.com', ' ada@mail.example.com '])
      expect(read(text, SPAIN, 'email')).toEqual({
        address: 'ada@mail.example.com',
        masked: 'a•••@m•••.com',
        country: null,
        prefix: 'mail.example.com',
      });
  });

  it.each([
    '',
    'ada',
    'ada@',
    '@acme.com',
    'ada@acme.com,eve@evil.com',
    'ada@acme.com;eve@evil.com',
    'Ada <ada@acme.com>',
    '<ada@acme.com>',
    'ada@acme.com\r\nBcc: eve@evil.com',
    'ada@acme.com\n',
    '\radmin@acme.com',
    'ada@acme.com eve@evil.com',
    '"ada,eve"@acme.com',
    'ada@[127.0.0.1]',
    'ada@localhost',
    'аda@acme.com',
    '\u212Aate@acme.com',
    'ada@acme.com\u0000',
    `${'a'.repeat(250)}@acme.com`,
    '+34612345678',
  ])('%j is none', (text) => expect(refusal(text, SPAIN, 'email')).toBe(INVALID));
});

describe('A Telegram chat', () => {
  it('is one person: a positive number of 64 bits', () => {
    for (const id of ['1', '123456789', '9223372036854775807'])
      expect(read(id, SPAIN, 'telegram')).toEqual({ address: id, masked: 'Telegram chat', country: null, prefix: null });
  });

  it.each(['', '0', '-100123', '01', '1.5', '1e9', '0x10', '9223372036854775808', '99999999999999999999', '@ada', '１２３'])(
    'is not %j',
    (text) => expect(refusal(text, SPAIN, 'telegram')).toBe(INVALID),
  );

  it('may be found by number, which keeps the rules of numbers', () => {
    expect(read('+34 612 345 678', SPAIN, 'telegram')).toMatchObject({ address: '+34612345678', country: 'ES' });
    expect(refusal('+34 803 123 456', SPAIN, 'telegram')).toBe(REFUSED);
    expect(refusal('+33 6 12 34 56 78', SPAIN, 'telegram')).toBe(REFUSED);
  });
});
