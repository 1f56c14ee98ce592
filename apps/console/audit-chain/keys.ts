import { canonical, isObject } from './json.js';
import type { Head } from './rows.js';

/** Why nothing can be said: the browser cannot do it, or there is no key to do it with. */
export class CannotVerify extends Error {
  override readonly name = 'CannotVerify';

  constructor(readonly why: 'insecure' | 'no_ed25519' | 'no_key') {
    super(why);
  }
}

export interface VerifyingKey {
  kid: string | undefined;
  key: Awaited<ReturnType<typeof imported>>;
}

/** The keys of a JWKS that heads are signed with (RFC 8037). @throws CannotVerify */
export async function keysOf(jwks: unknown): Promise<VerifyingKey[]> {
  // Browsers keep WebCrypto from pages that came unencrypted.
  if (!globalThis.crypto?.subtle) throw new CannotVerify('insecure');
  const listed = isObject(jwks) && Array.isArray(jwks.keys) ? jwks.keys : [jwks];
  const usable = listed.filter(isObject).filter(({ kty, crv, x }) => kty === 'OKP' && crv === 'Ed25519' && typeof x === 'string');
  if (usable.length === 0) throw new CannotVerify('no_key');
  return Promise.all(
    usable.map(async ({ x, kid }) => ({ kid: typeof kid === 'string' ? kid : undefined, key: await imported(x as string) })),
  );
}

const imported = (x: string) =>
  crypto.subtle.importKey('jwk', { kty: 'OKP', crv: 'Ed25519', x }, { name: 'Ed25519' }, false, ['verify']).catch((error: Error) => {
    throw new CannotVerify(error.name === 'NotSupportedError' ? 'no_ed25519' : 'no_key');
  });

export type Signed = 'good' | 'wrong' | 'unknown_key';

export async function signatureOf({ signature, ...claim }: Head, keys: VerifyingKey[]): Promise<Signed> {
  const candidates = keys.filter(({ kid }) => kid === undefined || kid === claim.kid);
  if (candidates.length === 0) return 'unknown_key';
  const bytes = Uint8Array.from(atob(signature.replaceAll('-', '+').replaceAll('_', '/')), (char) => char.charCodeAt(0));
  const text = new TextEncoder().encode(`watchword.audit.head.v1\n${canonical(claim)}`);
  const verified = await Promise.all(candidates.map(({ key }) => crypto.subtle.verify({ name: 'Ed25519' }, key, bytes, text)));
  return verified.includes(true) ? 'good' : 'wrong';
}
