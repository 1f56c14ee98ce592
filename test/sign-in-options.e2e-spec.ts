import { RealOpenId } from './simulators/real-openid.js';
import { OpenIdWorld } from './support/open-id-world.js';

describe('What a login page may offer', () => {
  let world: OpenIdWorld;
  let provider: RealOpenId;
  beforeAll(async () => {
    [world, provider] = await Promise.all([OpenIdWorld.open(), RealOpenId.start()]);
  });
  afterAll(async () => {
    await Promise.all([world.stop(), provider.stop()]);
  });
  const options = (domain: string) => world.call('GET', `/api/auth/sign-in-options?company_domain=${encodeURIComponent(domain)}`);
  const nothing = (domain: string) => ({
    company_domain: domain,
    company_name: null,
    identity_providers: [],
    password: true,
    passkeys: true,
  });

  it('names the identity providers of a company that has some, as it calls them, and the company', async () => {
    const company = await world.companyOf(provider, { display_name: 'Acme Entra ID' });
    expect((await company.admin.get('/api/company/identity-providers/acme')).body.display_name).toBe('Acme Entra ID');
    const { status, body } = await options(` ${company.domain.toUpperCase()} `);
    expect(status).toBe(200);
    expect(body).toEqual({
      ...nothing(company.domain),
      company_name: 'Acme',
      identity_providers: [{ name: 'acme', display_name: 'Acme Entra ID' }],
    });
    await world.companyOf(provider, {}, company);
    expect((await options(company.domain)).body.identity_providers).toEqual([{ name: 'acme' }]);
    const { body: started } = await world.start(company);
    expect(started.authorization_url).toContain(provider.issuer);
  });

  it('tells no stranger that a company is there which has none, or has switched it off', async () => {
    const [without, off] = [await world.company(), await world.companyOf(provider, { is_enabled: false })];
    for (const domain of [without.domain, off.domain, 'nobody-has-this.test'])
      expect(await options(domain).then(({ status, body }) => [status, body])).toEqual([200, nothing(domain)]);
    expect((await options('not a domain')).body).toEqual(nothing('not a domain'));
    expect((await world.call('GET', '/api/auth/sign-in-options')).body.code).toBe('request.invalid');
    expect((await options('x'.repeat(254))).status).toBe(400);
  });
});
