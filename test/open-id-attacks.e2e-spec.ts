import { generateKeyPairSync } from 'node:crypto';
import { type Script, ScriptedOpenId } from './simulators/scripted-openid.js';
import { altered } from './support/delivery-world.js';
import { OpenIdWorld, RETURN } from './support/open-id-world.js';
import type { Company } from './support/world.js';

describe('Signing in at an OpenID provider refuses', () => {
  let world: OpenIdWorld;
  let provider: ScriptedOpenId;
  beforeAll(async () => {
    [world, provider] = await Promise.all([OpenIdWorld.open(), ScriptedOpenId.start()]);
  });
  afterAll(async () => {
    await Promise.all([world.stop(), provider.stop()]);
  });
  beforeEach(() => {
    provider.script = {};
  });

  /** A company with somebody who is known there as `ada-1`. */
  const companyOf = async (settings: object = {}): Promise<Company> => {
    const company = await world.companyOf(provider, settings);
    const person = await company.person();
    await company.sql(`insert into identity_link (id, user_id, issuer, subject) values (app.uuidv7(), $1, $2, 'ada-1')`, [
      person.id,
      provider.issuer,
    ]);
    return company;
  };
  const sessions = async (company: Company) => (await company.sql(`select from session where amr @> '{fed}'`)).length;
  const another = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const seconds = (offset: number) => Math.floor(Date.now() / 1000) + offset;

  it('nothing when all is right', async () => {
    const company = await companyOf();
    provider.script = { claims: { azp: provider.clientId, email: 'x@y.test' } };
    expect((await world.signsIn(company)).status).toBe(200);
    expect(await sessions(company)).toBe(1);
  });

  it('to take a second factor of the provider’s for one, unless the company has written down the words it is told with', async () => {
    const company = await companyOf();
    await company.admin.patch('/api/company', { policy: { mfa: { user: 'required' } } });
    const signsIn = async (claims: Record<string, unknown>, settings: object = {}) => {
      await world.companyOf(provider, settings, company);
      provider.script = { claims };
      return (await world.signsIn(company)).body;
    };
    const claims = { acr: 'urn:acme:strong', amr: ['pwd', 'hwk'] };
    expect(await signsIn(claims)).toMatchObject({ mfa_required: true, enrollment_required: true });
    expect(await signsIn({ ...claims, amr: 'hwk' }, { second_factor_amr: ['hwk'] }), 'no list').toMatchObject({ mfa_required: true });
    for (const settings of [{ second_factor_amr: ['hwk'] }, { second_factor_acr: ['urn:acme:strong'] }]) {
      const { mfa_required, access_token: token } = await signsIn(claims, settings);
      expect(mfa_required).toBe(false);
      expect(JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString())).toMatchObject({
        amr: ['fed', 'mfa'],
        acr: 'urn:watchword:acr:two-steps-outside',
      });
      expect((await world.call('GET', '/api/auth/sessions', { token })).status, 'a demanded factor was shown').toBe(200);
      expect(await signsIn({ acr: 'urn:acme', amr: ['pwd'] }, settings)).toMatchObject({ mfa_required: true });
    }
  });

  it('to take it in place of a passkey, where the company demands one', async () => {
    const company = await companyOf({ second_factor_amr: ['hwk'] });
    provider.script = { claims: { amr: ['pwd', 'hwk'] } };
    const { access_token: token, mfa_required } = (await world.signsIn(company)).body;
    expect(mfa_required).toBe(false);
    await company.admin.patch('/api/company', { policy: { mfa: { user: 'phishing_resistant' } } });
    expect((await world.call('GET', '/api/auth/sessions', { token })).body.code, 'nor in a session opened before').toBe(
      'auth.mfa_enrollment_required',
    );
    expect((await world.signsIn(company)).body).toMatchObject({ mfa_required: true, enrollment_required: true });
  });

  it('what userinfo says of second factors: only the signed token counts', async () => {
    const company = await companyOf({ second_factor_amr: ['hwk'] });
    await company.admin.patch('/api/company', { policy: { mfa: { user: 'required' } } });
    provider.script = { userInfo: { sub: 'ada-1', amr: ['hwk'], email: `x@${company.domain}` } };
    expect((await world.signsIn(company)).body.mfa_required).toBe(true);
  });

  describe('an ID token', () => {
    it.each<[string, string, () => Script]>([
      ['that nobody signed', 'OAUTH_INVALID_RESPONSE', () => ({ header: { alg: 'none' }, signedBy: 'none' })],
      [
        'that nobody signed, where the metadata says that this is fine',
        'OAUTH_UNSUPPORTED_OPERATION',
        () => ({ header: { alg: 'none' }, signedBy: 'none', metadata: { id_token_signing_alg_values_supported: ['none', 'RS256'] } }),
      ],
      ['that says RS256 and is not signed', 'OAUTH_INVALID_RESPONSE', () => ({ signedBy: 'none' })],
      ['signed by another key under the right id', 'OAUTH_INVALID_RESPONSE', () => ({ signedBy: another.privateKey })],
      [
        'signed with the secret, in HS256',
        'OAUTH_UNSUPPORTED_OPERATION',
        () => ({ header: { alg: 'HS256' }, signedBy: 'secret', metadata: { id_token_signing_alg_values_supported: ['HS256', 'RS256'] } }),
      ],
      [
        'of a key that is not published',
        'OAUTH_KEY_SELECTION_FAILED',
        () => ({ header: { kid: 'another' }, signedBy: another.privateKey }),
      ],
      ['with another nonce', 'OAUTH_JWT_CLAIM_COMPARISON_FAILED', () => ({ claims: { nonce: 'x'.repeat(43) } })],
      ['without a nonce', 'OAUTH_INVALID_RESPONSE', () => ({ without: ['nonce'] })],
      ['for another client', 'OAUTH_JWT_CLAIM_COMPARISON_FAILED', () => ({ claims: { aud: 'another-client' } })],
      ['for nobody', 'OAUTH_INVALID_RESPONSE', () => ({ without: ['aud'] })],
      [
        'for several, without saying whom it was issued to',
        'OAUTH_JWT_CLAIM_COMPARISON_FAILED',
        () => ({ claims: { aud: ['watchword-client', 'another'] } }),
      ],
      [
        'issued to another of several',
        'OAUTH_JWT_CLAIM_COMPARISON_FAILED',
        () => ({ claims: { aud: ['watchword-client', 'another'], azp: 'another' } }),
      ],
      ['issued to another, for us', 'issued_to_another', () => ({ claims: { azp: 'another' } })],
      ['of another issuer', 'OAUTH_JWT_CLAIM_COMPARISON_FAILED', () => ({ claims: { iss: 'https://accounts.google.com' } })],
      ['of an issuer that differs by a slash', 'OAUTH_JWT_CLAIM_COMPARISON_FAILED', () => ({ claims: { iss: `${provider.issuer}/` } })],
      ['that is over', 'OAUTH_JWT_TIMESTAMP_CHECK_FAILED', () => ({ claims: { iat: seconds(-600), exp: seconds(-120) } })],
      ['that never ends', 'OAUTH_INVALID_RESPONSE', () => ({ without: ['exp'] })],
      ['that is not yet good', 'OAUTH_JWT_TIMESTAMP_CHECK_FAILED', () => ({ claims: { nbf: seconds(600) } })],
      ['without a time', 'OAUTH_INVALID_RESPONSE', () => ({ without: ['iat'] })],
      ['about nobody', 'OAUTH_INVALID_RESPONSE', () => ({ without: ['sub'] })],
      ['about an endless name', 'subject_too_long', () => ({ claims: { sub: 'x'.repeat(256) } })],
    ])('%s', async (_, because, script) => {
      provider.script = { ...script() };
      const company = await companyOf();
      const { code, error } = await world.away(company);
      expect([code, error]).toEqual([null, 'identity.sign_in_failed']);
      expect(await sessions(company)).toBe(0);
      expect(await company.sql(`select details ->> 'because' as because from audit_event where action = 'auth.sign_in_refused'`)).toEqual([
        { because },
      ]);
    });
  });

  it('what the provider says of somebody else when it is asked for the e-mail', async () => {
    provider.script = { userInfo: { sub: 'another', email: 'boss@acme.test', email_verified: true } };
    expect((await world.away(await companyOf())).error).toBe('identity.sign_in_failed');
  });

  it('the word of one place that an e-mail was verified for the e-mail of another', async () => {
    provider.script = {
      claims: { email_verified: true },
      without: ['email'],
      userInfo: { sub: 'ada-1', email: 'boss@acme.test', email_verified: false },
    };
    const company = await companyOf();
    await world.companyOf(provider, { just_in_time: true, allowed_email_domains: ['acme.test'] }, company);
    expect((await world.signsIn(company)).body.code).toBe('identity.not_admitted');
  });

  it('a provider’s own refusal, and repeats none of its words', async () => {
    provider.script = { answer: { error: 'access_denied', error_description: '<script>alert(1)</script>', state: '{state}' } };
    const company = await companyOf();
    const { url, error } = await world.away(company);
    expect(error).toBe('identity.sign_in_failed');
    expect(url).not.toContain('script');
    const { body: begun } = await world.start(company, {});
    const { status, body } = await world.browser().visit(begun.authorization_url);
    expect([status, body.code]).toEqual([403, 'identity.sign_in_failed']);
    expect(JSON.stringify(body)).not.toContain('script');
  });

  it('an answer that names another issuer (RFC 9207)', async () => {
    provider.script = { answer: { code: 'x', state: '{state}', iss: 'https://evil.test' } };
    expect((await world.away(await companyOf())).error).toBe('identity.sign_in_failed');
  });

  describe('a state', () => {
    /** As far as the provider, whose answer is not delivered. */
    const answered = async (company: Company): Promise<{ callback: URL; handle: string }> => {
      const { body } = await world.start(company);
      const response = await fetch(body.authorization_url, { redirect: 'manual' });
      return { callback: new URL(response.headers.get('location')!), handle: body.handle };
    };
    const deliver = async (callback: URL) => {
      const { response, body } = await world.browser().fetch(callback.href);
      return { status: response.status, location: response.headers.get('location'), body };
    };
    const over = { status: 400, body: { code: 'identity.flow_over' } };

    it('that is none, cut, altered, doubled or made for something else', async () => {
      const company = await companyOf();
      const { callback, handle } = await answered(company);
      const state = callback.searchParams.get('state')!;
      for (const odd of [
        '',
        'x',
        state.slice(0, -1),
        state.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A')),
        handle,
        `${state}&state=${state}`,
      ]) {
        const forged = new URL(callback);
        forged.search = `?code=x&state=${odd}`;
        expect(await deliver(forged), odd).toMatchObject(over);
      }
      const bare = new URL(callback);
      bare.searchParams.delete('state');
      expect(await deliver(bare)).toMatchObject(over);
      expect((await deliver(callback)).status, 'the right one still counts').toBe(303);
    });

    it('that was used, whatever came of it', async () => {
      const company = await companyOf();
      const { callback } = await answered(company);
      const before = provider.tokenRequests.length;
      const answers = await Promise.all(Array.from({ length: 10 }, () => deliver(callback)));
      expect(answers.filter(({ status }) => status === 303)).toHaveLength(1);
      expect(answers.filter(({ body }) => body.code === 'identity.flow_over')).toHaveLength(9);
      expect(provider.tokenRequests.length - before, 'the provider was asked once').toBe(1);
      const failed = await answered(company);
      const wrong = new URL(failed.callback);
      wrong.searchParams.set('code', 'wrong');
      expect((await deliver(wrong)).location).toBe(`${RETURN}?error=identity.sign_in_failed`);
      expect(await deliver(failed.callback)).toMatchObject(over);
    });

    it('that is too late', async () => {
      const company = await companyOf();
      const { callback } = await answered(company);
      await company.sql('update identity_flow set expires_at = now()');
      expect(await deliver(callback)).toMatchObject(over);
    });

    it('of another company, or of another provider of this one', async () => {
      const [acme, globex] = [await companyOf(), await companyOf()];
      const [mine, theirs] = [await answered(acme), await answered(globex)];
      for (const callback of [mine.callback, theirs.callback]) {
        const crossed = new URL(callback);
        crossed.pathname = (callback === mine.callback ? theirs : mine).callback.pathname;
        expect(await deliver(crossed)).toMatchObject(over);
      }
      const second = new URL(mine.callback);
      second.searchParams.set('code', theirs.callback.searchParams.get('code')!);
      expect((await deliver(second)).location, 'the code of another flow').toBe(`${RETURN}?error=identity.sign_in_failed`);
    });

    it('of a provider that was removed, switched off or led elsewhere meanwhile', async () => {
      const company = await companyOf();
      const known = { issuer: provider.issuer, client_id: provider.clientId, client_secret: provider.secret, return_urls: [RETURN] };
      const path = '/api/company/identity-providers/acme';
      for (const change of [{ is_enabled: false }, { client_id: 'another' }]) {
        const { callback } = await answered(company);
        await company.admin.put(path, { ...known, ...change });
        expect([400, 404]).toContain((await deliver(callback)).status);
        await company.admin.put(path, known);
      }
      const { callback } = await answered(company);
      await company.admin.delete(path);
      expect(await deliver(callback)).toMatchObject(over);
    });

    it('in another browser than began, where a cookie binds it', async () => {
      const company = await companyOf();
      const [victim, attacker] = [world.browser(), world.browser()];
      const { body: begun, response } = await attacker.fetch(world.startAddress(company));
      expect(response.status).toBe(303);
      const cookie = response.headers.get('set-cookie')!;
      expect(cookie).toMatch(/^__Host-outside-[0-9a-f]{12}=[\w-]{43}; Path=\/; Secure; HttpOnly; SameSite=Lax; Max-Age=600$/);
      expect(begun.authorization_url).toBe(response.headers.get('location'));
      const there = await fetch(begun.authorization_url, { redirect: 'manual' });
      const callback = there.headers.get('location')!;
      expect((await victim.visit(callback)).body.code, 'somebody who is sent there').toBe('identity.flow_over');
      const { code } = await world.comesBack(callback, attacker);
      expect((await victim.fetch(`${world.publicUrl}/api/auth/oidc/exchange`, { method: 'POST', json: { code } })).body.code).toBe(
        'identity.flow_over',
      );
      expect(
        (await attacker.fetch(`${world.publicUrl}/api/auth/oidc/exchange`, { method: 'POST', json: { code } })).body.mfa_required,
      ).toBe(false);
    });
  });

  describe('a code', () => {
    it('without its handle, with another’s, spent, late, or that is none', async () => {
      const company = await companyOf();
      const [mine, other] = [await world.away(company), await world.away(company)];
      const refused = async (code: string | null, handle?: string) => {
        const { status, body } = await world.exchange(code, handle);
        return [status, body.code];
      };
      const over = [400, 'identity.flow_over'];
      expect(await refused(mine.code)).toEqual(over);
      expect(await refused(mine.code, other.handle)).toEqual(over);
      expect(await refused(other.code, mine.handle)).toEqual(over);
      expect(await refused(altered(mine.code!), mine.handle)).toEqual(over);
      expect(await refused(mine.handle, mine.handle)).toEqual(over);
      expect((await world.exchange(mine.code, mine.handle)).status, 'none of it spent the right ones').toBe(200);
      expect(await refused(mine.code, mine.handle)).toEqual(over);
      await company.sql('update identity_flow set code_expires_at = now()');
      expect(await refused(other.code, other.handle)).toEqual(over);
    });

    it('the second time, however many ask at once', async () => {
      const company = await companyOf();
      const { code, handle } = await world.away(company);
      const answers = await Promise.all(Array.from({ length: 20 }, () => world.exchange(code, handle)));
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
      expect(await sessions(company)).toBe(1);
    });

    it('at every other door', async () => {
      const company = await companyOf();
      const { code, handle } = await world.away(company);
      const state = new URL((await world.start(company)).body.authorization_url).searchParams.get('state')!;
      for (const token of [code!, handle, state]) {
        expect((await world.call('GET', '/api/users/me', { token })).status).toBe(401);
        expect((await world.call('POST', '/api/auth/refresh', { body: { refresh_token: token } })).status).toBe(401);
        expect((await world.call('POST', '/api/auth/verify-mfa', { body: { code: '123456', mfa_token: token } })).status).toBe(401);
      }
      expect((await world.exchange(state, handle)).body.code).toBe('identity.flow_over');
      expect((await world.exchange(code, handle)).status).toBe(200);
    });
  });

  it.each([
    'https://evil.test/signed-in',
    `${RETURN}/more`,
    `${RETURN}?x=1`,
    `${RETURN}#x`,
    `${RETURN}.evil.test`,
    'https://app.test.evil.test/signed-in',
    'https://app.test@evil.test/signed-in',
    'HTTPS://APP.TEST/signed-in',
    'https://app.test:443/signed-in',
    'https://app.test/./signed-in',
    'https://app.test\\signed-in',
    '//app.test/signed-in',
    '/signed-in',
    'javascript:alert(1)',
  ])('to return to %s', async (returnTo) => {
    const company = await companyOf();
    expect((await world.start(company, { return_to: returnTo })).body).toMatchObject({ status: 400, code: 'identity.return_not_allowed' });
    const { response } = await world.browser().fetch(world.startAddress(company, returnTo));
    expect([response.status, response.headers.get('location'), response.headers.get('set-cookie')]).toEqual([400, null, null]);
  });

  it('an answer from a private address that the metadata leads to, and one that is redirected or too large', async () => {
    const company = await world.company();
    const put = async (metadata: object) => {
      provider.script = { metadata: metadata as Record<string, unknown> };
      const { status, body } = await company.admin.put('/api/company/identity-providers/acme', { issuer: provider.issuer, client_id: 'x' });
      return [status, body.code];
    };
    const refused = [400, 'identity.provider_refused'];
    expect(await put({ issuer: 'https://another.test' })).toEqual(refused);
    expect(await put({ issuer: undefined })).toEqual(refused);
    expect(await put({ token_endpoint: undefined })).toEqual(refused);
    expect(await put({ jwks_uri: 'not an address' })).toEqual(refused);
    expect(await put({ padding: 'x'.repeat(600_000) })).toEqual(refused);
    expect(await put({})).toEqual([200, undefined]);
  });

  it('to remember for long who was under way', async () => {
    const company = await companyOf();
    await world.start(company);
    await world.start(company);
    const [old] = await company.sql(
      `update identity_flow set expires_at = now() - interval '25 hours' where id = (select id from identity_flow limit 1) returning id`,
    );
    await world.owner.query('select app.purge_identity_flows()');
    const left = await company.sql('select id from identity_flow');
    expect(left).toHaveLength(1);
    expect(left).not.toContainEqual(old);
  });
});
