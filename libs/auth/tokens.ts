import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { parse, stringify } from 'uuid';
import { config, mac, type PendingPurpose, sameBytes, SigningKeys } from '@app/platform';

/** Explicit types (RFC 8725 §3.11): neither kind of token is ever taken for the other. */
export const ACCESS = 'at+jwt';
export const PENDING = 'mfa+jwt';
export const AUDIENCE = 'watchword';

export interface AccessSubject {
  tenantId: string;
  userId: string;
  sessionId: string;
  role: string;
  email: string;
  amr: string[];
  acr: string;
  authTime: Date;
}

export interface AccessClaims {
  sub: string;
  sid: string;
  company_id: string;
}

export interface PendingClaims {
  sub: string;
  jti: string;
  company_id: string;
  purpose: PendingPurpose;
  /** What the first step was. */
  amr?: string[];
}

const SECRET_BYTES = 32;
const BODY_BYTES = 16 + 16 + SECRET_BYTES;
const MAC_BYTES = 16;

const refreshMac = (body: Buffer) => mac('refresh-token', body).subarray(0, MAC_BYTES);
const write = (body: Buffer) => Buffer.concat([body, refreshMac(body)]).toString('base64url');
const digest = (body: Buffer) => createHash('sha256').update(body).digest();

export interface RefreshToken {
  text: string;
  /** SHA-256 of the secret part: what the database keeps. */
  hash: Buffer;
}

export interface PresentedRefreshToken {
  tenantId: string;
  sessionId: string;
  hash: Buffer;
  /** The only token that may follow. Derived from this one, so that two callers at once are given the same. */
  successor: RefreshToken;
}

/** Makes and reads the tokens of this product. Refresh tokens are opaque to clients: company, session, 256 secret bits, a MAC. */
@Injectable()
export class Tokens {
  constructor(
    private readonly jwt: JwtService,
    private readonly keys: SigningKeys,
  ) {}

  /** RFC 9068. `exp` in config.ACCESS_TOKEN_SECONDS. */
  access({ tenantId, userId, sessionId, role, email, amr, acr, authTime }: AccessSubject): string {
    const claims = {
      jti: randomUUID(),
      sid: sessionId,
      company_id: tenantId,
      role,
      email,
      amr,
      acr,
      auth_time: Math.floor(authTime.getTime() / 1000),
    };
    return this.sign(claims, ACCESS, userId, config.ACCESS_TOKEN_SECONDS);
  }

  pending({
    tenantId,
    userId,
    signInId,
    purpose,
    firstAmr,
  }: {
    tenantId: string;
    userId: string;
    signInId: string;
    purpose: PendingPurpose;
    firstAmr: string[];
  }): string {
    return this.sign({ jti: signInId, company_id: tenantId, purpose, amr: firstAmr }, PENDING, userId, config.PENDING_SECONDS);
  }

  private sign(claims: object, typ: string, subject: string, expiresIn: number): string {
    const { kid, privateKey } = this.keys.current('access');
    // The type says string; the key reaches jsonwebtoken as it is, and a KeyObject spares it parsing PEM each time.
    const key = privateKey as unknown as string;
    return this.jwt.sign(claims, {
      privateKey: key,
      algorithm: 'ES256',
      keyid: kid,
      header: { alg: 'ES256', typ },
      issuer: config.PUBLIC_URL,
      audience: AUDIENCE,
      subject,
      expiresIn,
    });
  }

  newRefreshToken(tenantId: string, sessionId: string): RefreshToken {
    const body = Buffer.concat([parse(tenantId), parse(sessionId), randomBytes(SECRET_BYTES)]);
    return { text: write(body), hash: digest(body) };
  }

  /** Undefined for one we never made, cut or altered: such a thing ends no session. */
  readRefreshToken(text: string): PresentedRefreshToken | undefined {
    const bytes = Buffer.from(text, 'base64url');
    if (bytes.length !== BODY_BYTES + MAC_BYTES || bytes.toString('base64url') !== text) return undefined;
    const body = bytes.subarray(0, BODY_BYTES);
    if (!sameBytes(bytes.subarray(BODY_BYTES), refreshMac(body))) return undefined;
    const next = Buffer.concat([body.subarray(0, 32), mac('refresh-successor', body)]);
    return {
      tenantId: stringify(body.subarray(0, 16)),
      sessionId: stringify(body.subarray(16, 32)),
      hash: digest(body),
      successor: { text: write(next), hash: digest(next) },
    };
  }
}

/** The header's `typ`, unverified: it only chooses by which rules the token is judged. */
export function tokenType(token: string): string | undefined {
  try {
    return JSON.parse(Buffer.from(token.slice(0, token.indexOf('.')), 'base64url').toString()).typ;
  } catch {
    return undefined;
  }
}
