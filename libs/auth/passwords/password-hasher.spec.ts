import { argon2Sync } from 'node:crypto';
import * as argon2 from '@node-rs/argon2';
import { HasherBusy } from './hash-queue.js';
import { PasswordHasher } from './password-hasher.js';

// The real thing, counted.
vi.mock('@node-rs/argon2', async (importOriginal) => {
  const real = await importOriginal<typeof argon2>();
  return { ...real, verify: vi.fn<typeof real.verify>(real.verify) };
});
const verified = vi.mocked(argon2.verify);

const cheap = { memoryCost: 64, timeCost: 1, maxWaitMs: 60_000 };
const unpadded = (bytes: Buffer) => bytes.toString('base64').replace(/=+$/, '');

/** A PHC string by OpenSSL, through Node: nothing of it is the library's under test. */
function phcByOpenSsl(password: string, memory = 19_456, passes = 2): string {
  const nonce = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex');
  const tag = argon2Sync('argon2id', { message: password, nonce, memory, passes, parallelism: 1, tagLength: 32 });
  return `$argon2id$v=19$m=${memory},t=${passes},p=1$${unpadded(nonce)}$${unpadded(tag)}`;
}

describe('Hashing a password', () => {
  const hasher = new PasswordHasher(cheap);
  beforeEach(() => {
    verified.mockClear();
  });

  it('verifies what another implementation hashed', async () => {
    const phc = phcByOpenSsl('correct horse battery staple');
    const today = new PasswordHasher();
    expect(await today.verify(phc, 'correct horse battery staple')).toBe(true);
    expect(await today.verify(phc, 'correct horse battery stapl')).toBe(false);
    expect(today.needsRehash(phc)).toBe(false);
  });

  it('makes the very bits another implementation makes, under the parameters of OWASP', async () => {
    const phc = await new PasswordHasher().hash('Passwört 🦄');
    expect(phc).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/);
    const [salt = '', tag = ''] = phc.split('$').slice(4);
    const nonce = Buffer.from(salt, 'base64');
    const expected = argon2Sync('argon2id', { message: 'Passwört 🦄', nonce, memory: 19_456, passes: 2, parallelism: 1, tagLength: 32 });
    expect(Buffer.from(tag, 'base64')).toEqual(expected);
  });

  it('salts every hash anew', async () => {
    expect(await hasher.hash('same')).not.toBe(await hasher.hash('same'));
  });

  it('takes an accent typed as one character or as two for the same', async () => {
    const [composed, decomposed] = ['caf\u00e9 noir', 'cafe\u0301 noir'];
    expect(await hasher.verify(await hasher.hash(composed), decomposed)).toBe(true);
    expect(await hasher.verify(await hasher.hash(decomposed), composed)).toBe(true);
  });

  it('folds nothing else: compatibility characters, case and spaces count', async () => {
    const phc = await hasher.hash('Office 2026');
    expect(await hasher.verify(await hasher.hash('O\ufb03ce 2026'), 'O\ufb03ce 2026')).toBe(true);
    for (const other of ['O\ufb03ce 2026', 'office 2026', 'Office 2026 ', ' Office 2026', 'Office\u00a02026']) {
      expect(await hasher.verify(phc, other)).toBe(false);
    }
  });

  it('reads a password to its last character', async () => {
    const long = 'x'.repeat(99);
    expect(await hasher.verify(await hasher.hash(`${long}a`), `${long}b`)).toBe(false);
    expect(await hasher.verify(await hasher.hash('before\0after'), 'before\0other')).toBe(false);
    expect(await hasher.verify(await hasher.hash('é'.repeat(2048)), 'é'.repeat(2048))).toBe(true);
  });

  it('refuses more than 4,096 bytes without hashing them', async () => {
    await expect(hasher.hash('x'.repeat(4097))).rejects.toThrow(RangeError);
    expect(await hasher.verify(await hasher.hash(''), 'é'.repeat(2049))).toBe(false);
    expect(verified).toHaveBeenCalledExactlyOnceWith(expect.stringContaining('$m=64,t=1,p=1$'), '');
  });

  it('works as hard for a user who does not exist', async () => {
    expect(await hasher.verify(null, 'secret')).toBe(false);
    expect(await hasher.verify(undefined, '')).toBe(false);
    expect(verified).toHaveBeenCalledTimes(2);
    const [dummy = ''] = verified.mock.calls[0] ?? [];
    expect(dummy).toBe(verified.mock.calls[1]?.[0]);
    expect(hasher.needsRehash(String(dummy))).toBe(false); // today's parameters
  });

  it.each([
    ['nothing', ''],
    ['text', 'plain'],
    ['another algorithm', '$5$rounds=5000$saltsalt$KqJWpanXZHKq2BOB43TSaYhEWsQ1Lr5QNyPCDH/Tp.6'],
    ['bcrypt dearer than a sign-in may be', '$2b$15$C6UzMDM.H6dfI/f/IKcEeO7ZKp1f3lQ8b1cVqJ0xT2m0J7u9y1y1a'],
    ['scrypt dearer than a sign-in may be', '$scrypt$ln=21,r=8,p=1$c29tZXNhbHQ$c29tZWhhc2hzb21laGFzaA'],
    ['PBKDF2 dearer than a sign-in may be', '$pbkdf2-sha256$i=90000000$c29tZXNhbHQ$c29tZWhhc2hzb21laGFzaA'],
    ['a cut hash', phcByOpenSsl('secret', 64, 1).slice(0, -1)],
    ['no tag', '$argon2id$v=19$m=64,t=1,p=1$AAECAwQFBgcICQoLDA0ODw'],
    ['no passes', phcByOpenSsl('secret', 64, 1).replace('t=1', 't=0')],
    ['more memory than there is', phcByOpenSsl('secret', 64, 1).replace('m=64', 'm=4294967295')],
  ])('answers no, after as much work, to a stored hash that is %s', async (_, phc) => {
    expect(await hasher.verify(phc, 'secret')).toBe(false);
    expect(verified).toHaveBeenCalledOnce();
    expect(hasher.needsRehash(phc)).toBe(true);
  });

  it('still verifies hashes of older settings, and says that they are old', async () => {
    const today = new PasswordHasher();
    const salt = Buffer.alloc(16, 7);
    const settings = { memoryCost: 19_456, timeCost: 2, parallelism: 1, outputLen: 32, salt };
    expect(today.needsRehash(await argon2.hash('secret', settings))).toBe(false);
    const old = { algorithm: 1, version: 0, memoryCost: 19_455, timeCost: 3, parallelism: 2, outputLen: 16, salt: Buffer.alloc(8, 7) };
    for (const change of Object.entries(old)) {
      const phc = await argon2.hash('secret', { ...settings, ...Object.fromEntries([change]) });
      expect(await today.verify(phc, 'secret')).toBe(true);
      expect(today.needsRehash(phc)).toBe(true);
    }
  });

  it('never hashes more at once than it has slots, whoever asks', async () => {
    const two = new PasswordHasher({ ...cheap, slots: 2 });
    const phc = await two.hash('secret');
    let now = 0;
    let most = 0;
    verified.mockImplementation(async () => {
      most = Math.max(most, ++now);
      await new Promise((resolve) => setImmediate(resolve));
      now--;
      return true;
    });
    const all = Array.from({ length: 200 }, (_, i) => two.verify(i % 3 ? phc : null, 'secret', `tenant ${i % 5}`));
    expect([two.running, two.waiting]).toEqual([2, 198]);
    expect((await Promise.all(all)).filter(Boolean)).toHaveLength(133);
    expect(most).toBe(2);
    verified.mockReset();
    verified.mockImplementation((await vi.importActual<typeof argon2>('@node-rs/argon2')).verify);
  });

  it('refuses what would wait too long, and skips a caller who has gone', async () => {
    const impatient = new PasswordHasher({ ...cheap, slots: 1, maxWaitMs: 0 });
    const first = impatient.hash('secret');
    await expect(impatient.verify(null, 'secret')).rejects.toBeInstanceOf(HasherBusy);
    const phc = await first;
    expect(await impatient.verify(phc, 'secret')).toBe(true);
    await expect(impatient.verify(phc, 'secret', 'acme', AbortSignal.abort())).rejects.toThrow('aborted');
  });
});
