import { RealOpenId } from './simulators/real-openid.js';
import { OpenIdWorld, RETURN } from './support/open-id-world.js';
import { type Company, PASSWORD, type Person, World } from './support/world.js';

const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString());

describe('Signing in at an OpenID provider', () => {
  let world: OpenIdWorld;
  let provider: RealOpenId;
  beforeAll(async () => {
    [world, provider] = await Promise.all([OpenIdWorld.open(), RealOpenId.start()]);
  });
  afterAll(async () => {
    await Promise.all([world.stop(), provider.stop()]);
  });

  /** A company of the provider's, and somebody with a verified e-mail of its domain. */
  const companyOf = async (settings: object | ((domain: string) => object) = {}): Promise<{ company: Company; who: string }> => {
    const fresh = await world.company();
    const company = await world.companyOf(provider, typeof settings === 'function' ? settings(fresh.domain) : settings, fresh);
    const { body } = await company.admin.get('/api/company/identity-providers/acme');
    provider.knows([body.redirect_uri]);
    const who = `ada-${company.domain}`;
    provider.people[who] = { email: `ada@${company.domain}`, email_verified: true, name: 'Ada Lovelace' };
    provider.signingIn = who;
    return { company, who };
  };
  const justInTime = (domain: string) => ({ just_in_time: true, allowed_email_domains: [domain] });
  const me = (token: string) => world.call('GET', '/api/users/me', { token });
  const linked = async (company: Company, person: Person, who: string) => {
    await company.sql(`insert into identity_link (id, user_id, issuer, subject) values (app.uuidv7(), $1, $2, $3)`, [
      person.id,
      provider.issuer,
      who,
    ]);
  };

  it('makes a person of whoever comes for the first time, where the company says so, and knows them the next time', async () => {
    const { company } = await companyOf(justInTime);
    const first = await world.signsIn(company);
    expect(first.body).toMatchObject({ token_type: 'bearer', mfa_required: false });
    expect(first.headers.get('cache-control')).toBe('no-store');
    expect(claimsOf(first.body.access_token)).toMatchObject({ amr: ['fed'], acr: 'urn:watchword:acr:1', company_id: company.id });
    const { body } = await me(first.body.access_token);
    expect(body).toMatchObject({ email: `ada@${company.domain}`, email_verified: true, full_name: 'Ada Lovelace', role: 'user' });

    const second = await world.signsIn(company);
    expect((await me(second.body.access_token)).body.id).toBe(body.id);
    expect(await company.actions()).toEqual(expect.arrayContaining(['users.created', 'auth.identity_linked', 'auth.signed_in']));
    const refreshed = await world.call('POST', '/api/auth/refresh', { body: { refresh_token: second.body.refresh_token } });
    expect(claimsOf(refreshed.body.access_token).amr).toEqual(['fed']);
  });

  it('knows them by the name their issuer has for them, whatever becomes of their e-mail', async () => {
    const { company, who } = await companyOf(justInTime);
    const before = await me((await world.signsIn(company)).body.access_token);
    provider.people[who]!.email = `countess@${company.domain}`;
    const after = await me((await world.signsIn(company)).body.access_token);
    expect(after.body).toMatchObject({ id: before.body.id, email: `ada@${company.domain}` });
  });

  it('works for a browser with its cookie alone, which is then spent', async () => {
    const { company } = await companyOf(justInTime);
    const browser = world.browser();
    const { code, url } = await world.comesBack(world.startAddress(company), browser);
    expect(url).toMatch(new RegExp(`^${RETURN}\\?code=[\\w-]+$`));
    const [cookie] = browser.cookies(world.publicUrl);
    expect(cookie).toMatch(/^__Host-outside-/);
    const exchange = () => browser.fetch(`${world.publicUrl}/api/auth/oidc/exchange`, { method: 'POST', json: { code } });
    const { body } = await exchange();
    expect((await me(body.access_token)).status).toBe(200);
    expect(browser.cookies(world.publicUrl)).toEqual([]);
    expect((await exchange()).body.code).toBe('identity.flow_over');
    for (const address of browser.visited) expect(address, 'no token stands in an address').not.toMatch(/token=|eyJ/);
  });

  it('puts the session into cookies for a browser that wants it so, as every sign-in does', async () => {
    const { company } = await companyOf(justInTime);
    const { body: begun } = await world.start(company, {});
    const { body } = await world.browser().visit(begun.authorization_url);
    const answer = await world.call('POST', '/api/auth/oidc/exchange', {
      body: { code: body.code, handle: begun.handle },
      headers: { 'x-session-mode': 'cookie' },
    });
    expect(answer.body).toMatchObject({ refresh_token: '', csrf_token: expect.any(String) });
    expect(answer.headers.getSetCookie()[0]).toMatch(/^__Host-watchword-refresh=.*; HttpOnly/);
  });

  it('keeps out whose own e-mail is not confirmed, where the company wants that', async () => {
    const { company, who } = await companyOf();
    const person = await company.person();
    await linked(company, person, who);
    expect((await world.signsIn(company)).body.mfa_required).toBe(false);
    await company.admin.patch('/api/company', { policy: { email_verification: 'required' } });
    expect((await world.signsIn(company)).body.code).toBe('auth.email_not_verified');
    await company.sql('update user_account set email_verified_at = now() where id = $1', [person.id]);
    expect((await world.signsIn(company)).body.mfa_required).toBe(false);
  });

  it('answers in JSON where no address to return to was named', async () => {
    const { company } = await companyOf(justInTime);
    const { body: begun } = await world.start(company, {});
    const { status, body } = await world.browser().visit(begun.authorization_url);
    expect([status, body]).toEqual([200, { code: expect.stringMatching(/^[\w-]+$/), error: null }]);
    expect((await world.exchange(body.code, begun.handle)).body.mfa_required).toBe(false);
  });

  it('lets nobody in whom the company does not know, unless it says so', async () => {
    const { company } = await companyOf();
    expect((await world.signsIn(company)).body).toMatchObject({ status: 403, code: 'identity.not_admitted' });
    expect(await company.sql('select from user_account')).toHaveLength(1);
    expect(await company.actions()).toContain('auth.sign_in_refused');
  });

  it('lets nobody in with an e-mail of another domain, or one that nobody verified', async () => {
    const { company, who } = await companyOf(justInTime);
    for (const person of [
      { email: 'ada@elsewhere.test', email_verified: true },
      { email: `ada@sub.${company.domain}`, email_verified: true },
      { email: `ada@${company.domain}.evil.test`, email_verified: true },
      { email: `ada@${company.domain}`, email_verified: false },
      { email: `ada@${company.domain}` },
      {},
    ]) {
      provider.people[who] = person;
      expect((await world.signsIn(company)).body.code, JSON.stringify(person)).toBe('identity.not_admitted');
    }
    expect(await company.sql('select from identity_link')).toEqual([]);
  });

  it('gives people the role that the company says, and never an administrator’s', async () => {
    const { company } = await companyOf((domain) => ({ ...justInTime(domain), role: 'manager' }));
    expect((await me((await world.signsIn(company)).body.access_token)).body.role).toBe('manager');
    const { status } = await company.admin.put('/api/company/identity-providers/acme', {
      issuer: provider.issuer,
      client_id: provider.clientId,
      role: 'admin',
    });
    expect(status).toBe(400);
  });

  it('keeps a disabled person out, also one who is disabled on the way', async () => {
    const { company, who } = await companyOf();
    const person = await company.person();
    await linked(company, person, who);
    expect((await world.signsIn(company)).status).toBe(200);
    const { code, handle } = await world.away(company);
    await company.admin.post(`/api/users/${person.id}/deactivate`);
    expect((await world.exchange(code, handle)).body.code).toBe('identity.sign_in_failed');
    expect((await world.signsIn(company)).body.code).toBe('identity.sign_in_failed');
    await company.admin.post(`/api/users/${person.id}/activate`);
    expect((await world.signsIn(company)).status).toBe(200);
  });

  it('gives one person to two who arrive at once for the first time', async () => {
    const { company } = await companyOf(justInTime);
    const ways = [await world.away(company), await world.away(company), await world.away(company)];
    const answers = await Promise.all(ways.map(({ code, handle }) => world.exchange(code, handle)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(new Set(answers.map(({ body }) => claimsOf(body.access_token).sub)).size).toBe(1);
  });

  describe('and a second factor', () => {
    it('is asked for after it, of whoever has one', async () => {
      const { company, who } = await companyOf();
      const person = await company.person();
      await person.enablesTotp();
      await linked(company, person, who);
      const due = await world.signsIn(company);
      expect(due.body).toMatchObject({ mfa_required: true, refresh_token: '', factors: [{ type: 'totp' }, {}] });
      expect((await me(due.body.access_token)).body.code).toBe('auth.mfa_required');
      expect((await person.verify(due.body.mfa_token, person.wrongCode())).body.code).toBe('mfa.wrong_code');
      const { status, body } = await person.verify(due.body.mfa_token, await person.code());
      expect(status).toBe(200);
      expect(claimsOf(body.access_token)).toMatchObject({ amr: ['fed', 'otp', 'mfa'], acr: 'urn:watchword:acr:2' });
    });

    it('must be set up where the company demands one', async () => {
      const { company } = await companyOf(justInTime);
      await company.admin.patch('/api/company', { policy: { mfa: { user: 'required' } } });
      const { body } = await world.signsIn(company);
      expect(body).toMatchObject({ mfa_required: true, enrollment_required: true });
      expect((await me(body.mfa_token)).body.code).toBe('auth.mfa_required');
    });
  });

  describe('as a person who has an account', () => {
    const links = (person: Person, provider_ = 'acme') =>
      person.post('/api/auth/identities/start', { provider: provider_, return_to: RETURN });
    const link = async (person: Person) => {
      const { body } = await links(person);
      const { code } = await world.comesBack(body.authorization_url);
      return { code, handle: body.handle as string, finish: () => person.post('/api/auth/identities', { code, handle: body.handle }) };
    };

    it('is possible once that person is signed in and asks for it', async () => {
      const { company, who } = await companyOf();
      const person = await company.person();
      const { status, body } = await (await link(person)).finish();
      expect([status, body]).toEqual([
        201,
        expect.objectContaining({ issuer: provider.issuer, subject: who, email: `ada@${company.domain}` }),
      ]);
      expect((await person.get('/api/auth/identities')).body.data).toHaveLength(1);
      expect((await me((await world.signsIn(company)).body.access_token)).body.id).toBe(person.id);
      expect((await person.delete(`/api/auth/identities/${body.id}`)).status).toBe(200);
      expect((await world.signsIn(company)).body.code).toBe('identity.not_admitted');
    });

    it('takes what only the one who asked has: their session, and the handle', async () => {
      const { company } = await companyOf();
      const [person, other] = [await company.person(), await company.person()];
      const { code, handle } = await link(person);
      expect((await other.post('/api/auth/identities', { code, handle })).body.code).toBe('identity.flow_over');
      expect((await person.post('/api/auth/identities', { code, handle: 'x'.repeat(43) })).body.code).toBe('identity.flow_over');
      expect((await world.exchange(code, handle)).body.code, 'it is no sign-in').toBe('identity.flow_over');
      const away = await world.away(company);
      expect((await person.post('/api/auth/identities', { code: away.code, handle: away.handle })).body.code, 'nor a sign-in a link').toBe(
        'identity.flow_over',
      );
      expect((await person.post('/api/auth/identities', { code, handle })).status).toBe(201);
    });

    it('takes no identity that is another’s, and is asked for anew by a session that is old or lacks its second factor', async () => {
      const { company } = await companyOf();
      const [person, other] = [await company.person(), await company.person()];
      await (await link(person)).finish();
      expect((await (await link(other)).finish()).body.code).toBe('identity.already_linked');
      const withoutFactor = other.token;
      await other.signsIn();
      await other.enablesTotp();
      const withFactor = other.token;
      other.token = withoutFactor;
      expect((await links(other)).body.code).toBe('mfa.fresh_sign_in_required');
      other.token = withFactor;
      expect((await links(other)).status).toBe(200);
      await company.sql(`update session set auth_time = now() - interval '1 hour' where user_id = $1`, [other.id]);
      expect((await links(other)).body.code).toBe('mfa.fresh_sign_in_required');
    });

    it('leaves a way in', async () => {
      const { company } = await companyOf(justInTime);
      const { body } = await world.signsIn(company);
      const token = body.access_token;
      const [only] = (await world.call('GET', '/api/auth/identities', { token })).body.data;
      expect((await world.call('DELETE', `/api/auth/identities/${only.id}`, { token })).body.code).toBe('identity.last_way_in');
    });

    it('is never a matter of the e-mail alone', async () => {
      const { company, who } = await companyOf(justInTime);
      const person = await company.person('user', 'ada');
      expect(person.email).toBe(provider.people[who]!.email);
      expect((await world.signsIn(company)).body.code).toBe('identity.link_required');
      provider.people[who]!.email = company.admin.email;
      expect((await world.signsIn(company)).body.code).toBe('identity.link_required');
      provider.people[who]!.email = person.email.toUpperCase();
      expect((await world.signsIn(company)).body.code).toBe('identity.link_required');
      expect(await company.sql('select from identity_link')).toEqual([]);
    });

    describe('whose e-mail is the same, where the company lets verified ones be joined', () => {
      const joining = (domain: string) => ({ allowed_email_domains: [domain], link_verified_emails: true });
      /** An account nobody has used, as an import or an invitation leaves it. */
      const unused = async (company: Company) => {
        const id = (await company.person('user', 'ada')).id;
        await company.sql('delete from session where user_id = $1', [id]);
        await company.sql('update user_account set last_login_at = null where id = $1', [id]);
        return id;
      };
      const forgetsTrail = (company: Company) =>
        world.superuser.query(`update audit_event set action = 'x' where tenant_id = $1 and action = 'auth.signed_in'`, [company.id]);

      it('becomes theirs when nobody has used it, and its password is nobody’s any more', async () => {
        const { company } = await companyOf(joining);
        const id = await unused(company);
        await forgetsTrail(company);
        const { body } = await world.signsIn(company);
        expect((await me(body.access_token)).body).toMatchObject({ id, email_verified: true });
        const login = { email: `ada@${company.domain}`, password: PASSWORD, company_domain: company.domain };
        expect((await world.call('POST', '/api/auth/login', { body: login })).body.code).toBe('auth.invalid_credentials');
      });

      it.each<[string, (company: Company, id: string) => Promise<unknown>]>([
        ['was signed in to', async () => undefined],
        [
          'has a session',
          async (company, id) => {
            await forgetsTrail(company);
            await company.sql(
              `insert into session (id, user_id, token_hash, amr, acr, expires_at) values (app.uuidv7(), $1, '', '{}', '', now())`,
              [id],
            );
          },
        ],
        [
          'has a sign-in under way',
          async (company, id) => {
            await forgetsTrail(company);
            await company.sql(`insert into sign_in (id, user_id, expires_at) values (app.uuidv7(), $1, now())`, [id]);
          },
        ],
        [
          'has a factor, if only begun',
          async (company, id) => {
            await forgetsTrail(company);
            await company.sql(`insert into mfa_factor (id, user_id, type, state) values (app.uuidv7(), $1, 'totp', '')`, [id]);
          },
        ],
        [
          'was last seen',
          async (company, id) => {
            await forgetsTrail(company);
            await company.sql('update user_account set last_login_at = now() where id = $1', [id]);
          },
        ],
        [
          'was used before its e-mail was verified',
          async (company, id) => {
            await company.sql('update user_account set email_verified_at = now(), last_login_at = now() where id = $1', [id]);
          },
        ],
      ])('stays its own when it %s', async (_, prepare) => {
        const { company } = await companyOf(joining);
        const id = await unused(company);
        await prepare(company, id);
        expect((await world.signsIn(company)).body.code).toBe('identity.link_required');
        expect(await company.sql('select from identity_link')).toEqual([]);
        expect(
          (
            await world.call('POST', '/api/auth/login', {
              body: { email: `ada@${company.domain}`, password: PASSWORD, company_domain: company.domain },
            })
          ).status,
        ).toBe(200);
      });

      it('becomes theirs when it was used only after its e-mail was verified, and keeps its password', async () => {
        const { company } = await companyOf(joining);
        const person = await company.person('user', 'ada');
        await company.sql(`update user_account set email_verified_at = created_at where id = $1`, [person.id]);
        expect((await me((await world.signsIn(company)).body.access_token)).body.id).toBe(person.id);
        expect((await person.login()).status).toBe(200);
      });

      it('stays its own when the provider has not verified the e-mail', async () => {
        const { company, who } = await companyOf(() => ({ link_verified_emails: true }));
        await unused(company);
        await forgetsTrail(company);
        provider.people[who]!.email_verified = false;
        expect((await world.signsIn(company)).body.code, 'as if nobody had it').toBe('identity.not_admitted');
      });
    });
  });
});

describe('The identity providers of a company', () => {
  let world: OpenIdWorld;
  let plain: World;
  let provider: RealOpenId;
  beforeAll(async () => {
    plain = new World();
    [world, provider] = await Promise.all([OpenIdWorld.open(), RealOpenId.start()]);
  });
  afterAll(async () => {
    await Promise.all([world.stop(), plain.stop(), provider.stop()]);
  });
  const known = () => ({ issuer: provider.issuer, client_id: provider.clientId });
  const PATH = '/api/company/identity-providers/acme';

  it('are set up by its administrators, and no secret is read back or stands in the database', async () => {
    const { admin } = await world.companyOf(provider);
    const manager = await admin.company.person('manager');
    const { body } = await admin.get(PATH);
    expect(body).toMatchObject({
      name: 'acme',
      has_secret: true,
      scopes: ['openid', 'email', 'profile'],
      just_in_time: false,
      role: 'user',
    });
    expect(body.redirect_uri).toMatch(new RegExp(`^${world.publicUrl}/api/auth/oidc/callback/[0-9a-f-]{36}$`));
    expect(JSON.stringify([body, (await admin.get('/api/company/identity-providers')).body])).not.toContain(provider.secret);
    for (const table of ['identity_provider', 'audit_event'])
      expect(JSON.stringify(await admin.company.sql(`select t::text from ${table} t`))).not.toContain(provider.secret);
    for (const answer of [await manager.get(PATH), await manager.put(PATH, known()), await manager.delete(PATH)])
      expect(answer.status).toBe(403);
    expect((await admin.delete(PATH)).status).toBe(200);
    expect((await admin.get(PATH)).body.code).toBe('identity.provider_not_found');
    expect(await admin.company.actions()).toEqual(
      expect.arrayContaining(['company.identity_provider_set', 'company.identity_provider_removed']),
    );
  });

  it('keep their secret while they lead to the same client, and no longer', async () => {
    const { admin } = await world.companyOf(provider);
    const hasSecret = async (change: object) => (await admin.put(PATH, { ...known(), ...change })).body.has_secret;
    expect(await hasSecret({})).toBe(true);
    expect(await hasSecret({ client_id: 'another' })).toBe(false);
    expect(await hasSecret({ client_secret: 'of this one' })).toBe(true);
    const another = await RealOpenId.start();
    expect(await hasSecret({ issuer: another.issuer })).toBe(false);
    await another.stop();
    expect(await hasSecret({ client_secret: null })).toBe(false);
  });

  it.each<[object, string]>([
    [{ issuer: 'ftp://login.test' }, 'issuer'],
    [{ issuer: 'https://user:pass@login.test' }, 'issuer'],
    [{ issuer: 'https://login.test/?x=1' }, 'issuer'],
    [{ issuer: 'https://login.test/#' }, 'issuer'],
    [{ scopes: ['email'] }, 'scopes'],
    [{ scopes: ['openid', 'a b'] }, 'scopes.1'],
    [{ allowed_email_domains: ['not a domain'] }, 'allowed_email_domains.0'],
    [{ just_in_time: true }, 'allowed_email_domains'],
    [{ return_urls: ['javascript:alert(1)'] }, 'return_urls.0'],
    [{ return_urls: ['data:text/html,x'] }, 'return_urls.0'],
    [{ return_urls: ['http://app.test/x'] }, 'return_urls.0'],
    [{ return_urls: ['https://app.test/x#y'] }, 'return_urls.0'],
    [{ return_urls: ['https://a@app.test/x'] }, 'return_urls.0'],
    [{ return_urls: ['//app.test/x'] }, 'return_urls.0'],
    [{ return_urls: ['https://app.test\\@evil.test'] }, 'return_urls.0'],
    [{ user: 'somebody' }, 'user'],
  ])('are not set up with %j', async (change, field) => {
    const { admin } = await world.company();
    const { status, body } = await admin.put(PATH, { ...known(), ...change });
    expect([status, body.errors?.map((error: { field: string }) => error.field)]).toEqual([400, [field]]);
  });

  it('may return to an app’s own scheme, and to this very machine', async () => {
    const urls = ['https://app.test/x?y=1', 'com.acme.app:/signed-in', 'http://127.0.0.1:3000/x', 'http://localhost/x'];
    const { admin } = await world.companyOf(provider, { return_urls: urls });
    expect((await admin.get(PATH)).body.return_urls).toEqual(urls);
  });

  it('are public https addresses, unless the operator lets companies lead elsewhere', async () => {
    const { admin } = await plain.company();
    for (const issuer of [
      provider.issuer,
      'http://login.example.com',
      'https://127.0.0.1',
      'https://127.0.0.1:5432',
      'https://[::1]/',
      'https://[::ffff:127.0.0.1]/',
      'https://169.254.169.254',
      'https://10.0.0.1',
      'https://localhost',
      'https://2130706433',
      'https://0x7f.1',
    ]) {
      const { status, body } = await admin.put(PATH, { issuer, client_id: 'x' });
      expect([issuer, status, body.code]).toEqual([issuer, 400, 'identity.provider_refused']);
    }
    expect(await admin.company.sql('select from identity_provider')).toEqual([]);
  });

  it('are not set up while they do not answer as one', async () => {
    const { admin } = await world.company();
    const { status, body } = await admin.put(PATH, { issuer: `${provider.issuer}/nowhere`, client_id: 'x' });
    expect([status, body.code]).toEqual([400, 'identity.provider_refused']);
    expect(body.detail).toBe(
      `There is no OpenID metadata at ${provider.issuer}/nowhere/.well-known/openid-configuration, or it is not what that should be.`,
    );
    const almost = await admin.put(PATH, { issuer: `${provider.issuer}/`, client_id: 'x' });
    expect(almost.body.detail).toBe(`The metadata says another issuer: ${provider.issuer}. Write it exactly so, to the last slash.`);
  });

  it('are unknown to strangers, as companies are', async () => {
    const company = await world.companyOf(provider);
    const start = async (domain: string, name: string) => {
      const { status, body } = await world.call('POST', `/api/auth/oidc/${domain}/${name}/start`, { body: {} });
      return [status, body.code, body.detail];
    };
    const refusal = await start(company.domain, 'another');
    expect(refusal).toEqual([404, 'identity.provider_not_found', expect.any(String)]);
    for (const [domain, name] of [
      ['nobody.test', 'acme'],
      ['..', 'acme'],
      [company.id, 'acme'],
      [company.domain, 'ACME'],
      [company.domain, '%27or'],
    ] as const)
      if (domain !== '..') expect(await start(domain, name), `${domain} ${name}`).toEqual(refusal);
    await world.companyOf(provider, { is_enabled: false }, company);
    expect(await start(company.domain, 'acme')).toEqual(refusal);
  });
});
