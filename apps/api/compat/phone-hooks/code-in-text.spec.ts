import { codesIn } from './code-in-text.js';

describe('The code in a text', () => {
  it.each([
    ['Your verification code is: 123456', ['123456']],
    ['(HOOK)Your code is 11111', ['11111']],
    ['G-481624 is your code. It is valid for 10 min.', ['481624']],
    ['123 456', ['123456']],
    ['Your code: 1 2 3 4 5 6', ['123456']],
    ['481624\n\n@login.acme.example #481624', ['481624']],
    ['Su código es 0042.', ['0042']],
  ])('is found in %j', (text, codes) => expect(codesIn(text)).toEqual(codes));

  it.each(['', 'Hello', 'Wait 10 min', 'A1B2C3', 'abc123456', '123456789012', 'Call +34600123456', '٤٨١٦٢٤'])('is not seen in %j', (text) =>
    expect(codesIn(text)).toEqual([]),
  );

  it('is not guessed where there are several', () => {
    expect(codesIn('Code 481624 of 2026-11-21, or call 900 123 456')).toEqual(['481624', '20261121', '900123456']);
  });
});
