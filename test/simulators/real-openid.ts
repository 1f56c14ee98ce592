import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { Provider } from 'oidc-provider';

interface Person {
  email?: string;
  email_verified?: boolean;
  name?: string;
}

/** The certified provider of npm, whole: its people sign in and agree as soon as they are asked. */
export class RealOpenId {
  readonly clientId = 'watchword-client';
  readonly secret = randomBytes(24).toString('hex');
  readonly people: Record<string, Person> = {};
  /** Who sits before the browser. */
  signingIn = '';
  private readonly key = {
    ...generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' }),
    use: 'sig',
    alg: 'RS256',
  };
  private provider!: Provider;
  private readonly server = createServer((request, response) => {
    if (!request.url!.startsWith('/interaction/')) return void this.provider.callback()(request, response);
    const grant = new this.provider.Grant({ accountId: this.signingIn, clientId: this.clientId });
    grant.addOIDCScope('openid email profile');
    return void grant.save().then((grantId) =>
      this.provider.interactionFinished(request, response, {
        login: { accountId: this.signingIn },
        consent: { grantId },
      }),
    );
  });

  static async start(): Promise<RealOpenId> {
    const real = new RealOpenId();
    real.server.listen(0, '127.0.0.1');
    await once(real.server, 'listening');
    real.knows([]);
    return real;
  }

  get issuer(): string {
    return `http://127.0.0.1:${(this.server.address() as { port: number }).port}`;
  }

  /** The client's addresses, as an administrator registers them there. */
  knows(redirectUris: string[]): void {
    this.provider = new Provider(this.issuer, {
      clients: redirectUris.length > 0 ? [{ client_id: this.clientId, client_secret: this.secret, redirect_uris: redirectUris }] : [],
      jwks: { keys: [this.key] },
      cookies: { keys: ['a key of a test'] },
      claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
      pkce: { required: () => true },
      features: { devInteractions: { enabled: false } },
      interactions: { url: (_, { uid }) => `/interaction/${uid}` },
      findAccount: (_, accountId) => ({ accountId, claims: async () => ({ sub: accountId, ...this.people[accountId] }) }),
    });
  }

  async stop() {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }
}
