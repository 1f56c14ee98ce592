import { communicationFailure } from './communication-failure.js';

const restError = (code: string | undefined, message: string) => Object.assign(new Error(message), { name: 'RestError', code });

describe('What went wrong without an answer', () => {
  it.each([
    ['ECONNREFUSED', 'connect ECONNREFUSED 127.0.0.1:9', 'retryable', 'unreachable'],
    ['ENOTFOUND', 'getaddrinfo ENOTFOUND acme.communication.azure.com', 'retryable', 'unreachable'],
    ['EAI_AGAIN', 'getaddrinfo EAI_AGAIN acme.communication.azure.com', 'retryable', 'unreachable'],
    ['ETIMEDOUT', 'connect ETIMEDOUT 203.0.113.1:443', 'retryable', 'unreachable'],
    ['CERT_HAS_EXPIRED', 'certificate has expired', 'retryable', 'unreachable'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'unable to verify the first certificate', 'retryable', 'unreachable'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'Hostname does not match', 'retryable', 'unreachable'],
    ['ETIMEDOUT', 'read ETIMEDOUT', 'ambiguous', 'connection_lost'],
    ['ECONNRESET', 'socket hang up', 'ambiguous', 'connection_lost'],
    ['EPIPE', 'write EPIPE', 'ambiguous', 'connection_lost'],
    ['PARSE_ERROR', 'Error reading response as text', 'ambiguous', 'connection_lost'],
    [undefined, 'anything', 'ambiguous', 'connection_lost'],
  ])('takes %s (%s) for %s: %s', (code, message, kind, reason) => {
    expect(communicationFailure(restError(code, message))).toMatchObject({ kind, reason, details: {} });
  });

  it.each([[new Error('anything')], ['a bare string'], [undefined]])('knows nothing about %s', (thrown) => {
    expect(communicationFailure(thrown)).toMatchObject({ kind: 'ambiguous', reason: 'unexpected_reply' });
  });
});
