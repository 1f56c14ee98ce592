import { createHmac, generateKeyPairSync, type KeyObject, randomBytes, randomUUID, sign } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

export interface PoolUser {
  password: string;
  sub: string;
  email: string;
  emailVerified?: boolean;
  /** Asked for one after the other; each is passed by `answer`. */
  challenges?: string[];
  /** The code, or the choice, that passes a challenge. */
  code?: string;
  disabled?: boolean;
  /** Says this instead of looking at the password. */
  refusal?: string;
}

/** How tokens are wrong. */
export interface TokenScript {
  id?: Record<string, unknown>;
  access?: Record<string, unknown>;
  header?: Record<string, unknown>;
  /** Signs instead of the key that is published; `none`: nobody does. */
  signedBy?: KeyObject | 'none';
}

interface PoolSession {
  email: string;
  left: string[];
}

class Refused extends Error {
  constructor(
    readonly type: string,
    message = 'no',
    readonly status = 400,
  ) {
    super(message);
  }
}

/**
 * A Cognito user pool with one app client that has a secret: checks the hash over it in every request as AWS does, hands out sessions that are
 * good for one right answer, and knows its people by `sub` from the second step on.
 */
export class CognitoPool {
  readonly userPoolId = `eu-west-1_${randomBytes(5).toString('hex')}`;
  readonly clientId = randomBytes(13).toString('hex');
  readonly secret = randomBytes(26).toString('hex');
  /** Another client, which has none. */
  readonly publicClientId = randomBytes(13).toString('hex');
  readonly users: Record<string, PoolUser> = {};
  tokens: TokenScript = {};
  /** A session is good for more than one right answer: what a pool must not do. */
  reusesSessions = false;
  /** Instead of an answer. */
  trouble: 'error' | 'throttle' | 'reset' | undefined;
  /** What an answer waits for. */
  held: Promise<unknown> | undefined;
  /** Operation and body of each request. */
  readonly asked: { operation: string; body: any }[] = [];
  readonly violations: string[] = [];
  private readonly sessions = new Map<string, PoolSession>();
  private readonly keys = generateKeyPairSync('rsa', { modulusLength: 2048 });
  private readonly kid = randomUUID();
  private readonly server = createServer((request, response) => void this.serve(request, response));

