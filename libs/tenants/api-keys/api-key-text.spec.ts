import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { parse, v4 as uuidv4, v7 as uuidv7 } from 'uuid';
import { readApiKey, writeApiKey } from './api-key-text.js';

const [tenantId, id] = [uuidv7(), uuidv7()];
const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** Written by the documented form, not with the product's own code. */
function withChecksum(body: string): string {
  let [rest, digits] = [BigInt(crc32(body)), ''];
  for (let at = 0; at < 6; at++, rest /= 62n) digits = DIGITS[Number(rest % 62n)] + digits;
  return body + digits;
}

describe('The text of an API key', () => {
  it('says whose it is, and is told again by the hash of its secret alone', () => {
    const { text, hash, hint } = writeApiKey(tenantId, id);
    expect(text).toMatch(/^ww_[\w-]{86}[0-9A-Za-z]{6}$/);
    expect(readApiKey(text)).toEqual({ tenantId, id, hash });
    const bytes = Buffer.from(text.slice(3, 89), 'base64url');
    expect(hash).toEqual(createHash('sha256').update(bytes.subarray(32)).digest());
    expect(text.endsWith(hint) && hint.length).toBe(4);
  });

  it('has the checksum that its documentation says, so that scanners can find it', () => {
    for (let round = 0; round < 200; round++) {
      const { text } = writeApiKey(tenantId, id);
      expect(withChecksum(text.slice(0, -6))).toBe(text);
    }
  });

  it('is another each time: 256 bits of it are random', () => {
    const made = Array.from({ length: 200 }, () => writeApiKey(tenantId, id).text);
    expect(new Set(made.map((text) => text.slice(46, 88))).size).toBe(200);
    expect(new Set(made.map((text) => text.slice(0, 45))).size, 'company and key lead').toBe(1);
  });

  it('is nothing when any character is another, or it is cut, lengthened or dressed up', () => {
    const { text } = writeApiKey(tenantId, id);
    for (let length = 0; length < text.length; length++) expect(readApiKey(text.slice(0, length)), `${length}`).toBeUndefined();
    for (let at = 0; at < text.length; at++)
      for (const other of ['A', 'b', '0', '-', '_', ' ', 'é'].filter((character) => character !== text[at]))
        expect(readApiKey(text.slice(0, at) + other + text.slice(at + 1)), `${at} ${other}`).toBeUndefined();
    for (const odd of [
      `${text} `,
      ` ${text}`,
      `${text}\n`,
      `${text}0`,
      text.toUpperCase(),
      text.replace('ww_', 'WW_'),
      `${text},${text}`,
      '',
    ])
      expect(readApiKey(odd)).toBeUndefined();
  });

  it('is nothing when only its checksum is right', () => {
    const body = (bytes: Buffer) => withChecksum(`ww_${bytes.toString('base64url')}`);
    const bytes = Buffer.concat([parse(tenantId), parse(uuidv4()), Buffer.alloc(32)]);
    expect(readApiKey(body(bytes)), 'the forger can write').toBeDefined();
    expect(readApiKey(body(Buffer.alloc(64, 0x77))), 'ids that are none').toBeUndefined();
    expect(readApiKey(withChecksum(`ww_${bytes.toString('base64url').slice(0, -1)}B`)), 'bits that nobody reads').toBeUndefined();
    expect(readApiKey(body(bytes.subarray(1)))).toBeUndefined();
    expect(readApiKey(body(Buffer.concat([bytes, bytes])))).toBeUndefined();
  });
});
