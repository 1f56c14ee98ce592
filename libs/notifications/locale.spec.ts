import { locale, localesFor, readLocale } from './locale.js';

describe('A locale', () => {
  it.each([
    ['en', 'en'],
    ['ES-mx', 'es-MX'],
    ['es_MX', 'es-MX'],
    ['zh-hant-TW', 'zh-Hant-TW'],
    ['es-419', 'es-419'],
    [' de ', 'de'],
    ['iw', 'he'],
  ])('%s is written %s', (text, written) => {
    expect(readLocale(text)).toBe(written);
    expect(locale.parse(text)).toBe(written);
  });

  it.each([
    '',
    'e',
    'english',
    'en-',
    '-en',
    'en--US',
    'en-US-u-hc-h12',
    'en_US.UTF-8',
    'C',
    'en;q=0.9',
    '../en',
    '__proto__',
    'x'.repeat(99),
  ])('%j is none', (text) => {
    expect(readLocale(text)).toBeUndefined();
    expect(locale.safeParse(text).success).toBe(false);
  });

  it('is read by those who read its language, and English by everybody', () => {
    expect(localesFor('es-MX')).toEqual(['es-MX', 'es', 'en']);
    expect(localesFor('zh-Hant-TW')).toEqual(['zh-Hant-TW', 'zh-Hant', 'zh', 'en']);
    expect(localesFor('en-GB')).toEqual(['en-GB', 'en']);
    expect(localesFor('en')).toEqual(['en']);
  });
});