  static async start(): Promise<CognitoPool> {
    const pool = new CognitoPool();
    pool.server.listen(0, '127.0.0.1');
    await once(pool.server, 'listening');
    return pool;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as { port: number }).port}`;
  }

  get issuer(): string {
    return `${this.url}/${this.userPoolId}`;
  }

  get publicKey(): KeyObject {
    return this.keys.publicKey;
  }

  async stop() {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  hashOf = (username: string) =>
    createHmac('sha256', this.secret)
      .update(username + this.clientId)
      .digest('base64');

  private async serve(request: IncomingMessage, response: ServerResponse) {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    if (request.method === 'GET') {
      const isThere = request.url === `/${this.userPoolId}/.well-known/jwks.json`;
      const key = { ...this.keys.publicKey.export({ format: 'jwk' }), kid: this.kid, alg: 'RS256', use: 'sig' };
      return this.send(response, isThere ? 200 : 404, isThere ? { keys: [key] } : { message: 'no such pool' });
    }
    if (this.trouble === 'reset') return request.socket.destroy();
    if (this.trouble === 'error') return this.send(response, 500, { __type: 'InternalErrorException' });
    if (this.trouble === 'throttle') return this.send(response, 400, { __type: 'TooManyRequestsException', message: 'slow down' });
    const operation = String(request.headers['x-amz-target']).replace('AWSCognitoIdentityProviderService.', '');
    const body = JSON.parse(Buffer.concat(chunks).toString());
    this.asked.push({ operation, body });
    if (request.headers.authorization) this.violations.push(`${operation} carries credentials`);
    if (request.headers['content-type'] !== 'application/x-amz-json-1.1')
      this.violations.push(`${operation} is ${request.headers['content-type']}`);
    await this.held;
    try {
      this.send(response, 200, this.answer(operation, body));
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.send(response, error.status, { __type: error.type, message: error.message });
    }
  }

  private send(response: ServerResponse, status: number, body: object) {
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(body));
  }

  private answer(operation: string, body: any): object {
    switch (operation) {
      case 'InitiateAuth':
        return this.begin(body);
      case 'RespondToAuthChallenge':
        return this.respond(body);
      case 'AssociateSoftwareToken':
        return { SecretCode: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP', Session: this.renewed(body.Session) };
      case 'VerifySoftwareToken': {
        const { email } = this.session(body.Session);
        if (body.UserCode !== this.users[email]!.code) throw new Refused('EnableSoftwareTokenMFAException', 'Code mismatch');
        return { Status: 'SUCCESS', Session: this.renewed(body.Session) };
      }
      default:
        throw new Refused('UnknownOperationException');
    }
  }

  private begin({ ClientId, AuthFlow, AuthParameters: { USERNAME, PASSWORD, SECRET_HASH } }: any) {
    this.checkClient(ClientId, USERNAME, SECRET_HASH);
    if (AuthFlow !== 'USER_PASSWORD_AUTH') throw new Refused('InvalidParameterException');
    const user = this.users[USERNAME];
    if (!user) throw new Refused('UserNotFoundException', 'User does not exist.');
    if (user.refusal) throw new Refused(user.refusal);
    if (user.password !== PASSWORD) throw new Refused('NotAuthorizedException', 'Incorrect username or password.');
    if (user.disabled) throw new Refused('NotAuthorizedException', 'User is disabled.');
    return this.next({ email: USERNAME, left: [...(user.challenges ?? [])] });
  }

  private respond({ ClientId, ChallengeName, Session, ChallengeResponses }: any) {
    const session = this.session(Session);
    const user = this.users[session.email]!;
    if (ChallengeResponses.USERNAME !== user.sub) throw new Refused('NotAuthorizedException', 'Invalid session for the user.');
    this.checkClient(ClientId, user.sub, ChallengeResponses.SECRET_HASH);
    if (session.left[0] !== ChallengeName) throw new Refused('InvalidParameterException', 'Another challenge is due.');
    if (ChallengeName === 'NEW_PASSWORD_REQUIRED') {
      if (!/[A-Z]/.test(ChallengeResponses.NEW_PASSWORD))
        throw new Refused('InvalidPasswordException', 'Password must have uppercase characters');
      if (!ChallengeResponses['userAttributes.given_name']) throw new Refused('InvalidParameterException', 'given_name is missing');
      user.password = ChallengeResponses.NEW_PASSWORD;
    } else if (ChallengeName === 'SELECT_MFA_TYPE') session.left.splice(1, 0, ChallengeResponses.ANSWER);
    else if (ChallengeName !== 'MFA_SETUP' && ChallengeResponses[`${ChallengeName}_CODE`] !== user.code)
      throw new Refused('CodeMismatchException', 'Invalid code received for user');
    if (!this.reusesSessions) this.sessions.delete(Session);
    return this.next({ email: session.email, left: session.left.slice(1) });
  }

  private checkClient(clientId: string, username: string, hash: string | undefined) {
    if (clientId === this.publicClientId && hash === undefined) return;
    if (clientId !== this.clientId) throw new Refused('ResourceNotFoundException', 'User pool client does not exist.');
    if (hash === undefined)
      throw new Refused('NotAuthorizedException', `Client ${clientId} is configured with secret but SECRET_HASH was not received`);
    if (hash !== this.hashOf(username)) throw new Refused('NotAuthorizedException', `Unable to verify secret hash for client ${clientId}`);
  }

  private next(session: PoolSession) {
    const user = this.users[session.email]!;
    const [name] = session.left;
    if (name === undefined) return { ChallengeParameters: {}, AuthenticationResult: this.tokensOf(user) };
    const id = `session-${randomBytes(40).toString('hex')}`;
    this.sessions.set(id, session);
    const parameters: Record<string, string> = { USER_ID_FOR_SRP: user.sub };
    if (name === 'SMS_MFA') Object.assign(parameters, { CODE_DELIVERY_DELIVERY_MEDIUM: 'SMS', CODE_DELIVERY_DESTINATION: '+*******5678' });
    if (name === 'EMAIL_OTP') Object.assign(parameters, { CODE_DELIVERY_DELIVERY_MEDIUM: 'EMAIL', CODE_DELIVERY_DESTINATION: 'a***@e***' });
    if (name === 'NEW_PASSWORD_REQUIRED')
      Object.assign(parameters, { requiredAttributes: '["userAttributes.given_name"]', userAttributes: '{}' });
    if (name === 'SELECT_MFA_TYPE') parameters.MFAS_CAN_CHOOSE = '["SMS_MFA","SOFTWARE_TOKEN_MFA"]';
    if (name === 'MFA_SETUP') parameters.MFAS_CAN_SETUP = '["SOFTWARE_TOKEN_MFA"]';
    return { ChallengeName: name, Session: id, ChallengeParameters: parameters };
  }

  private session(id: string): PoolSession {
    const session = this.sessions.get(id);
    if (!session) throw new Refused('NotAuthorizedException', 'Invalid session for the user, session is expired.');
    return session;
  }

  private renewed(id: string): string {
    const session = this.session(id);
    this.sessions.delete(id);
    const next = `session-${randomBytes(40).toString('hex')}`;
    this.sessions.set(next, session);
    return next;
  }

  private tokensOf({ sub, email, emailVerified = true }: PoolUser) {
    const now = Math.floor(Date.now() / 1000);
    const common = { sub, iss: this.issuer, iat: now, auth_time: now, exp: now + 3600, jti: randomUUID() };
    const id = {
      ...common,
      aud: this.clientId,
      token_use: 'id',
      email,
      email_verified: emailVerified,
      given_name: 'Ada',
      ...this.tokens.id,
    };
    const access = {
      ...common,
      client_id: this.clientId,
      token_use: 'access',
      scope: 'aws.cognito.signin.user.admin',
      ...this.tokens.access,
    };
    return { IdToken: this.signed(id), AccessToken: this.signed(access), RefreshToken: 'opaque', ExpiresIn: 3600, TokenType: 'Bearer' };
  }

  private signed(claims: object): string {
    const { signedBy = this.keys.privateKey, header } = this.tokens;
    const unsigned = `${part({ alg: signedBy === 'none' ? 'none' : 'RS256', kid: this.kid, ...header })}.${part(claims)}`;
    return `${unsigned}.${signedBy === 'none' ? '' : sign('sha256', Buffer.from(unsigned), signedBy).toString('base64url')}`;
  }
}
