import type { AppError } from '@app/platform';
import { readVariables } from './variables.js';

const fields = (variables: Record<string, string>) => {
  try {
    readVariables(variables);
    return [];
  } catch (error) {
    const { code, details } = error as AppError;
    expect(code).toBe('notifications.invalid_variables');
    return details.errors!.map(({ field }) => field);
  }
};

describe('The variables of a message', () => {
  it.each(['Ada', 'Zoë 漢字 👍', 'ORD-2026/11.20', '12.50 €', 'Mr. Smith', 'now...then', '', 'a'.repeat(200), 'https', '3.14', 'J. R.'])(
    'may be %j',
    (value) => expect(fields({ value })).toEqual([]),
  );

  it.each(['a'.repeat(201), 'a\nb', 'a\r\nb', 'a\tb', '\u0007', 'a\u2028b', '\u202Egpj.exe', '\u0085'])('may not be %j', (value) =>
    expect(fields({ value, url: value })).toEqual(['variables.value', 'variables.url']),
  );

  it.each([
    'https://evil.com',
    'HTTP://EVIL',
    'see www.evil',
    'evil.com',
    'Pay at evil.com/x now',
    'EVIL.COM',
    'ｅｖｉｌ.ｃｏｍ',
    'evil。com',
    'evil．com',
    'bücher.de',
    'tg://resolve?domain=x',
    'eve@evil.com',
    'xn--80ak6aa92e.xn',
    'evil.\u00adcom',
    '185.10.20.30/a',
  ])('may not hold the link %j, but where the template means one', (value) => {
    expect(fields({ value })).toEqual(['variables.value']);
    expect(fields({ receipt_url: value })).toEqual([]);
  });

  it('have names in a-z, and none of ours', () => {
    const bad = ['code', 'minutes', 'company', 'sender', 'A', 'a1', '', ' a', 'a-b', '__proto__x', '_a', 'a'.repeat(31)];
    expect(fields(Object.fromEntries(bad.map((name) => [name, 'x'])))).toEqual(bad.map((name) => `variables.${name}`));
    expect(fields(JSON.parse('{"__proto__":"x"}'))).toEqual(['variables.__proto__']);
    expect(fields({ order_id: 'x', constructor: 'x' })).toEqual([]);
  });

  it('are thirty at most', () => {
    const many = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, at) => [`v${'a'.repeat(at % 26)}${'b'.repeat(Math.floor(at / 26))}`, 'x']));
    expect(fields(many(30))).toEqual([]);
    expect(fields(many(31))).toEqual(['variables']);
  });
});
