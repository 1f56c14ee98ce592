import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { attestationCertificate } from './attestation-certificate.js';
import { cbor } from './cbor.js';

export const ORIGIN = 'http://watchword.test';
const FLAGS = { up: 0x01, uv: 0x04, be: 0x08, bs: 0x10, at: 0x40 };
type Flag = 'up' | 'uv' | 'be' | 'bs';
export type Algorithm = 'ES256' | 'RS256' | 'EdDSA' | 'ES384';

/** What an authenticator, a browser or a page between them could get wrong. */
export interface Wrong {
  origin?: string;
  rpId?: string;
  type?: string;
  challenge?: string;
  /** Anything but a boolean, too: browsers do not write that, and whoever makes an answer up may. */
  crossOrigin?: unknown;
  flags?: Partial<Record<Flag, boolean>>;
  counter?: number;
  id?: string;
  userHandle?: string | null;
  /** Signed by another key than the one that was registered. */
  key?: KeyObject;
  /** Changed after it was signed. */
  authenticatorData?: (bytes: Buffer) => void;
  signature?: (bytes: Buffer) => void;
  attestation?: 'none' | 'packed-self' | 'packed-x5c' | 'none-with-statement' | 'made-up';
}

const sha256 = (data: string | Buffer) => createHash('sha256').update(data).digest();
const jwk = (key: KeyObject) => key.export({ format: 'jwk' }) as Record<string, string>;
const bytes = (text: string | undefined) => Buffer.from(text!, 'base64url');

const KEYS: Record<Algorithm, { cose: number; hash: string | null; pair: () => { publicKey: KeyObject; privateKey: KeyObject } }> = {
  ES256: { cose: -7, hash: 'sha256', pair: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }) },
  ES384: { cose: -35, hash: 'sha384', pair: () => generateKeyPairSync('ec', { namedCurve: 'P-384' }) },
  RS256: { cose: -257, hash: 'sha256', pair: () => generateKeyPairSync('rsa', { modulusLength: 2048 }) },
  EdDSA: { cose: -8, hash: null, pair: () => generateKeyPairSync('ed25519') },
};

function coseKey(algorithm: Algorithm, key: KeyObject): Buffer {
  const { x, y, n, e } = jwk(key);
  const { cose } = KEYS[algorithm];
  const entries: [number, number | Buffer][] =
    algorithm === 'RS256'
      ? [[1, 3], [3, cose], [-1, bytes(n)], [-2, bytes(e)]] // prettier-ignore
      : algorithm === 'EdDSA'
        ? [[1, 1], [3, cose], [-1, 6], [-2, bytes(x)]] // prettier-ignore
        : [[1, 2], [3, cose], [-1, algorithm === 'ES256' ? 1 : 2], [-2, bytes(x)], [-3, bytes(y)]]; // prettier-ignore
  return cbor(new Map(entries));
}

/** One passkey, and the browser it is used in: as both are written down in WebAuthn §6 and §5.8.1, and not with the product's library. */
export class Authenticator {
  readonly id = randomBytes(32);
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  userHandle = '';
  rpId = '';
  /** Grows with each use; one that stands at zero never does. */
  counter: number;

  constructor(
    readonly algorithm: Algorithm = 'ES256',
    readonly kind: { synced?: boolean; counts?: boolean; transports?: string[] } = {},
  ) {
    ({ privateKey: this.privateKey, publicKey: this.publicKey } = KEYS[algorithm].pair());
    this.counter = kind.counts ? 1 : 0;
  }

  /** `navigator.credentials.create()`. */
  create({ challenge, rp, user }: any, wrong: Wrong = {}) {
    this.userHandle = user.id;
    this.rpId = rp.id;
    const client = this.client('webauthn.create', challenge, wrong);
    const id = wrong.id === undefined ? this.id : bytes(wrong.id);
    const length = Buffer.from([id.length >> 8, id.length & 0xff]);
    const credential = Buffer.concat([Buffer.alloc(16), length, id, coseKey(this.algorithm, this.publicKey)]);
    const data = Buffer.concat([this.data(wrong, FLAGS.at), credential]);
    wrong.authenticatorData?.(data);
    const attestation = cbor(new Map<string, any>([['fmt', format(wrong)], ['attStmt', this.statement(data, client, wrong)], ['authData', data]])); // prettier-ignore
    return {
      ...this.named(wrong),
      response: {
        clientDataJSON: client.toString('base64url'),
        attestationObject: attestation.toString('base64url'),
        transports: this.kind.transports ?? ['internal', 'hybrid'],
      },
    };
  }

  /** `navigator.credentials.get()`. */
  get({ challenge }: any, wrong: Wrong = {}) {
    if (this.kind.counts && wrong.counter === undefined) this.counter++;
    const client = this.client('webauthn.get', challenge, wrong);
    const data = this.data(wrong);
    const signature = this.signed(data, client, wrong.key);
    wrong.authenticatorData?.(data);
    wrong.signature?.(signature);
    const userHandle = wrong.userHandle === undefined ? this.userHandle : wrong.userHandle;
    return {
      ...this.named(wrong),
      response: {
        clientDataJSON: client.toString('base64url'),
        authenticatorData: data.toString('base64url'),
        signature: signature.toString('base64url'),
        ...(userHandle !== null && { userHandle }),
      },
    };
  }

  private named({ id = this.id.toString('base64url') }: Wrong) {
    return { id, rawId: id, type: 'public-key' as const, clientExtensionResults: {} };
  }

  private client(type: string, challenge: string, wrong: Wrong): Buffer {
    const { origin = ORIGIN, crossOrigin = false } = wrong;
    return Buffer.from(JSON.stringify({ type: wrong.type ?? type, challenge: wrong.challenge ?? challenge, origin, crossOrigin }));
  }

  private data({ rpId = this.rpId, flags = {}, counter = this.counter }: Wrong, more = 0): Buffer {
    const { synced = true } = this.kind;
    const set = { up: true, uv: true, be: synced, bs: synced, ...flags };
    const bits = (Object.keys(set) as Flag[]).reduce((all, flag) => (set[flag] ? all | FLAGS[flag] : all), more);
    const count = Buffer.alloc(4);
    count.writeUInt32BE(counter);
    return Buffer.concat([sha256(rpId), Buffer.from([bits]), count]);
  }

  private signed(data: Buffer, client: Buffer, key = this.privateKey): Buffer {
    return sign(KEYS[this.algorithm].hash, Buffer.concat([data, sha256(client)]), key);
  }

  private statement(data: Buffer, client: Buffer, { attestation = 'none', key }: Wrong): Map<string, any> {
    if (attestation === 'none') return new Map();
    if (attestation === 'none-with-statement') return new Map([['sig', randomBytes(8)]]);
    const statement = new Map<string, any>([['alg', KEYS[this.algorithm].cose], ['sig', this.signed(data, client, key)]]); // prettier-ignore
    if (attestation === 'packed-x5c') {
      const maker = KEYS.ES256.pair();
      statement.set('sig', this.signed(data, client, maker.privateKey));
      statement.set('x5c', [attestationCertificate(maker.publicKey, maker.privateKey)]);
    }
    return statement;
  }
}

const format = ({ attestation = 'none' }: Wrong) =>
  attestation.startsWith('packed') ? 'packed' : attestation === 'made-up' ? 'tpm' : 'none';
