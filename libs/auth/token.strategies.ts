import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { Strategy, type StrategyOptionsWithRequest } from 'passport-jwt';
import { config, HotStatements, type PendingCaller, type Role, SigningKeys, signTenant, type UserCaller } from '@app/platform';
import { demandsFactor, demandsPhishingResistant } from '@app/tenants';
import { CHECK_SESSION } from './session.entity.js';
import { CHECK_ENROLMENT } from './sign-in.entity.js';
import { ACCESS, type AccessClaims, AUDIENCE, PENDING, type PendingClaims } from './tokens.js';

/** The guard has read the token from where this route takes it; nothing else is looked at. */
type Carrier = { presentedToken?: string };

/** passport-jwt's seam for the check of the signature: `JwtStrategy.JwtVerifier(token, key, options, callback)`. */
type Verifier = (token: string, key: unknown, options: object, callback: (error: Error | null, claims?: { exp: number }) => void) => void;
const seam = Strategy as unknown as { JwtVerifier: Verifier };
const checkSignature = seam.JwtVerifier;

const REMEMBERED = 20_000;
const verified = new Map<string, { exp: number }>();

/**
 * The signature of the same bytes need not be checked again at each request: of all that a request costs it would be half. Its key is looked
 * up, its type and its expiry are looked at, every time; and what the token is worth is asked of the database.
 */
seam.JwtVerifier = (token, key, options, callback) => {
  const known = verified.get(token);
  if (key && known && known.exp > Date.now() / 1000) return callback(null, known);
  verified.delete(token);
  checkSignature(token, key, options, (error, claims) => {
    if (!error && claims) {
      if (verified.size >= REMEMBERED) verified.delete(verified.keys().next().value!);
      verified.set(token, Object.freeze(claims));
    }
    callback(error, claims);
  });
};

/** One algorithm, our own keys by id, issuer and audience exact, and the type of token this strategy is for. */
function rules(keys: SigningKeys, typ: string): StrategyOptionsWithRequest {
  return {
    jwtFromRequest: (request) => (request as unknown as Carrier).presentedToken ?? null,
    algorithms: ['ES256'],
    issuer: config.PUBLIC_URL,
    audience: AUDIENCE,
    passReqToCallback: true,
    secretOrKeyProvider: (_request, token: string, done) => {
      const header = headerOf(token);
      if (header?.typ !== typ || header.alg !== 'ES256' || typeof header.kid !== 'string') return done(null, undefined);
      keys.find('access', header.kid).then(
        (key) => done(null, key?.publicKey as unknown as string),
        (error: unknown) => done(error),
      );
    },
  };
}

function headerOf(token: string): { typ?: unknown; alg?: unknown; kid?: unknown } | undefined {
  try {
    return JSON.parse(Buffer.from(token.split('.')[0]!, 'base64url').toString());
  } catch {
    return undefined;
  }
}

/** As every answer writes a time. */
const utc = (time: string) => new Date(time).toISOString();

/** An access token is worth what its session is worth now: read at every request, in one round trip, cached nowhere. */
@Injectable()
export class AccessStrategy extends PassportStrategy(Strategy, 'access') {
  constructor(
    keys: SigningKeys,
    private readonly statements: HotStatements,
  ) {
    super(rules(keys, ACCESS));
  }

  async validate(_request: unknown, { sub, sid, company_id }: AccessClaims): Promise<UserCaller | false> {
    const { checked: row } = await this.statements.one(CHECK_SESSION, [signTenant(company_id), sid, sub]);
    if (!row) return false;
    const { amr, acr, auth_time, policy, created_at, last_login, ...profile } = row;
    return {
      kind: 'user',
      id: sub,
      tenantId: company_id,
      sessionId: sid,
      role: row.role as Role,
      email: row.email,
      companyName: row.company_name,
      locale: row.locale,
      policy,
      amr,
      acr,
      authTime: new Date(auth_time),
      mfaDemanded: demandsFactor(policy, row.role),
      passkeyDemanded: demandsPhishingResistant(policy, row.role),
      profile: { id: sub, company_id, ...profile, created_at: utc(created_at), last_login: last_login && utc(last_login) },
    };
  }
}

@Injectable()
export class PendingStrategy extends PassportStrategy(Strategy, 'pending') {
  constructor(
    keys: SigningKeys,
    private readonly statements: HotStatements,
  ) {
    super(rules(keys, PENDING));
  }

  /** A `verify` and an `outside` are looked at, and counted, where their answer is; an `enroll` must still be needed. */
  async validate(_request: unknown, { sub, jti, company_id, purpose, amr }: PendingClaims): Promise<PendingCaller | false> {
    // Tokens of before there were others than passwords say nothing.
    const firstAmr = amr ?? ['pwd'];
    const caller = {
      kind: 'pending' as const,
      id: sub,
      tenantId: company_id,
      signInId: jti,
      purpose,
      firstAmr,
      email: '',
      companyName: '',
      locale: null,
    };
    if (purpose === 'verify' || purpose === 'outside') return caller;
    const [row] = await this.statements.run(CHECK_ENROLMENT, [signTenant(company_id), jti, sub]);
    return row ? { ...caller, email: row.email, companyName: row.company_name, locale: row.locale } : false;
  }
}
