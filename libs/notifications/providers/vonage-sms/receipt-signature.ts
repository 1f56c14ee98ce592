import { createHmac, timingSafeEqual } from 'node:crypto';
import { type Callback, CallbackRefused } from '../../message-provider.js';
import { CLOCK_SKEW, MAX_AGE, proven } from '../vonage/vonage-callback.js';

/** Vonage can also do MD5, keyed or not, and SHA-1: not here. */
export const SIGNATURES = ['sha256', 'sha512', 'jwt'] as const;

interface Account {
  api_key: string;
  signature_secret: string;
  receipt_signature: (typeof SIGNATURES)[number];
}

export type Fields = Readonly<Record<string, string>>;

/** Proves a receipt by the one way the company has chosen; a valid signature of another kind does not count. @throws CallbackRefused */
export async function provenReceipt(callback: Callback, account: Account): Promise<{ fields: Fields; signedAt: Date }> {
  if (account.receipt_signature === 'jwt') {
    // It covers the body only: what a query says is anybody's.
    const signedAt = await proven(callback, account.signature_secret, { apiKey: account.api_key });
    return { fields: bodyFields(callback), signedAt };
  }
  const fields = callback.method === 'GET' ? textOnly(callback.query) : bodyFields(callback);
  if (!isSigned(fields, account.signature_secret, account.receipt_signature)) throw new CallbackRefused('signature');
  if (fields['api-key'] !== undefined && fields['api-key'] !== account.api_key) throw new CallbackRefused('another key');
  return { fields, signedAt: freshness(fields['timestamp']) };
}

/** `&` before each name, names in order, `&` and `=` inside values turned to `_`. @see https://developer.vonage.com/en/getting-started/concepts/signing-messages */
function isSigned({ sig = '', ...fields }: Fields, secret: string, algorithm: 'sha256' | 'sha512'): boolean {
  const names = Object.keys(fields).toSorted();
  // Values cannot pretend to be two fields, names could.
  if (names.some((name) => !/^[\w-]+$/.test(name))) return false;
  const signed = names.map((name) => `&${name}=${fields[name]!.replaceAll(/[&=]/g, '_')}`).join('');
  const expected = createHmac(algorithm, secret).update(signed).digest();
  const given = Buffer.from(sig, 'hex');
  return given.length === expected.length && timingSafeEqual(given, expected);
}

/** `timestamp` in seconds, which is signed: without one a receipt is for ever, so it is refused. */
function freshness(timestamp = ''): Date {
  const age = Date.now() / 1000 - Number(/^\d{9,11}$/.test(timestamp) ? timestamp : Number.NaN);
  if (!(age <= MAX_AGE + CLOCK_SKEW && age >= -CLOCK_SKEW)) throw new CallbackRefused('age');
  return new Date(Number(timestamp) * 1000);
}

function bodyFields({ headers, rawBody }: Callback): Fields {
  const text = rawBody.toString();
  if (headers['content-type']?.startsWith('application/x-www-form-urlencoded')) return Object.fromEntries(new URLSearchParams(text));
  try {
    return textOnly(JSON.parse(text) as object);
  } catch {
    throw new CallbackRefused('neither JSON nor form');
  }
}

/** As Vonage joined them: numbers as they are written, and nothing that has parts. */
const textOnly = (values: object): Fields =>
  Object.fromEntries(
    Object.entries(values ?? {})
      .filter(([, value]) => typeof value === 'string' || typeof value === 'number')
      .map(([name, value]) => [name, String(value)]),
  );
