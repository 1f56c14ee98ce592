import { Injectable } from '@nestjs/common';
import * as openid from 'openid-client';
import { config, log, mac } from '@app/platform';
import { IdentityError } from './outside.errors.js';
import { publicFetch } from './public-fetch.js';

/** What it takes to speak with a provider. */
export interface Client {
  issuer: string;
  clientId: string;
  secret: string | null;
}

/** Somebody, as their provider has vouched for them. */
export interface OutsideIdentity {
  issuer: string;
  subject: string;
  email: string | null;
  emailVerified: boolean;
  name: string | null;
  acr: string | null;
  amr: string[];
}

const TIMEOUT_SECONDS = 5;
const REMEMBERED_MS = 10 * 60_000;
const MOST = 500;

/** Speaks OpenID Connect: discovery, the address to send people to, and what comes back with them. Knows no company and no database. */
@Injectable()
export class OpenId {
  private readonly known = new Map<string, { configuration: openid.Configuration; until: number }>();

  /** The provider's metadata, asked for again every ten minutes. @throws identity.provider_unavailable */
  async configuration(client: Client): Promise<openid.Configuration> {
    const known = this.known.get(keyOf(client));
    if (known && known.until > Date.now()) return known.configuration;
    return this.discover(client).catch((error: unknown) => {
      log().warn({ reason: reasonOf(error) }, 'an identity provider could not be reached');
      throw IdentityError.providerUnavailable({ retryAfter: 30 });
    });
  }

  /** As a company sets it up. @throws identity.provider_refused, saying why */
  async tryOut(client: Client): Promise<void> {
    if (client.issuer.startsWith('http:') && !config.PRIVATE_DESTINATIONS)
      throw IdentityError.providerRefused({ detail: 'The issuer must be an https address.' });
    await this.discover(client).catch((error: unknown) => {
      const reason = reasonOf(error);
      const sentence = SENTENCES[reason]?.(client.issuer, error as { found?: string });
      throw IdentityError.providerRefused({ detail: sentence ?? `The metadata of this issuer cannot be used (${reason}).` });
    });
  }

  /** What comes back with somebody: state, nonce, signature, issuer, audience and times are checked. @throws Error of openid-client's, whose words are for nobody */
  async redeem(client: Client, came: URL, sent: { state: string; nonce: string; verifier: string }): Promise<OutsideIdentity> {
    const configuration = await this.configuration(client);
    const tokens = await openid.authorizationCodeGrant(configuration, came, {
      expectedState: sent.state,
      expectedNonce: sent.nonce,
      pkceCodeVerifier: sent.verifier,
      idTokenExpected: true,
    });
    const claims = tokens.claims()!;
    // Exactly: openid-client reads Entra's issuers as patterns, and one of a single organization must not admit others.
    if (claims.iss !== client.issuer) throw fault('another_issuer');
    if (claims.azp !== undefined && claims.azp !== client.clientId) throw fault('issued_to_another');
    if (claims.sub.length > 255) throw fault('subject_too_long');
    // The e-mail and whether it was verified from one place: one of them says nothing of the other's.
    const told = { ...claims, ...(await this.userInfo(configuration, tokens, claims)) };
    return {
      issuer: claims.iss,
      subject: claims.sub,
      email: text(told.email, 254),
      // Some write it as a word.
      emailVerified: String(told.email_verified) === 'true',
      name: text(told.name, 200),
      acr: text(claims.acr, 200),
      amr: Array.isArray(claims.amr) ? claims.amr.filter((one) => typeof one === 'string').slice(0, 20) : [],
    };
  }

