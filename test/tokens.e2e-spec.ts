import {
  createDecipheriv,
  createHmac,
  createPublicKey,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
  createPrivateKey,
  randomBytes,
  randomUUID,
  sign,
  verify,
} from 'node:crypto';
import { once } from 'node:events';
import { v7 as uuidv7 } from 'uuid';
import { ENTRY, launch } from './support/stack.js';
import { type Answer, type Company, PASSWORD, type Person, World } from './support/world.js';

const encode = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const decode = (token: string) =>
  token
    .split('.')
    .slice(0, 2)
    .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString())) as [any, any];
const es256 = (key: KeyObject) => (data: string) =>
  sign('sha256', Buffer.from(data), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url');
const write = (header: unknown, claims: unknown, signed: (data: string) => string) => {
  const data = `${encode(header)}.${encode(claims)}`;
  return `${data}.${signed(data)}`;
};

interface Route {
  method: string;
  path: string;
  secured: boolean;
  /** Fails in another system's shape, which has no word for our codes: there, the status tells. */
  isCompatible: boolean;
}

describe('Tokens', () => {
  let world: World;
  let routes: Route[];
  beforeAll(async () => {
    world = new World();
    const { body } = await world.call('GET', '/openapi.json');
    routes = Object.entries<Record<string, any>>(body.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({
        method: method.toUpperCase(),
        path,
        secured: (operation.security ?? []).length > 0,
        isCompatible: operation.tags[0] === 'Compatible APIs',
      })),
    );
  });
  afterAll(() => world.stop());

  const named = ({ method, path }: Route) => `${method} ${path}`;
  const knock = ({ method, path }: Route, token?: string): Promise<Answer> =>
    world.call(method, path.replaceAll(/\{[^}]+\}/g, uuidv7()), { token, ...(method !== 'GET' && { body: {} }) });
  const expectRefused = (route: Route, { status, body }: Answer, refusal: { status: number; code: string }) => {
    if (!route.isCompatible) return expect(body, named(route)).toMatchObject(refusal);
    const shape = [expect.stringMatching(/^(detail|error)$/)];
    return expect([named(route), status, Object.keys(body)]).toEqual([named(route), refusal.status, shape]);
  };
  const enrolled = async (): Promise<Person> => {
    const { admin } = await world.company();
    await admin.enablesTotp();
    return admin;
  };
  /** Somebody whose company demands a second factor that they do not have. */
  const mustEnroll = async (): Promise<{ company: Company; person: Person; due: Answer }> => {
    const company = await world.company();
    await company.admin.patch('/api/company', { policy: { mfa: { user: 'required' } } });
    const person = await company.person('user');
    return { company, person, due: await person.login() };
  };
  /** The product's own key, opened by the documented format: to forge with more than a stranger could have. */
  const ownKey = async (kid: string): Promise<KeyObject> => {
    const { rows } = await world.owner.query('select purpose, private_sealed from system.signing_key where id = $1', [kid]);
    const bytes = Buffer.from(rows[0].private_sealed, 'base64url');
    const decipher = createDecipheriv('aes-256-gcm', Buffer.from(world.stack.env.SEALING_KEY!, 'base64'), bytes.subarray(4, 16));
    decipher.setAAD(Buffer.from(`system|${kid}|${rows[0].purpose}-key`)).setAuthTag(bytes.subarray(16, 32));
    return createPrivateKey({
      key: JSON.parse(Buffer.concat([decipher.update(bytes.subarray(32)), decipher.final()]).toString()),
      format: 'jwk',
    });
  };
  const jwks = async (at = 0): Promise<(JsonWebKey & { kid: string; alg: string; use: string })[]> =>
    (await world.call('GET', '/.well-known/jwks.json', { at })).body.keys;

  describe('open their own doors and no other', () => {
    it('none at all opens no door that is not public', async () => {
      const closed = routes.filter(({ secured }) => secured);
      expect(closed.length).toBeGreaterThan(28);
      for (const route of closed) expectRefused(route, await knock(route), { status: 401, code: 'auth.sign_in_required' });
      /** What may be public, by the contract; a route that is and does not stand here was left open. */
      const mayBePublic =
        /^(GET (\/health\/\w+|\/metrics|\/healthcheck|\/\.well-known\/jwks\.json)|POST \/api\/auth\/(register|login|refresh|verify-email|resend-verification|forgot-password|reset-password|invitation|accept-invitation|passkey\/(options|login)))$/;
      /** What a login page must know before anybody is signed in; and the sandbox's inbox, which only a laptop has. */
      const openAsWell = /^(GET \/api\/auth\/sign-in-options|(GET|DELETE) \/dev\/inbox(\/stream)?)$/;
      const callbacks = /^POST \/(events|api\/callbacks\/)/;
      /** To a company's own identity provider and back, before anybody is signed in. */
      const outside =
        /^((GET|POST) \/api\/auth\/oidc\/\{company_domain\}\/\{provider\}\/start|GET \/api\/auth\/oidc\/callback\/\{provider_id\}|POST \/api\/auth\/oidc\/exchange)$/;
      expect(
        routes
          .filter(({ secured }) => !secured)
          .map(named)
          .filter((name) => !mayBePublic.test(name) && !callbacks.test(name) && !outside.test(name) && !openAsWell.test(name)),
      ).toEqual([]);
    });

    it('that of a pending sign-in opens verify-mfa, and everywhere else is told that a code is due', async () => {
      const person = await enrolled();
      const pending = await person.pendingToken();
      for (const route of routes.filter(({ secured }) => secured)) {
        const answer = await knock(route, pending);
        const { body } = answer;
        // What answers the second factor, and what asks for its code: the last for a person without a number.
        if (['POST /api/auth/verify-mfa', 'POST /api/auth/mfa/challenge'].includes(named(route)))
          expect(body, named(route)).toMatchObject({ status: 400, code: 'request.invalid' });
        else if (named(route) === 'POST /api/sms-mfa/send-code') expect(body.status, named(route)).toBeOneOf([404, 409]);
        else expectRefused(route, answer, { status: 403, code: 'auth.mfa_required' });
      }
      expect((await person.verify(pending, await person.code())).status, 'and none of that used it up').toBe(200);
    });

    it('that of a person who must set up a factor opens what sets one up, and nothing else', async () => {
      const { due } = await mustEnroll();
      const opened: string[] = [];
      for (const route of routes.filter(({ secured }) => secured)) {
        const answer = await knock(route, due.body.mfa_token);
        if (answer.status !== 403) opened.push(named(route));
        else
          expectRefused(route, answer, {
            status: 403,
            code: named(route) === 'POST /api/auth/verify-mfa' ? 'auth.enrolment_required' : 'auth.mfa_required',
          });
      }
      expect(opened.toSorted()).toEqual([
        'GET /api/auth/mfa/factors',
        'POST /api/auth/mfa/activate',
        'POST /api/auth/mfa/challenge',
        'POST /api/auth/mfa/enable',
        'POST /api/auth/mfa/factors',
        'POST /api/auth/mfa/factors/{id}/confirm',
        'POST /api/auth/mfa/setup',
        'POST /api/sms-mfa/send-code',
        'POST /api/sms-mfa/setup',
        'POST /api/sms-mfa/verify',
      ]);
    });

    it('an access token answers no second factor', async () => {
      const person = await enrolled();
      const code = await person.code();
      expect((await person.verify(person.token, code)).body).toMatchObject({ status: 401, code: 'auth.sign_in_required' });
      expect((await world.call('POST', '/api/auth/verify-mfa', { body: { code, mfa_token: person.token } })).status).toBe(401);
      expect((await person.failures('mfa')).failures, 'and guesses none').toBe(0);
    });

    it('a refresh token is no bearer token, and no other token refreshes', async () => {
      const person = await enrolled();
      await person.signsIn();
      for (const route of routes.filter(({ secured }) => secured))
        expect((await knock(route, person.refreshToken)).status, named(route)).toBe(401);
      for (const token of [person.token, await person.pendingToken()])
        expect((await world.call('POST', '/api/auth/refresh', { body: { refresh_token: token } })).status).toBeOneOf([400, 401]);
      expect((await world.call('POST', '/api/auth/refresh', { body: { refresh_token: person.refreshToken } })).status).toBe(200);
    });

    it('a pending token may come in the body, where its own door is', async () => {
      const person = await enrolled();
      const mfa_token = await person.pendingToken();
      expect((await world.call('POST', '/api/auth/verify-mfa', { body: { code: '000000', mfa_token: 17 } })).status).toBe(401);
      expect((await world.call('POST', '/api/auth/mfa/backup-codes', { body: { code: await person.code(), mfa_token } })).status).toBe(401);
      expect((await world.call('POST', '/api/auth/verify-mfa', { body: { code: await person.code(), mfa_token } })).status).toBe(200);
    });

    it('a pending token opens one session and is then spent', async () => {
      const person = await enrolled();
      const pending = await person.pendingToken();
      expect((await person.verify(pending, await person.code())).status).toBe(200);
      for (const code of [person.backupCodes[0]!, person.wrongCode()])
        expect((await person.verify(pending, code)).body).toMatchObject({ status: 401, code: 'mfa.sign_in_over' });
      expect((await person.failures('mfa')).failures, 'nothing more is looked at').toBe(0);
      expect((await person.get('/api/auth/mfa/backup-codes')).body.remaining).toBe(10);
    });

    it('a pending token is over when its time is, whatever it says itself', async () => {
      const person = await enrolled();
      const pending = await person.pendingToken();
      await person.company.sql(`update sign_in set expires_at = now() - interval '1 second'`);
      expect((await person.verify(pending, await person.code())).body.code).toBe('mfa.sign_in_over');
    });

    it('by a query parameter or a cookie there is no way in', async () => {
      const { admin } = await world.company();
      for (const name of ['access_token', 'token', 'authorization'])
        expect((await world.call('GET', `/api/users/me?${name}=${admin.token}`)).status).toBe(401);
      expect((await world.call('GET', '/api/users/me', { headers: { cookie: `access_token=${admin.token}` } })).status).toBe(401);
      for (const header of [
        admin.token,
        `Basic ${admin.token}`,
        `Bearer`,
        `Bearer ${admin.token} x`,
        `Bearer ${admin.token}, Bearer ${admin.token}`,
      ])
        expect((await world.call('GET', '/api/users/me', { headers: { authorization: header } })).status, header.slice(0, 20)).toBe(401);
    });
  });

  describe('that were tampered with are refused, never a crash:', () => {
    const forgeries = async (token: string): Promise<Record<string, string>> => {
      const [header, claims] = decode(token);
      const [head, body, signature] = token.split('.') as [string, string, string];
      const key = await ownKey(header.kid);
      const ours = es256(key);
      const publicPem = createPublicKey(key).export({ type: 'spki', format: 'pem' }) as string;
      const publicJwk = JSON.stringify((await jwks()).find(({ kid }) => kid === header.kid));
      const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const auditKid = (await jwks()).find(({ alg }) => alg === 'EdDSA')!.kid;
      const auditKey = await ownKey(auditKid);
      const hmac = (secret: string) => (data: string) => createHmac('sha256', secret).update(data).digest('base64url');
      const now = Math.floor(Date.now() / 1000);
      // The forger's tools work: the same claims signed with our own key are as good as the original.
      expect(decode(write(header, claims, ours))).toEqual([header, claims]);
      return {
        'alg none, unsigned': write({ ...header, alg: 'none' }, claims, () => ''),
        'alg none, with the old signature': write({ ...header, alg: 'none' }, claims, () => signature),
        'alg nOnE': write({ ...header, alg: 'nOnE' }, claims, () => ''),
        'alg missing': write({ typ: header.typ, kid: header.kid }, claims, ours),
        'HS256 with the public key (PEM)': write({ ...header, alg: 'HS256' }, claims, hmac(publicPem)),
        'HS256 with the public key (JWK)': write({ ...header, alg: 'HS256' }, claims, hmac(publicJwk)),
        'HS256 with an empty key': write({ ...header, alg: 'HS256' }, claims, hmac('')),
        'ES384 with our key': write({ ...header, alg: 'ES384' }, claims, ours),
        'typ JWT': write({ ...header, typ: 'JWT' }, claims, ours),
        'typ in other letters': write({ ...header, typ: header.typ.toUpperCase() }, claims, ours),
        'typ missing': write({ alg: header.alg, kid: header.kid }, claims, ours),
        'typ a list': write({ ...header, typ: [header.typ] }, claims, ours),
        'another audience': write(header, { ...claims, aud: 'somebody-else' }, ours),
        'no audience': write(header, { ...claims, aud: undefined }, ours),
        'another issuer': write(header, { ...claims, iss: 'http://watchword.test.evil.example' }, ours),
        'no issuer': write(header, { ...claims, iss: undefined }, ours),
        expired: write(header, { ...claims, iat: now - 7200, exp: now - 1 }, ours),
        'expires as text': write(header, { ...claims, exp: String(now + 600) }, ours),
        'not yet valid': write(header, { ...claims, nbf: now + 600 }, ours),
        'signed by a stranger under our kid': write(header, claims, es256(stranger.privateKey)),
        'a kid nobody knows': write({ ...header, kid: randomBytes(12).toString('base64url') }, claims, es256(stranger.privateKey)),
        'our key under an unknown kid': write({ ...header, kid: 'unknown' }, claims, ours),
        'no kid': write({ alg: header.alg, typ: header.typ }, claims, ours),
        'a kid that is a number': write({ ...header, kid: 1 }, claims, ours),
        'a kid that is SQL': write({ ...header, kid: "' or true --" }, claims, ours),
        'a kid that is a path': write({ ...header, kid: '../../../../dev/null' }, claims, ours),
        'a kid of a prototype': write({ ...header, kid: '__proto__' }, claims, ours),
        'the kid of the audit key': write({ ...header, kid: auditKid }, claims, (data) =>
          sign(null, Buffer.from(data), auditKey).toString('base64url'),
        ),
        'the kid of the audit key, EdDSA': write({ ...header, kid: auditKid, alg: 'EdDSA' }, claims, (data) =>
          sign(null, Buffer.from(data), auditKey).toString('base64url'),
        ),
        'a key of its own (jwk)': write(
          { ...header, kid: undefined, jwk: stranger.publicKey.export({ format: 'jwk' }) },
          claims,
          es256(stranger.privateKey),
        ),
        'a key from elsewhere (jku)': write({ ...header, jku: 'http://evil.example/jwks.json' }, claims, es256(stranger.privateKey)),
        'another person in the claims': `${head}.${encode({ ...claims, sub: uuidv7() })}.${signature}`,
        'another company in the claims': `${head}.${encode({ ...claims, company_id: uuidv7() })}.${signature}`,
        'signature as DER': write(header, claims, (data) => sign('sha256', Buffer.from(data), key).toString('base64url')),
        'signature of noughts': `${head}.${body}.${Buffer.alloc(64).toString('base64url')}`,
        'no signature': `${head}.${body}.`,
        'no claims': `${head}..${signature}`,
        'claims that are no JSON': write(header, 'not json', ours),
        'claims that are a list': write(header, [claims], ours),
        'a header that is no JSON': `${encode('not json')}.${body}.${signature}`,
        'a header that is null': `${encode('null')}.${body}.${signature}`,
        'four parts': `${token}.${signature}`,
        'two parts': `${head}.${body}`,
        garbage: randomBytes(60).toString('base64url'),
        dots: '..',
        'a word': 'x',
        'a long word': 'x'.repeat(6000),
      };
    };

    it('an access token', async () => {
      const { admin } = await world.company();
      const [header, claims] = decode(admin.token);
      const honest = write(header, claims, es256(await ownKey(header.kid)));
      expect((await world.call('GET', '/api/users/me', { token: honest })).status, 'the forger can sign').toBe(200);
      for (const [what, token] of Object.entries(await forgeries(admin.token))) {
        const { body } = await world.call('GET', '/api/users/me', { token, at: what.length });
        expect(body, what).toMatchObject({ status: 401, code: 'auth.sign_in_required' });
      }
    });

    it('a pending token, and nothing is guessed with it', async () => {
      const person = await enrolled();
      const pending = await person.pendingToken();
      const [header, claims] = decode(pending);
      const code = await person.code();
      for (const [what, token] of Object.entries(await forgeries(pending))) {
        const { status, body } = await person.verify(token, code);
        expect([status, body.code], what).toEqual([401, 'auth.sign_in_required']);
      }
      expect(await person.company.sql('select attempts from sign_in where id = $1', [claims.jti])).toEqual([{ attempts: 0 }]);
      expect((await person.verify(write(header, claims, es256(await ownKey(header.kid))), code)).status, 'the forger can sign').toBe(200);
    });

    it('one kind dressed as the other', async () => {
      const person = await enrolled();
      const pending = await person.pendingToken();
      const [header, claims] = decode(person.token);
      const [pendingHeader, pendingClaims] = decode(pending);
      const ours = es256(await ownKey(header.kid));
      expect(
        (await world.call('GET', '/api/users/me', { token: write(header, pendingClaims, ours) })).status,
        'pending claims, access type',
      ).toBeOneOf([401]);
      expect((await person.verify(write(pendingHeader, claims, ours), await person.code())).status, 'access claims, pending type').toBe(
        401,
      );
      expect(
        (await world.call('GET', '/api/users/me', { token: write(header, { ...claims, sid: pendingClaims.jti }, ours) })).status,
        'a sign-in for a session',
      ).toBe(401);
    });

    it('an access token cut short by any number of characters', async () => {
      const { admin } = await world.company();
      const { token } = admin;
      const lengths = Array.from({ length: token.length - 1 }, (_, at) => at + 1).filter(
        (length) => length % 9 === 0 || length > token.length - 30 || token.slice(length - 2, length + 2).includes('.'),
      );
      const statuses = await Promise.all(
        lengths.map(async (length) => (await world.call('GET', '/api/users/me', { token: token.slice(0, length), at: length })).status),
      );
      expect(new Set(statuses)).toEqual(new Set([401]));
    });
  });

  describe('say who it is', () => {
    it('in claims any service can read, and check by the published keys alone', async () => {
      const company = await world.company();
      const person = await company.person('manager');
      await person.enablesTotp();
      await person.signsIn();
      const [header, claims] = decode(person.token);
      expect(header).toEqual({ alg: 'ES256', typ: 'at+jwt', kid: expect.any(String) });
      expect(claims).toEqual({
        iss: 'http://watchword.test',
        aud: 'watchword',
        sub: person.id,
        jti: expect.any(String),
        sid: expect.any(String),
        company_id: company.id,
        role: 'manager',
        email: person.email,
        amr: ['pwd', 'otp', 'mfa'],
        acr: 'urn:watchword:acr:2',
        auth_time: expect.any(Number),
        iat: expect.any(Number),
        exp: expect.any(Number),
      });
      expect(claims.exp - claims.iat).toBe(1800);
      expect(Math.abs(claims.auth_time - Date.now() / 1000)).toBeLessThan(10);

      const key = (await jwks(1)).find(({ kid }) => kid === header.kid)!;
      expect(key).toEqual({
        kty: 'EC',
        crv: 'P-256',
        x: expect.any(String),
        y: expect.any(String),
        kid: header.kid,
        use: 'sig',
        alg: 'ES256',
      });
      const [head, body, signature] = person.token.split('.') as [string, string, string];
      const checks = (text: string) =>
        verify(
          'sha256',
          Buffer.from(text),
          { key: createPublicKey({ key, format: 'jwk' }), dsaEncoding: 'ieee-p1363' },
          Buffer.from(signature, 'base64url'),
        );
      expect(checks(`${head}.${body}`)).toBe(true);
      expect(checks(`${head}.${encode({ ...claims, role: 'admin' })}`)).toBe(false);
    });

    it('and that one factor was enough, where it was', async () => {
      const { admin } = await world.company();
      expect(decode(admin.token)[1]).toMatchObject({ amr: ['pwd'], acr: 'urn:watchword:acr:1', role: 'admin' });
    });

    it('by keys whose private part is nowhere to be seen', async () => {
      for (const key of await jwks())
        expect(Object.keys(key).filter((name) => ['d', 'p', 'q', 'k', 'dp', 'dq', 'qi'].includes(name))).toEqual([]);
      const { rows } = await world.owner.query('select s::text as row from system.signing_key s');
      for (const { row } of rows) expect(row).not.toMatch(/""?d""?:/);
    });

    it('to nobody who keeps answers: they may not be stored', async () => {
      const person = await enrolled();
      const due = await person.login();
      const signedIn = await person.verify(due.body.mfa_token, await person.code());
      for (const { headers } of [due, signedIn]) expect(headers.get('cache-control')).toBe('no-store');
    });
  });

  describe('are given', () => {
    it('for the password and the code together, at once', async () => {
      const person = await enrolled();
      const { status, body } = await person.login({ totp_code: await person.code() });
      expect([status, body.mfa_required, body.refresh_token !== '']).toEqual([200, false, true]);
      expect(decode(body.access_token)[1].amr).toEqual(['pwd', 'otp', 'mfa']);
      expect((await world.call('GET', '/api/users/me', { token: body.access_token, at: 1 })).status).toBe(200);
    });

    it('for neither the right code and a wrong password, nor the right password and a wrong code', async () => {
      const person = await enrolled();
      const code = await person.code();
      expect((await person.login({ password: `${PASSWORD}!`, totp_code: code })).body).toMatchObject({
        status: 401,
        code: 'auth.invalid_credentials',
      });
      expect((await person.failures('mfa')).failures, 'the code was not looked at').toBe(0);
      expect((await person.login({ totp_code: person.wrongCode() })).body).toMatchObject({ status: 401, code: 'mfa.wrong_code' });
      expect((await person.login({ totp_code: code })).status).toBe(200);
      const opened = await person.company.sql(`select from session where 'otp' = any (amr)`);
      expect(opened, 'the one that set the factor up, and this one').toHaveLength(2);
    });

    it('for the password alone where no factor is set up, whatever code comes with it', async () => {
      const { admin } = await world.company();
      expect((await admin.login({ totp_code: '123456' })).body).toMatchObject({
        mfa_required: false,
        refresh_token: expect.stringMatching(/.{100}/),
      });
    });

    it('for both factors to whoever has both set up, however lax the company is', async () => {
      const person = await enrolled();
      const policy = { mfa: { admin: 'optional', manager: 'optional', user: 'optional' } };
      expect((await person.patch('/api/company', { policy })).body.policy.mfa).toEqual(policy.mfa);
      const { body } = await person.login();
      expect([body.mfa_required, body.enrollment_required, body.refresh_token]).toEqual([true, undefined, '']);
      expect(body.access_token).toBe(body.mfa_token);
    });

    it('to set a factor up, and not before it is, where the company demands one of the role', async () => {
      const { company, person, due } = await mustEnroll();
      expect(due.body).toMatchObject({ mfa_required: true, enrollment_required: true, refresh_token: '', factors: [] });
      const token = due.body.mfa_token;
      expect((await person.login({ totp_code: '123456' })).body.enrollment_required, 'a code is no way round it').toBe(true);
      expect((await world.call('GET', '/api/users/me', { token })).body).toMatchObject({ status: 403, code: 'auth.mfa_required' });
      expect((await person.verify(token, '123456')).body).toMatchObject({ status: 403, code: 'auth.enrolment_required' });

      await person.enablesTotp(token);
      for (const [method, path] of [
        ['GET', '/api/auth/mfa/factors'],
        ['POST', '/api/auth/mfa/setup'],
      ] as const)
        expect(
          (await world.call(method, path, { token, at: 1, ...(method === 'POST' && { body: {} }) })).body,
          'the token dies with its purpose',
        ).toMatchObject({ status: 401 });
      expect((await person.verify(token, await person.code())).status).toBe(401);
      expect(await company.sql('select from session where user_id = $1', [person.id]), 'setting up signs nobody in').toHaveLength(0);

      await person.signsIn();
      expect((await person.get('/api/users/me')).body.mfa_enabled).toBe(true);
      const manager = await company.person('manager');
      expect((await manager.login()).body.mfa_required, 'another role').toBe(false);
    });

    it('in the company that was named, when one e-mail is in two', async () => {
      const [one, two] = await Promise.all([world.company('One'), world.company('Two')]);
      const twin = await two.person('user', 'twin');
      await two.sql('update user_account set email = $2, email_canonical = $2 where id = $1', [twin.id, one.admin.email]);
      const login = (body: object, headers: Record<string, string> = {}) =>
        world.call('POST', '/api/auth/login', { body: { email: one.admin.email, password: PASSWORD, ...body }, headers });

      const unnamed = await login({});
      expect(decode(unnamed.body.access_token)[1].company_id, 'the one that had the address first').toBe(one.id);
      const unknown = await login({ email: `nobody@${one.domain}` });
      expect(unknown.body.detail, 'in the words everybody gets').toContain('company_domain');

      for (const { id, domain } of [one, two]) {
        const ways = [
          login({ company_domain: domain }),
          login({ company_domain: domain.toUpperCase() }),
          login({}, { 'x-tenant-id': id }),
          login({}, { 'x-tenant-id': domain }),
        ];
        for (const { status, body } of await Promise.all(ways))
          expect([status, status === 200 && decode(body.access_token)[1].company_id]).toEqual([200, id]);
      }
      expect((await login({ company_domain: `no-${one.domain}` })).status).toBe(401);
      expect((await login({}, { 'x-tenant-id': uuidv7() })).status).toBe(401);
      expect((await login({}, { 'x-tenant-id': "' or true --" })).status).toBe(401);
    });
  });

  it('survive a change of keys: the old ones verify, the new ones carry the new key, on both processes', async () => {
    const person = await enrolled();
    await person.signsIn();
    const pending = await person.pendingToken();
    const before = decode(person.token)[0].kid;

    const rotation = launch(ENTRY('cli'), world.stack.env, ['keys', 'rotate']);
    let output = '';
    rotation.stdout!.on('data', (chunk) => (output += chunk));
    rotation.stderr!.on('data', (chunk) => (output += chunk));
    expect((await once(rotation, 'exit'))[0], output).toBe(0);
    const after = /The new access key is ([\w-]+)\./.exec(output)![1]!;
    expect(after).not.toBe(before);

    // A process follows on its own within 15 s, and at once when it meets a key it does not know.
    const nudge = write({ alg: 'ES256', typ: 'at+jwt', kid: after }, { sub: randomUUID() }, () => 'x');
    for (const at of [0, 1]) {
      const signed = await vi.waitFor(
        async () => {
          await world.call('GET', '/api/users/me', { token: nudge, at });
          const { body } = await person.login({ totp_code: await person.code() }, at);
          expect(decode(body.access_token)[0].kid).toBe(after);
          return body.access_token;
        },
        { timeout: 20_000, interval: 400 },
      );
      for (const process of [0, 1]) expect((await world.call('GET', '/api/users/me', { token: signed, at: process })).status).toBe(200);
      expect((await jwks(at)).map(({ kid }) => kid)).toEqual(expect.arrayContaining([before, after]));
      expect((await person.get('/api/users/me', at)).status, 'a token of the key before').toBe(200);
    }
    expect((await person.verify(pending, await person.code(), 1)).status, 'and a sign-in that began under it').toBe(200);
    const { rows } = await world.owner.query(`select from system.signing_key where purpose = 'access' and retired_at is null`);
    expect(rows).toHaveLength(1);
  });
});
