import { BadRequestException, NotFoundException, UnauthorizedException } from '@nestjs/common';
import { ThrottlerException } from '@nestjs/throttler';
import { RequestError } from './app-error.js';
import { asAppError } from './problem.js';

const failing = (code: string, message = 'words') => Object.assign(new Error(message), { code });

describe('Whatever was thrown', () => {
  it.each(['08000', '08006', '57P01', '57P02', '57P03', '53300', '53400', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ENOTFOUND', 'ETIMEDOUT'])(
    'is a lost database when PostgreSQL or its socket says %s, however deep',
    (code) => {
      const bare = failing(code);
      for (const error of [
        bare,
        new Error('outer', { cause: bare }),
        Object.assign(new Error('outer'), { previous: bare }),
        new AggregateError([new Error('x'), bare]),
        new Error('a', { cause: new Error('b', { cause: new AggregateError([bare]) }) }),
      ])
        expect(asAppError(error)).toMatchObject({ kind: 'unavailable', code: 'server.database_unavailable', details: { retryAfter: 2 } });
    },
  );

  it.each([
    'Connection terminated unexpectedly',
    'timeout exceeded when trying to connect',
    'Client has encountered a connection error and is not queryable',
    'Query read timeout',
  ])('is a lost database when pg says "%s"', (message) =>
    expect(asAppError(new Error(message))).toMatchObject({ code: 'server.database_unavailable' }),
  );

  it.each(['23505', '23514', '42501', '22P02', '40001', '0A000', 'P0001'])(
    'is our own fault when PostgreSQL refuses a statement with %s',
    (code) => expect(asAppError(failing(code))).toBeUndefined(),
  );

  it.each([[null], [undefined], ['a string'], [42], [{}], [new TypeError('x is not a function')]])(
    'is our own fault when it is %s',
    (error) => expect(asAppError(error)).toBeUndefined(),
  );

  it('keeps what the client may see', () => {
    const mine = RequestError.notFound();
    expect(asAppError(mine)).toBe(mine);
    expect(asAppError(new ThrottlerException())).toMatchObject({ code: 'request.rate_limited' });
    expect(asAppError(new NotFoundException('Cannot GET /secret'))).toMatchObject({
      code: 'request.not_found',
      message: 'There is nothing here.',
    });
    expect(asAppError(new BadRequestException('Unexpected token in JSON'))).toMatchObject({ code: 'request.malformed' });
    expect(asAppError(new UnauthorizedException())).toMatchObject({ kind: 'invalid' });
    expect(asAppError(failing('FST_ERR_CTP_BODY_TOO_LARGE'))).toMatchObject({ kind: 'too_large' });
  });

  it('ends, even where a failure is its own cause', () => {
    const circle: Error & { cause?: unknown } = new Error('a');
    circle.cause = circle;
    expect(asAppError(circle)).toBeUndefined();
  });
});