  /** Where the ID token has no e-mail, the provider is asked; its answer must be about the same subject. */
  private async userInfo(
    configuration: openid.Configuration,
    { access_token }: openid.TokenEndpointResponse,
    claims: openid.IDToken,
  ): Promise<Partial<openid.UserInfoResponse>> {
    if (claims.email !== undefined || !configuration.serverMetadata().userinfo_endpoint) return {};
    const { email, email_verified, name } = await openid.fetchUserInfo(configuration, access_token, claims.sub);
    return { email, email_verified, name: name ?? claims.name } as Partial<openid.UserInfoResponse>;
  }

  /** Asks, and remembers what it was told. */
  private async discover(client: Client): Promise<openid.Configuration> {
    const { issuer, clientId, secret } = client;
    const configuration = await openid.discovery(new URL(issuer), clientId, {}, secret === null ? openid.None() : authentication(secret), {
      timeout: TIMEOUT_SECONDS,
      [openid.customFetch]: publicFetch(config.PRIVATE_DESTINATIONS),
      // The signature of an ID token is checked although it came over TLS from whom it is from.
      execute: [openid.enableNonRepudiationChecks, ...(config.PRIVATE_DESTINATIONS ? [openid.allowInsecureRequests] : [])],
    });
    const metadata = configuration.serverMetadata();
    if (metadata.issuer !== issuer) throw Object.assign(fault('issuer_differs'), { found: metadata.issuer });
    for (const name of ['authorization_endpoint', 'token_endpoint', 'jwks_uri'] as const) {
      const address = metadata[name];
      if (!address || !URL.canParse(address)) throw fault(`no_${name}`);
      if (!address.startsWith('https://') && !config.PRIVATE_DESTINATIONS) throw fault(`insecure_${name}`);
    }
    this.known.delete(keyOf(client));
    if (this.known.size >= MOST) this.known.delete(this.known.keys().next().value!);
    this.known.set(keyOf(client), { configuration, until: Date.now() + REMEMBERED_MS });
    return configuration;
  }
}

/** The secret is part of it, and not to be read from it. */
const keyOf = ({ issuer, clientId, secret }: Client) =>
  mac('identity-provider', JSON.stringify([issuer, clientId, secret])).toString('base64');

/** For what people trip over when they set a provider up. */
const SENTENCES: Record<string, ((issuer: string, error: { found?: string }) => string) | undefined> = {
  issuer_differs: (_, { found }) =>
    `The metadata says another issuer${found && /^https?:\/\/[\x21-\x7e]{1,300}$/.test(found) ? `: ${found}` : ''}. Write it exactly so, to the last slash.`,
  OAUTH_RESPONSE_IS_NOT_CONFORM: (issuer) =>
    `There is no OpenID metadata at ${issuer.replace(/\/$/, '')}/.well-known/openid-configuration, or it is not what that should be.`,
  ECONNREFUSED: () => 'Nobody answers at the address of this issuer.',
  unknown_host: () => 'The host of this issuer cannot be found.',
};

const fault = (code: string) => Object.assign(new Error(code), { code });

/** By whichever way the provider says that it takes; it must take the first one if it says nothing (OpenID Connect Discovery §3). */
const authentication = (secret: string): openid.ClientAuth => {
  const [basic, post] = [openid.ClientSecretBasic(secret), openid.ClientSecretPost(secret)];
  return (server, ...rest) => {
    const ways = server.token_endpoint_auth_methods_supported;
    return (!ways || ways.includes('client_secret_basic') ? basic : post)(server, ...rest);
  };
};

const text = (value: unknown, most: number): string | null =>
  typeof value === 'string' && value.length > 0 && value.length <= most ? value : null;

/** A word of the library's or of the system's: never one of the provider's, which may be anything. */
export function reasonOf(error: unknown): string {
  for (let at = error; at instanceof Error; at = at.cause) {
    const { code, reason } = at as { code?: unknown; reason?: unknown };
    if (typeof reason === 'string' && /^\w{1,60}$/.test(reason)) return reason;
    if (typeof code === 'string' && /^\w{1,60}$/.test(code) && !(at.cause instanceof Error)) return code;
  }
  return 'unreachable';
}
