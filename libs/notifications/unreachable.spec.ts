import { isUnreachable } from './unreachable.js';

describe('A vendor that cannot be reached', () => {
  const refused = Object.assign(new Error('connect'), { code: 'ECONNREFUSED', syscall: 'connect' });
  const reset = Object.assign(new Error('read'), { code: 'ECONNRESET', syscall: 'read' });

  it.each([
    ['nobody listens', refused],
    ['no such host', Object.assign(new Error('dns'), { code: 'ENOTFOUND', syscall: 'getaddrinfo' })],
    ['an untrusted certificate', Object.assign(new Error('tls'), { code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' })],
    ['inside the error of fetch', new TypeError('fetch failed', { cause: refused })],
    ['at each of its addresses', new AggregateError([refused, refused])],
  ])('was sent nothing: %s', (_, error) => expect(isUnreachable(error)).toBe(true));

  it.each([
    ['the line went dead', reset],
    ['inside the error of fetch', new TypeError('fetch failed', { cause: reset })],
    ['one address took it', new AggregateError([refused, reset])],
    ['time is over', AbortSignal.abort().reason],
    ['no error at all', 'ECONNREFUSED'],
    ['nothing', undefined],
  ])('may have been sent something: %s', (_, error) => expect(isUnreachable(error)).toBe(false));

  it('tells by what fetch really throws', async () => {
    const error = await fetch('http://127.0.0.1:10').catch((caught: unknown) => caught);
    expect(isUnreachable(error)).toBe(true);
    expect(isUnreachable(await fetch('http://127.0.0.1:9').catch((caught: unknown) => caught))).toBe(true);
  });
});
