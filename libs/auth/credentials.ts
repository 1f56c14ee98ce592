import { AuthError } from './auth.errors.js';

/** What callers show of themselves: a token of ours, or an API key. Whether it is any good is another question. */
export interface Credential {
  kind: 'token' | 'key';
  text: string;
}

interface Carrier {
  headers: { authorization?: string | undefined; 'x-api-key'?: string | string[] | undefined };
  /** As they came: Node keeps the first of two `Authorization` headers and says nothing. */
  rawHeaders: readonly string[];
}

const CARRIERS = /^(authorization|x-api-key)$/i;
const BEARER = /^bearer +([\w.~+/-]+=*)$/i;
/** Auth0's actions send the key with no scheme before it. */
const BARE_KEY = /^ww_[\w-]*$/;

/**
 * `Authorization: Bearer <token or key>`, `Authorization: <key>` or `X-API-Key: <key>`. Two at once are refused (RFC 6750 §3.1) rather
 * than one of them chosen: a proxy might have looked at the other. What stands in X-API-Key is taken for a key, whatever it is.
 * @throws auth.several_credentials
 */
export function credentialOf({ headers, rawHeaders }: Carrier): Credential | undefined {
  let shown = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) if (CARRIERS.test(rawHeaders[at]!)) shown++;
  if (shown > 1) throw AuthError.severalCredentials();
  const key = headers['x-api-key'];
  if (key !== undefined) return { kind: 'key', text: String(key) };
  const header = headers.authorization ?? '';
  const text = BARE_KEY.test(header) ? header : BEARER.exec(header)?.[1];
  return text === undefined ? undefined : { kind: text.startsWith('ww_') ? 'key' : 'token', text };
}
