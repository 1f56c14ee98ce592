const BEFORE_THE_REQUEST = new Set([
  'UND_ERR_CONNECT_TIMEOUT',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/** Whether a request failed before its first byte left: no address, no connection, no trust. Anything later may have been read. */
export function isUnreachable(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) {
    const { code, syscall } = at as NodeJS.ErrnoException;
    if (syscall === 'connect' || syscall === 'getaddrinfo' || (code !== undefined && BEFORE_THE_REQUEST.has(code))) return true;
    // A host with several addresses: all of them failed, and each says how.
    if (at instanceof AggregateError && at.errors.length > 0) return at.errors.every((one) => isUnreachable(one));
    // fetch keeps away from some ports by itself (https://fetch.spec.whatwg.org/#bad-port).
    if (at.message === 'bad port') return true;
  }
  return false;
}
