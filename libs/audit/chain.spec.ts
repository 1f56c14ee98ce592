import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { canonicalJson, genesis, parseStrictJson, readHeadKeys, sealEvent, signHead, verifyHead } from './chain.js';

const company_id = '0198c0de-0000-7000-8000-00000000000a';
const event = {
  id: '0198c0de-0000-7000-8000-000000000001',
  company_id,
  at: '2026-10-01T12:00:00.000001Z',
  action: 'mfa.verified',
  outcome: 'success',
  actor_type: 'user',
  actor_id: '0198c0de-0000-7000-8000-0000000000a1',
  session_id: null,
  ip_address: '192.0.2.7',
  user_agent: 'Mozilla/5.0 (é)',
  request_id: 'req-1',
  target_id: null,
  details: { z: [1, true, null], a: 0.5 },
};

/** The key pair of RFC 8032 §7.1 test 1, as RFC 8037 appendix A writes it. */
const rfc = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' };
const privateKey = createPrivateKey({ key: { ...rfc, d: 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A' }, format: 'jwk' });
const publicKey = createPublicKey(privateKey);

describe('Canonical JSON', () => {
  it('sorts names by UTF-16 code units, as RFC 8785 §3.2.3 shows', () => {
    const weird = {
      '\u20ac': 'Euro Sign',
      '\r': 'Carriage Return',
      '\ufb33': 'Hebrew Letter Dalet With Dagesh',
      '1': 'One',
      '\ud83d\ude00': 'Emoji: Grinning Face',
      '\u0080': 'Control',
      '\u00f6': 'Latin Small Letter O With Diaeresis',
    };
    expect(canonicalJson(weird)).toBe(
      '{"\\r":"Carriage Return","1":"One","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis","\u20ac":"Euro Sign",' +
        '"\ud83d\ude00":"Emoji: Grinning Face","\ufb33":"Hebrew Letter Dalet With Dagesh"}',
    );
  });

  it('writes the example of RFC 8785 §3.2.2', () => {
    const example = String.raw`{
      "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
      "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
      "literals": [null, true, false] }`;
    expect(canonicalJson(JSON.parse(example))).toBe(
      String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
    );
  });

  it.each([
    ['0000000000000000', '0'],
    ['8000000000000000', '0'],
    ['0000000000000001', '5e-324'],
    ['8000000000000001', '-5e-324'],
    ['7fefffffffffffff', '1.7976931348623157e+308'],
    ['ffefffffffffffff', '-1.7976931348623157e+308'],
    ['4340000000000000', '9007199254740992'],
    ['c340000000000000', '-9007199254740992'],
    ['4430000000000000', '295147905179352830000'],
    ['44b52d02c7e14af5', '9.999999999999997e+22'],
    ['44b52d02c7e14af6', '1e+23'],
    ['44b52d02c7e14af7', '1.0000000000000001e+23'],
    ['444b1ae4d6e2ef4e', '999999999999999700000'],
    ['444b1ae4d6e2ef4f', '999999999999999900000'],
    ['444b1ae4d6e2ef50', '1e+21'],
    ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
    ['3eb0c6f7a0b5ed8d', '0.000001'],
    ['41b3de4355555553', '333333333.3333332'],
    ['41b3de4355555554', '333333333.33333325'],
    ['41b3de4355555555', '333333333.3333333'],
    ['41b3de4355555556', '333333333.3333334'],
    ['41b3de4355555557', '333333333.33333343'],
    ['becbf647612f3696', '-0.0000033333333333333333'],
    ['43143ff3c1cb0959', '1424953923781206.2'],
  ])('writes the double %s as %s, as RFC 8785 appendix B says', (ieee, text) => {
    expect(canonicalJson(Buffer.from(ieee, 'hex').readDoubleBE())).toBe(text);
  });

  it.each([
    ['NaN', NaN],
    ['infinity', [Infinity]],
    ['a lone surrogate', { text: '\ud83d' }],
    ['a lone surrogate in a name', { '\ude00': 1 }],
    ['undefined', { a: undefined }],
    ['a hole in a list', Array(1)],
    ['a date', new Date(0)],
    ['a big integer', 1n],
    ['bottomless nesting', JSON.parse('['.repeat(200) + ']'.repeat(200))],
  ])('refuses %s', (_, value) => {
    expect(() => canonicalJson(value)).toThrow(TypeError);
  });
});

describe('Reading JSON that is to be hashed', () => {
  it('reads what any reader would read the same', () => {
    const text = '{ "b": 1.0, "a": [{"b": 2e2}, {"b": "\\"b\\":"}], "1": -0.50 }';
    expect(parseStrictJson(text)).toEqual(JSON.parse(text));
  });

  it.each(['{"a":1,"a":2}', '{"a":1,"\\u0061":2}', '{"x":[{"a":{},"b":1,"a":{}}]}'])('refuses the repeated name in %s', (text) => {
    expect(() => parseStrictJson(text)).toThrow(SyntaxError);
  });

  it.each(['9007199254740993', '0.30000000000000001', '1e400', '-1e-400'])('refuses %s, which a double cannot hold', (number) => {
    expect(() => parseStrictJson(`[${number}]`)).toThrow(SyntaxError);
  });
});

describe('Sealing an event', () => {
  it("begins a company's chain at a hash of its own", () => {
    expect(genesis(company_id)).toBe('5b801188ad07b74a7352c42795d98c8fe2c2e4f2c220f55a3e92c9d8c2cbb7c1');
    expect(genesis('0198c0de-0000-7000-8000-00000000000b')).not.toBe(genesis(company_id));
  });

  it('gives the hash that another implementation computed (Python, hashlib and json)', () => {
    const sealed = sealEvent(event, 1, genesis(company_id));
    expect(sealed.hash).toBe('cd4ff974bae57da2c566fc2bf1075c90531fcb896fe6f5d9d89f95c38100e249');
    expect(sealed).toEqual({ ...event, seq: 1, prev_hash: genesis(company_id), hash: sealed.hash });
  });

  it('does not depend on the order in which the fields came, and leaves out what is not part of an event', () => {
    const reversed = Object.fromEntries(Object.entries({ ...event, tenant: 'x' }).toReversed()) as typeof event;
    expect(sealEvent(reversed, 1, genesis(company_id))).toEqual(sealEvent(event, 1, genesis(company_id)));
  });

  it.each([
    ['a time without microseconds', 'at', { at: '2026-10-01T12:00:00.000Z' }],
    ['an id that is not a UUID', 'id', { id: '1' }],
    ['details that are a list', 'details', { details: [] as unknown as typeof event.details }],
  ])('refuses %s, which the verifier would refuse later', (_, field, wrong) => {
    expect(() => sealEvent({ ...event, ...wrong }, 1, genesis(company_id))).toThrow(`"${field}"`);
  });

  it('refuses a seq that is not a place', () => {
    expect(() => sealEvent(event, 0, genesis(company_id))).toThrow('"seq"');
  });
});

describe('Signing a head', () => {
  const claim = {
    company_id,
    seq: 1,
    hash: 'cd4ff974bae57da2c566fc2bf1075c90531fcb896fe6f5d9d89f95c38100e249',
    signed_at: '2026-10-01T12:00:01Z',
  };
  const head = signHead(claim, privateKey, 'audit-1');

  it('gives the signature that another implementation computed (OpenSSL)', () => {
    expect(head).toEqual({
      type: 'head',
      ...claim,
      kid: 'audit-1',
      signature: 'K15iS2L92PhMYL7t-YH7zffxEsY_BNvaNzH4nNlXCP5gG7hzPTK7kkVKi8AMywsVdq-XASIbrY6yQZcYelHQCw',
    });
    expect(verifyHead(head, publicKey)).toBe(true);
  });

  it.each([{ seq: 2 }, { hash: genesis(company_id) }, { signed_at: '2026-10-01T12:00:02Z' }, { kid: 'audit-2' }])('covers %o', (change) => {
    expect(verifyHead({ ...head, ...change }, publicKey)).toBe(false);
  });

  it('is done with an Ed25519 key only', () => {
    const { privateKey: other } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    expect(() => signHead(claim, other, 'audit-1')).toThrow('Ed25519');
  });
});

describe('Reading the public keys', () => {
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' });

  it('takes one key, or the Ed25519 keys of a set', () => {
    expect(readHeadKeys(rfc)).toHaveLength(1);
    expect(readHeadKeys({ keys: [ec, { ...rfc, kid: 'a' }, { ...rfc, kid: 'b' }] }).map(({ kid }) => kid)).toEqual(['a', 'b']);
  });

  it.each([
    ['a private key', { ...rfc, d: 'secret' }, 'private key'],
    ['a private key in a set', { keys: [rfc, { ...rfc, d: 'secret' }] }, 'private key'],
    ['a key of another type', ec, 'no Ed25519 public key'],
    ['an empty set', { keys: [] }, 'no Ed25519 public key'],
    ['a key cut short', { ...rfc, x: 'AAAA' }, 'cannot be read'],
  ])('refuses %s, saying why', (_, json, why) => {
    expect(() => readHeadKeys(json)).toThrow(why);
  });
});
