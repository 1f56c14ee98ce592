import { randomBytes } from 'node:crypto';
import { seal, unseal } from './sealing.js';

beforeAll(() => {
  const key = () => randomBytes(32).toString('base64');
  Object.assign(process.env, {
    DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
    SEALING_KEY: key(),
    HASHING_KEY: key(),
    TENANT_KEY: key(),
  });
});

/** By the key it names, or by the cipher. */
const REFUSED = /key that sealed|authenticat|initialization vector/i;

describe('A sealed value', () => {
  const place = { tenant: 'acme', row: 'row-1', purpose: 'factor-state' };

  it('opens where it belongs, and is another each time', () => {
    expect(unseal(seal('a secret', place), place)).toBe('a secret');
    expect(seal('a secret', place)).not.toBe(seal('a secret', place));
  });

  it('opens nowhere else', () => {
    const sealed = seal('a secret', place);
    for (const elsewhere of [{ tenant: 'globex' }, { row: 'row-2' }, { purpose: 'channel-settings' }])
      expect(() => unseal(sealed, { ...place, ...elsewhere })).toThrow(REFUSED);
  });

  it('does not open altered in any byte, nor cut, not even within what proves that it is whole', () => {
    const bytes = Buffer.from(seal('', place), 'base64url');
    expect(bytes, 'key id, nonce and tag, of nothing').toHaveLength(32);
    for (let length = 0; length < bytes.length; length++)
      expect(() => unseal(bytes.subarray(0, length).toString('base64url'), place), `${length} bytes`).toThrow(REFUSED);
    const sealed = Buffer.from(seal('a secret', place), 'base64url');
    for (let at = 0; at < sealed.length; at++) {
      const altered = Buffer.from(sealed);
      altered[at]! ^= 1;
      expect(() => unseal(altered.toString('base64url'), place), `byte ${at}`).toThrow(REFUSED);
    }
  });
});
