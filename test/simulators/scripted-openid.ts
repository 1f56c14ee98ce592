import { createHash, createHmac, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

interface Authorized {
  clientId: string;
  redirectUri: string;
  nonce: string;
  challenge: string;
}

/** What is told of somebody, and how it is wrong. */
export interface Script {
  claims?: Record<string, unknown>;
  /** Claims left out. */
  without?: string[];
  header?: Record<string, unknown>;
  /** Signs instead of the key that is published; `none`: nobody does; `secret`: the client's secret. */
  signedBy?: KeyObject | 'none' | 'secret';
  userInfo?: Record<string, unknown>;
  /** The authorization endpoint sends back this instead. */
  answer?: Record<string, string>;
  /** Taken over the metadata. */
  metadata?: Record<string, unknown>;
}

/** An OpenID provider that says what it is told to say, true or not. It checks what a good one checks: client, redirect, PKCE, one use. */
export class ScriptedOpenId {
  readonly clientId = 'watchword-client';
  readonly secret = 'secret-of-the-client-0123456789abcdef';
  script: Script = {};
  readonly tokenRequests: Record<string, string>[] = [];
  readonly asked: string[] = [];
  private readonly keys = generateKeyPairSync('rsa', { modulusLength: 2048 });
  private readonly codes = new Map<string, Authorized>();
  private readonly server = createServer((request, response) => void this.serve(request, response));

  static async start(): Promise<ScriptedOpenId> {
    const provider = new ScriptedOpenId();
    provider.server.listen(0, '127.0.0.1');
    await once(provider.server, 'listening');
    return provider;
  }

  get issuer(): string {
    return `http://127.0.0.1:${(this.server.address() as { port: number }).port}`;
  }

  get publicKey(): KeyObject {
    return this.keys.publicKey;
  }

  async stop() {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  private async serve(request: IncomingMessage, response: ServerResponse) {
    const url = new URL(request.url!, this.issuer);
    this.asked.push(url.pathname);
    const json = (body: object, status = 200) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    switch (url.pathname) {
      case '/.well-known/openid-configuration':
        return json(this.metadata());
      case '/jwks':
        return json({ keys: [{ ...this.keys.publicKey.export({ format: 'jwk' }), kid: 'key', use: 'sig', alg: 'RS256' }] });
      case '/authorize':
        return this.authorize(url, response);
      case '/token': {
        const parts: Buffer[] = [];
        for await (const chunk of request as AsyncIterable<Buffer>) parts.push(chunk);
        const form = Object.fromEntries(new URLSearchParams(Buffer.concat(parts).toString()));
        this.tokenRequests.push(form);
        const found = this.codes.get(form.code ?? '');
        this.codes.delete(form.code ?? '');
        // Each half is encoded as a form's (RFC 6749 §2.3.1).
        const shown = Buffer.from(request.headers.authorization?.replace(/^Basic /, '') ?? '', 'base64').toString();
        if (shown.split(':').map(decodeURIComponent).join(':') !== `${this.clientId}:${this.secret}`)
          return json({ error: 'invalid_client' }, 401);
        const challenge = createHash('sha256')
          .update(form.code_verifier ?? '')
          .digest('base64url');
        if (!found || found.redirectUri !== form.redirect_uri || found.challenge !== challenge)
          return json({ error: 'invalid_grant' }, 400);
        return json({ access_token: randomUUID(), token_type: 'Bearer', expires_in: 60, id_token: this.idToken(found.nonce) });
      }
      case '/userinfo':
        return json(this.script.userInfo ?? { sub: this.script.claims?.sub ?? 'ada-1' });
      default:
        return json({ error: 'not_found' }, 404);
    }
  }

  private metadata() {
    const at = this.issuer;
    return {
      issuer: at,
      authorization_endpoint: `${at}/authorize`,
      token_endpoint: `${at}/token`,
      jwks_uri: `${at}/jwks`,
      userinfo_endpoint: `${at}/userinfo`,
      response_types_supported: ['code'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256'],
      ...this.script.metadata,
    };
  }

  private authorize(url: URL, response: ServerResponse) {
    const asked = Object.fromEntries(url.searchParams);
    const code = randomUUID();
    if (
      asked.code_challenge_method !== 'S256' ||
      !asked.code_challenge ||
      !asked.nonce ||
      !asked.state ||
      asked.client_id !== this.clientId
    )
      return response.writeHead(400).end('This is no request of OpenID Connect');
    this.codes.set(code, {
      clientId: asked.client_id,
      redirectUri: asked.redirect_uri!,
      nonce: asked.nonce,
      challenge: asked.code_challenge,
    });
    const back = new URL(asked.redirect_uri!);
    for (const [name, value] of Object.entries(this.script.answer ?? { code, state: asked.state }))
      back.searchParams.set(name, value.replace('{state}', asked.state));
    return response.writeHead(302, { location: back.href }).end();
  }

  private idToken(nonce: string): string {
    const { claims = {}, without = [], header = {}, signedBy = this.keys.privateKey } = this.script;
    const now = Math.floor(Date.now() / 1000);
    const all = { iss: this.issuer, sub: 'ada-1', aud: this.clientId, iat: now, exp: now + 300, nonce, ...claims };
    const payload = Object.fromEntries(Object.entries(all).filter(([name]) => !without.includes(name)));
    const body = `${part({ alg: 'RS256', kid: 'key', ...header })}.${part(payload)}`;
    if (signedBy === 'none') return `${body}.`;
    if (signedBy === 'secret') return `${body}.${createHmac('sha256', this.secret).update(body).digest('base64url')}`;
    return `${body}.${sign('sha256', Buffer.from(body), signedBy).toString('base64url')}`;
  }
}
