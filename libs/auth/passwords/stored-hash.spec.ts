import { PasswordHasher } from './password-hasher.js';
import { readForeignHash, schemeOf, tooDear, verifyForeign, writeForeignHash } from './stored-hash.js';

const unpadded = (hex: string) => Buffer.from(hex, 'hex').toString('base64').replace(/=+$/, '');
const text = (value: string) => Buffer.from(value).toString('base64').replace(/=+$/, '');

/** The standards' own vectors, and libxcrypt's for bcrypt. */
const VECTORS: [name: string, stored: string, password: string][] = [
  [
    'RFC 7914 §12, scrypt N=1024',
    `$scrypt$ln=10,r=8,p=16$${text('NaCl')}$${unpadded(
      'fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640',
    )}`,
    'password',
  ],
  [
    'RFC 7914 §12, scrypt N=16384',
    `$scrypt$ln=14,r=8,p=1$${text('SodiumChloride')}$${unpadded(
      '7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887',
    )}`,
    'pleaseletmein',
  ],
  [
    'RFC 7914 §11, PBKDF2-HMAC-SHA-256',
    `$pbkdf2-sha256$i=80000$${text('NaCl')}$${unpadded(
      '4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56a1d425a1225833549adb841b51c9b3176a272bdebba1d078478f62b397f33c8d',
    )}`,
    'Password',
  ],
  [
    'RFC 6070, PBKDF2-HMAC-SHA-1',
    `$pbkdf2-sha1$i=4096$${text('salt')}$${unpadded('4b007901b765489abead49d926f721d065a429c1')}`,
    'password',
  ],
  ['libxcrypt, bcrypt $2b$', '$2b$04$abcdefghijklmnopqrstuuZ6FQYRqyxExIV1Y1QdAbcfzTcbeBCEa', 'correct horse battery 9'],
  ['libxcrypt, bcrypt $2y$', '$2y$04$abcdefghijklmnopqrstuuZ6FQYRqyxExIV1Y1QdAbcfzTcbeBCEa', 'correct horse battery 9'],
  ['libxcrypt, bcrypt of 120 bytes', '$2b$04$abcdefghijklmnopqrstuuKiIlCeXB6chNXkLyAo8C7XcLPzh6zUe', 'é'.repeat(60)],
];

describe('A hash that another system made', () => {
  it.each(VECTORS)('is verified as its standard says: %s', async (_, stored, password) => {
    const hash = readForeignHash(stored)!;
    expect(await verifyForeign(hash, password)).toBe(true);
    expect(await verifyForeign(hash, `x${password}`)).toBe(false);
    expect(writeForeignHash(hash)).toBe(stored);
  });

  it('by bcrypt is read as far as bcrypt read, and no byte less', async () => {
    const hash = readForeignHash(VECTORS.at(-1)![1])!;
    expect(await verifyForeign(hash, `${'é'.repeat(36)}anything`)).toBe(true);
    expect(await verifyForeign(hash, 'é'.repeat(35))).toBe(false);
  });

  it(
    'goes through the queue like every other, never more at once than there are slots, and the event loop turns',
    { timeout: 30_000 },
    async () => {
      const hasher = new PasswordHasher({ slots: 1, memoryCost: 64, timeCost: 1, maxWaitMs: 60_000 });
      const dear = `$pbkdf2-sha256$i=200000$${text('saltsalt')}$${text('x'.repeat(32))}`;
      const all = Promise.all([1, 2, 3].map((lane) => hasher.verify(dear, 'wrong', `lane ${lane}`)));
      expect([hasher.running, hasher.waiting]).toEqual([1, 2]);
      let turns = 0;
      const timer = setInterval(() => turns++, 1);
      expect(await all).toEqual([false, false, false]);
      clearInterval(timer);
      expect(turns).toBeGreaterThan(5);
      expect(hasher.needsRehash(dear)).toBe(true);
    },
  );

  it('says what it is made with', () => {
    expect(VECTORS.map(([, stored]) => schemeOf(stored))).toEqual([
      'scrypt',
      'scrypt',
      'pbkdf2-sha256',
      'pbkdf2-sha1',
      'bcrypt',
      'bcrypt',
      'bcrypt',
    ]);
    expect(schemeOf('$argon2id$v=19$m=64,t=1,p=1$x$x')).toBe('argon2id');
  });

  it('is none when it is dearer than a sign-in may be', () => {
    const salt = Buffer.alloc(8);
    const tag = Buffer.alloc(32);
    expect(tooDear({ kind: 'scrypt', ln: 17, r: 8, p: 2, salt, tag })).toBeUndefined();
    expect(tooDear({ kind: 'scrypt', ln: 18, r: 16, p: 1, salt, tag })).toMatchObject({ field: 'n' });
    expect(tooDear({ kind: 'scrypt', ln: 17, r: 8, p: 5, salt, tag })).toMatchObject({ field: 'p' });
    expect(tooDear({ kind: 'pbkdf2', digest: 'sha256', iterations: 2_000_000, salt, tag })).toBeUndefined();
    expect(tooDear({ kind: 'pbkdf2', digest: 'sha1', iterations: 2_000_000, salt, tag })).toMatchObject({ field: 'iterations' });
    expect(readForeignHash('$2b$31$abcdefghijklmnopqrstuuZ6FQYRqyxExIV1Y1QdAbcfzTcbeBCEa')).toBeUndefined();
  });
});
