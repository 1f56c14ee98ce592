import { createHmac } from 'node:crypto';
import {
  AssociateSoftwareTokenCommand,
  type ChallengeNameType,
  CognitoIdentityProviderClient,
  InitiateAuthCommand,
  type InitiateAuthCommandOutput,
  RespondToAuthChallengeCommand,
  VerifySoftwareTokenCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { Injectable } from '@nestjs/common';
import { createRemoteJWKSet, errors, type JWTPayload, jwtVerify } from 'jose';
import { config, log } from '@app/platform';
import type { OutsideIdentity } from '../outside/open-id.js';
import { IdentityError } from '../outside/outside.errors.js';

/** What it takes to speak with a user pool. */
export interface Pool {
  id: string;
  clientId: string;
  secret: string | null;
}

/** What a pool wants to know before it signs somebody in. `username`: as it wants to be told of them from now on. */
export interface PoolChallenge {
  name: string;
  session: string;
  username: string;
  parameters: Record<string, string>;
}
export type PoolAnswer = { identity: OutsideIdentity } | { challenge: PoolChallenge };

/** The pool said no, in its own word for it (`NotAuthorizedException`). What else it says is for nobody: it may hold what it was sent. */
export class PoolRefusal extends Error {
  constructor(readonly word: string) {
    super(word);
  }
}

/** Words about the person or the answer. All others are about the pool, its client, or the way to it. */
const REFUSALS = new Set([
  'NotAuthorizedException',
  'UserNotFoundException',
  'UserNotConfirmedException',
  'PasswordResetRequiredException',
  'UserLambdaValidationException',
  'InvalidPasswordException',
  'PasswordHistoryPolicyViolationException',
  'CodeMismatchException',
  'ExpiredCodeException',
  'EnableSoftwareTokenMFAException',
]);
/** A NotAuthorizedException, too, but nothing that the person could do better. */
const ABOUT_CLIENT = /secret/i;
const UNREADABLE_TOKENS = [
  errors.JWTClaimValidationFailed,
  errors.JWTExpired,
  errors.JWTInvalid,
  errors.JWSInvalid,
  errors.JWSSignatureVerificationFailed,
  errors.JWKSNoMatchingKey,
  errors.JOSEAlgNotAllowed,
];
const TIMEOUT_MS = 5_000;
const LEEWAY_SECONDS = 30;
const MOST = 500;

const regionOf = ({ id }: Pick<Pool, 'id'>) => id.slice(0, id.indexOf('_'));
const endpoint = () => config.PROVIDER_ENDPOINTS.cognito?.replace(/\/$/, '');

/** @see https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-verifying-a-jwt.html */
export function issuerOf(pool: Pick<Pool, 'id'>): string {
  const region = regionOf(pool);
  const host = endpoint() ?? `https://cognito-idp.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`;
  return `${host}/${pool.id}`;
}

/** Base64 of HMAC-SHA-256 over username and client id, with every request of a client that has a secret. */
const secretHash = ({ clientId, secret }: Pool, username: string) =>
  secret === null
    ? {}
    : {
        SECRET_HASH: createHmac('sha256', secret)
          .update(username + clientId)
          .digest('base64'),
      };

/**
 * Speaks with Cognito user pools as an app client does, without AWS credentials. Knows no company and no database.
 * @see https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_InitiateAuth.html
 */
@Injectable()
export class UserPools {
  private readonly clients = new Map<string, CognitoIdentityProviderClient>();
  private readonly keys = new Map<string, ReturnType<typeof createRemoteJWKSet>>();

  /** @throws PoolRefusal, identity.provider_unavailable */
  async signIn(pool: Pool, username: string, password: string): Promise<PoolAnswer> {
    const start = new InitiateAuthCommand({
      ClientId: pool.clientId,
      AuthFlow: 'USER_PASSWORD_AUTH',
      AuthParameters: { USERNAME: username, PASSWORD: password, ...secretHash(pool, username) },
    });
    return this.read(pool, username, await this.ask(pool, (client, options) => client.send(start, options)));
  }

  /** `responses` as the challenge names them, without username and hash. @throws PoolRefusal, identity.provider_unavailable */
  async answer(
    pool: Pool,
    { name, session, username }: Omit<PoolChallenge, 'parameters'>,
    responses: Record<string, string>,
  ): Promise<PoolAnswer> {
    const answer = new RespondToAuthChallengeCommand({
      ClientId: pool.clientId,
      ChallengeName: name as ChallengeNameType,
      Session: session,
      ChallengeResponses: { USERNAME: username, ...responses, ...secretHash(pool, username) },
    });
    return this.read(pool, username, await this.ask(pool, (client, options) => client.send(answer, options)));
  }

  /** The secret of a new authenticator, in the middle of a sign-in. @throws PoolRefusal, identity.provider_unavailable */
  async beginAuthenticator(pool: Pool, session: string): Promise<{ secret: string; session: string }> {
    const associate = new AssociateSoftwareTokenCommand({ Session: session });
    const { SecretCode, Session } = await this.ask(pool, (client, options) => client.send(associate, options));
    if (!SecretCode || !Session) throw this.unavailable(pool, 'unreadable_answer');
    return { secret: SecretCode, session: Session };
  }

  /** Its first code. @throws PoolRefusal, identity.provider_unavailable */
  async confirmAuthenticator(pool: Pool, session: string, code: string): Promise<{ session: string }> {
    const verify = new VerifySoftwareTokenCommand({ Session: session, UserCode: code });
    const { Status, Session } = await this.ask(pool, (client, options) => client.send(verify, options));
    if (Status !== 'SUCCESS') throw new PoolRefusal('CodeMismatchException');
    if (!Session) throw this.unavailable(pool, 'unreadable_answer');
    return { session: Session };
  }

  /** As a company sets it up: keys are there, and the client takes passwords. @throws identity.provider_refused, saying why */
  async tryOut(pool: Pool): Promise<void> {
    const refused = (detail: string) => IdentityError.providerRefused({ detail });
    const keys = await fetch(`${issuerOf(pool)}/.well-known/jwks.json`, {
      signal: AbortSignal.timeout(TIMEOUT_MS),
      redirect: 'error',
    }).catch(() => undefined);
    if (!keys) throw refused('The user pool cannot be reached just now.');
    if (!keys.ok) throw refused('There is no such user pool: its keys cannot be had.');
    const probe = { USERNAME: 'watchword-probe', PASSWORD: 'nobody-has-this-1!', ...secretHash(pool, 'watchword-probe') };
    const start = new InitiateAuthCommand({ ClientId: pool.clientId, AuthFlow: 'USER_PASSWORD_AUTH', AuthParameters: probe });
    await this.client(pool)
      .send(start, { abortSignal: AbortSignal.timeout(TIMEOUT_MS) })
      .catch(({ name, message }: Error) => {
        if (name === 'NotAuthorizedException' && ABOUT_CLIENT.test(message))
          throw refused('The client secret is not the one of this app client, or is missing.');
        if (REFUSALS.has(name)) return;
        if (name === 'ResourceNotFoundException') throw refused('There is no such app client.');
        if (name === 'InvalidParameterException')
          throw refused('The app client does not take passwords: give it ALLOW_USER_PASSWORD_AUTH.');
        throw refused(`The user pool does not answer as one (${name}).`);
      });
  }

  private async ask<T>(
    pool: Pool,
    send: (client: CognitoIdentityProviderClient, options: { abortSignal: AbortSignal }) => Promise<T>,
  ): Promise<T> {
    try {
      return await send(this.client(pool), { abortSignal: AbortSignal.timeout(config.ATTEMPT_SECONDS * 1000) });
    } catch (error) {
      const { name, message } = error as Error;
      if (REFUSALS.has(name) && !(name === 'NotAuthorizedException' && ABOUT_CLIENT.test(message))) throw new PoolRefusal(name);
      throw this.unavailable(pool, name);
    }
  }

  private client(pool: Pool): CognitoIdentityProviderClient {
    const region = regionOf(pool);
    const address = endpoint();
    const known = this.clients.get(region);
    if (known) return known;
    const made = new CognitoIdentityProviderClient({ region, maxAttempts: 1, ...(address && { endpoint: address }) });
    return remember(this.clients, region, made);
  }

  private unavailable(pool: Pool, reason: string) {
    log().warn({ reason, pool: pool.id }, 'a user pool could not be asked');
    return IdentityError.providerUnavailable({ retryAfter: 30 });
  }

  private async read(pool: Pool, username: string, answer: InitiateAuthCommandOutput): Promise<PoolAnswer> {
    const { AuthenticationResult: tokens, ChallengeName, Session, ChallengeParameters = {} } = answer;
    if (tokens?.IdToken && tokens.AccessToken) return { identity: await this.identity(pool, tokens.IdToken, tokens.AccessToken) };
    if (!ChallengeName || !Session) throw this.unavailable(pool, 'unreadable_answer');
    // From the second step on the pool knows them by its own name, and the hash must be over that.
    return {
      challenge: {
        name: ChallengeName,
        session: Session,
        username: ChallengeParameters.USER_ID_FOR_SRP ?? username,
        parameters: ChallengeParameters,
      },
    };
  }

  /** Signature, issuer, audience, use and times of both tokens, and that they are about one person. @throws PoolRefusal */
  private async identity(pool: Pool, idToken: string, accessToken: string): Promise<OutsideIdentity> {
    const issuer = issuerOf(pool);
    const [id, access] = await Promise.all([this.verify(pool, idToken, pool.clientId), this.verify(pool, accessToken)]);
    // An access token has no audience: its client stands in client_id.
    const holds = id.token_use === 'id' && access.token_use === 'access' && access.client_id === pool.clientId && id.sub === access.sub;
    if (!holds || !id.sub || id.sub.length > 255) throw new PoolRefusal('token_of_another');
    const name = text(id.name, 200) ?? ([text(id.given_name, 99), text(id.family_name, 99)].filter(Boolean).join(' ') || null);
    return {
      issuer,
      subject: id.sub,
      email: text(id.email, 254),
      emailVerified: String(id.email_verified) === 'true',
      name,
      acr: null,
      amr: [],
    };
  }

  private async verify(pool: Pool, token: string, audience?: string): Promise<JWTPayload> {
    const issuer = issuerOf(pool);
    const keys =
      this.keys.get(issuer) ??
      remember(this.keys, issuer, createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks.json`), { timeoutDuration: TIMEOUT_MS }));
    try {
      const required = { algorithms: ['RS256'], issuer, clockTolerance: LEEWAY_SECONDS, requiredClaims: ['sub', 'exp', 'iat'] };
      return (await jwtVerify(token, keys, { ...required, ...(audience !== undefined && { audience }) })).payload;
    } catch (error) {
      if (UNREADABLE_TOKENS.some((kind) => error instanceof kind)) throw new PoolRefusal((error as errors.JOSEError).code);
      throw this.unavailable(pool, 'keys_unavailable');
    }
  }
}

const text = (value: unknown, longest: number): string | null =>
  typeof value === 'string' && value !== '' && value.length <= longest ? value : null;

function remember<T>(where: Map<string, T>, key: string, value: T): T {
  if (where.size >= MOST) where.delete(where.keys().next().value!);
  where.set(key, value);
  return value;
}
