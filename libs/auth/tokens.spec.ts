import { randomBytes } from 'node:crypto';
import type { JwtService } from '@nestjs/jwt';
import type { SigningKeys } from '@app/platform';
import { v7 as uuidv7 } from 'uuid';
import { Tokens, tokenType } from './tokens.js';

const [tenantId, sessionId] = [uuidv7(), uuidv7()];
/** Refresh tokens need neither. */
const tokens = new Tokens(undefined as unknown as JwtService, undefined as unknown as SigningKeys);

beforeAll(() => {
  const key = () => randomBytes(32).toString('base64');
  Object.assign(process.env, {
    DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
    SEALING_KEY: key(),
    HASHING_KEY: key(),
    TENANT_KEY: key(),
  });
});

describe('A refresh token', () => {
  it('says whose it is, and is told again by its hash alone', () => {
    const { text, hash } = tokens.newRefreshToken(tenantId, sessionId);
    expect(text).toMatch(/^[\w-]{107}$/);
    expect(tokens.readRefreshToken(text)).toMatchObject({ tenantId, sessionId, hash });
    expect(hash).toHaveLength(32);
    expect(Buffer.from(text, 'base64url').includes(hash)).toBe(false);
  });

  it('is another each time: 256 bits of it are random', () => {
    const made = Array.from({ length: 200 }, () => tokens.newRefreshToken(tenantId, sessionId).text);
    expect(new Set(made).size).toBe(200);
    expect(new Set(made.map((text) => text.slice(0, 42))).size, 'company and session lead').toBe(1);
  });

  it('has one successor, which has one of its own, and none leads back', () => {
    const first = tokens.readRefreshToken(tokens.newRefreshToken(tenantId, sessionId).text)!;
    const again = tokens.readRefreshToken(first.successor.text)!;
    expect(again).toMatchObject({ tenantId, sessionId, hash: first.successor.hash });
    const chain = [first.successor.text];
    for (let length = 0; length < 20; length++) chain.push(tokens.readRefreshToken(chain.at(-1)!)!.successor.text);
    expect(new Set(chain).size).toBe(21);
  });

  it('is nothing when it is cut, lengthened, altered in any bit or written another way', () => {
    const { text } = tokens.newRefreshToken(tenantId, sessionId);
    for (let length = 0; length < text.length; length++) expect(tokens.readRefreshToken(text.slice(0, length))).toBeUndefined();
    const bytes = Buffer.from(text, 'base64url');
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const altered = Buffer.from(bytes);
      altered[bit >> 3]! ^= 1 << (bit & 7);
      expect(tokens.readRefreshToken(altered.toString('base64url')), `bit ${bit}`).toBeUndefined();
    }
    for (const other of [
      `${text}=`,
      `${text}A`,
      ` ${text}`,
      `${text}\n`,
      bytes.toString('hex'),
      bytes.toString('base64'),
      '',
      '\u0000',
      '🔑'.repeat(27),
    ])
      expect(tokens.readRefreshToken(other)).toBeUndefined();
  });

  it('of a last character that stands for the same bits is still not the same token', () => {
    const { text } = tokens.newRefreshToken(tenantId, sessionId);
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const twins = [...alphabet]
      .map((letter) => text.slice(0, -1) + letter)
      .filter((other) => other !== text && Buffer.from(other, 'base64url').equals(Buffer.from(text, 'base64url')));
    expect(twins).toHaveLength(3); // 107 characters are 642 bits, 640 of them ours
    for (const twin of twins) expect(tokens.readRefreshToken(twin)).toBeUndefined();
  });
});

describe('The kind of a token', () => {
  it('is read from its header, and is none for what is no token', () => {
    const header = (value: unknown) => `${Buffer.from(JSON.stringify(value)).toString('base64url')}.x.y`;
    expect(tokenType(header({ typ: 'at+jwt' }))).toBe('at+jwt');
    for (const odd of ['', '.', '..', 'x', 'x.y.z', header(null), header([]), header('at+jwt'), header({})])
      expect(tokenType(odd)).toBeUndefined();
  });
});
