import { generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto';
import { exportJWK, type JWK, SignJWT } from 'jose';

/** How a token may be wrong. */
export type Forgery =
  'none' | 'other_key' | 'other_audience' | 'other_issuer' | 'expired' | 'unknown_key_id' | 'hmac' | 'unsigned' | 'endless';

interface SigningKey {
  kid: string;
  privateKey: KeyObject;
  publicKey: KeyObject;
}

const newKey = (): SigningKey => ({ kid: randomUUID(), ...generateKeyPairSync('rsa', { modulusLength: 2048 }) });
const base64url = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Signs callbacks as the vendor does: RS256, a new token for each, good for five minutes, made out to one resource. */
export class CallSigner {
  readonly keys = [newKey()];
  private readonly stranger = newKey();

  constructor(
    private readonly issuer: () => string,
    readonly audience: string,
  ) {}

  async jwks(): Promise<{ keys: JWK[] }> {
    return {
      keys: await Promise.all(
        this.keys.map(async ({ kid, publicKey }) => ({ ...(await exportJWK(publicKey)), kid, use: 'sig', alg: 'RS256' })),
      ),
    };
  }

  /** The authorization header of one callback. */
  async authorization(forgery?: Forgery): Promise<string | undefined> {
    if (forgery === 'none') return undefined;
    const key = this.keys.at(-1)!;
    const claims = { jti: randomUUID() };
    const token = new SignJWT(claims)
      .setProtectedHeader({ alg: forgery === 'hmac' ? 'HS256' : 'RS256', kid: forgery === 'unknown_key_id' ? randomUUID() : key.kid })
      .setIssuer(forgery === 'other_issuer' ? 'https://issuer.example' : this.issuer())
      .setAudience(forgery === 'other_audience' ? randomUUID() : this.audience)
      .setIssuedAt();
    if (forgery === 'expired') token.setExpirationTime(new Date(Date.now() - 120_000));
    else if (forgery !== 'endless') token.setExpirationTime('5 minutes');
    const publicPem = new TextEncoder().encode(key.publicKey.export({ type: 'spki', format: 'pem' }).toString());
    const signed = await token.sign(forgery === 'hmac' ? publicPem : forgery === 'other_key' ? this.stranger.privateKey : key.privateKey);
    if (forgery !== 'unsigned') return `Bearer ${signed}`;
    const [, payload] = signed.split('.');
    return `Bearer ${base64url({ alg: 'none', kid: key.kid })}.${payload}.`;
  }
}
