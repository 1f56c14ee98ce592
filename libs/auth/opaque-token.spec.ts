import { randomBytes } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { newOpaqueToken, readOpaqueToken } from './opaque-token.js';

beforeAll(() => {
  const key = () => randomBytes(32).toString('base64');
  Object.assign(process.env, {
    DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
    SEALING_KEY: key(),
    HASHING_KEY: key(),
    TENANT_KEY: key(),
  });
});

describe('A token of a link or a device', () => {
  const [tenantId, id] = [uuidv7(), uuidv7()];

  it('says whose it is and for what, and is kept as a hash', () => {
    const { token, hash } = newOpaqueToken('link reset_password', tenantId, id);
    expect(readOpaqueToken(['link verify_email', 'link reset_password'], token)).toEqual({
      kind: 'link reset_password',
      tenantId,
      id,
      hash,
    });
    expect(Buffer.from(token, 'base64url').includes(hash)).toBe(false);
  });

  it('is nothing of another kind', () => {
    const { token } = newOpaqueToken('link reset_password', tenantId, id);
    for (const kind of ['link verify_email', 'trusted-device', 'link reset', ''])
      expect(readOpaqueToken([kind], token), kind).toBeUndefined();
    expect(readOpaqueToken([], token)).toBeUndefined();
  });

  it('is nothing when it is cut, lengthened, altered in any bit or written another way', () => {
    const { token } = newOpaqueToken('link reset_password', tenantId, id);
    const read = (text: string) => readOpaqueToken(['link reset_password'], text);
    for (let length = 0; length < token.length; length++) expect(read(token.slice(0, length)), `${length} characters`).toBeUndefined();
    const bytes = Buffer.from(token, 'base64url');
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const altered = Buffer.from(bytes);
      altered[bit >> 3]! ^= 1 << (bit & 7);
      expect(read(altered.toString('base64url')), `bit ${bit}`).toBeUndefined();
    }
    // 80 bytes leave four bits of the last character that stand for nothing.
    const last = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const others = [...last].map((letter) => token.slice(0, -1) + letter).filter((text) => text !== token);
    for (const odd of [...others, `${token}=`, `${token}A`, ` ${token}`, `${token}\n`, bytes.toString('hex')])
      expect(read(odd), odd).toBeUndefined();
    expect(read(token)).toBeDefined();
  });
});
