import { CognitoPool } from './simulators/cognito.js';
import { ScriptedOpenId } from './simulators/scripted-openid.js';
import { type ConsoleCompany, ConsoleWorld, hasChromium, PASSWORD, PHONE, type Visitor } from './support/console-browser.js';

/** What an administrator does at the console for the people and the settings of a company. */
describe.skipIf(!hasChromium)('A company, at the console', () => {
  let world: ConsoleWorld;
  let openId: ScriptedOpenId;
  let pool: CognitoPool;
  const visitors: Visitor[] = [];
  beforeAll(async () => {
    [openId, pool] = await Promise.all([ScriptedOpenId.start(), CognitoPool.start()]);
    world = await ConsoleWorld.start({ PRIVATE_DESTINATIONS: 'true', PROVIDER_ENDPOINTS: JSON.stringify({ cognito: pool.url }) });
  }, 120_000);
  afterEach(async () => {
    const errors = visitors.flatMap((visitor) => visitor.errors);
    await Promise.all(visitors.splice(0).map((visitor) => visitor.close()));
    if (errors.length > 0) throw new Error(`The pages logged: ${errors.join('; ')}`);
  });
  afterAll(() => Promise.all([world?.stop(), openId?.stop(), pool?.stop()]));

  const comes = async (person: { email: string }, path: string) => {
    const visitor = await world.signedIn(person);
    visitors.push(visitor);
    await visitor.opens(path);
    return visitor;
  };
  const colleague = async (company: ConsoleCompany, name: string, role: string) => {
    const email = `${name.split(' ')[0]!.toLowerCase()}@${company.domain}`;
    await world.call('POST', '/api/users/invitations', { email, role }, await world.token(company));
    const token = (await world.link(email, 'accept-invitation')).split('#token=')[1]!;
    return (await world.call('POST', '/api/auth/accept-invitation', { token, full_name: name, password: PASSWORD })) as {
      id: string;
      email: string;
    };
  };
  const button = ({ page }: Visitor, name: string | RegExp) =>
    page.getByRole('button', { name, ...(typeof name === 'string' && { exact: true }) });
  const dialog = ({ page }: Visitor) => page.getByRole('dialog');
  const chooses = async ({ page }: Visitor, label: string, option: string) => {
    await page.getByLabel(label, { exact: true }).first().click();
    await page.getByRole('option', { name: option, exact: true }).click();
  };

  it('invites people, invites them again, and takes invitations back', async () => {
    const company = await world.company();
    const ada = await comes(company, '/people');
    await button(ada, 'Invite').click();
    await dialog(ada).getByLabel('E-mail').fill(`grace@${company.domain}`);
    await chooses(ada, 'Role', 'Manager');
    await button(ada, 'Send the invitation').click();
    const row = ada.page.getByRole('row', { name: new RegExp(`grace@${company.domain}`) });
    await row.getByText('Manager').waitFor();
    await world.link(`grace@${company.domain}`, 'accept-invitation');

    await row.getByRole('button', { name: /Withdraw/ }).click();
    await dialog(ada).getByRole('button', { name: 'Withdraw' }).click();
    await ada.page.getByText('No open invitations').waitFor();
  });

  it('finds people, and keeps in the address what was searched for', async () => {
    const company = await world.company();
    await colleague(company, 'Grace Hopper', 'user');
    const ada = await comes(company, '/people');
    await ada.page.getByRole('searchbox').fill('hopp');
    await ada.page.getByRole('link', { name: 'Ada Lovelace' }).waitFor({ state: 'detached' });
    expect(new URL(ada.page.url()).search).toBe('?search=hopp');
    await ada.page.reload();
    await ada.page.getByRole('link', { name: 'Grace Hopper' }).waitFor();
    await ada.page.getByRole('searchbox').fill('nobody');
    await ada.page.getByText('Nobody found').waitFor();
  });

  it('changes a role, shuts a person out, and erases them once their e-mail is typed', async () => {
    const company = await world.company();
    const grace = await colleague(company, 'Grace Hopper', 'user');
    const ada = await comes(company, `/people/${grace.id}`);
    await ada.sees('Grace Hopper');
    await chooses(ada, 'Role', 'Manager');
    await button(ada, 'Save').click();
    await ada.page.getByText('Saved', { exact: true }).waitFor();

    await button(ada, 'Deactivate').click();
    await dialog(ada).getByRole('button', { name: 'Deactivate' }).click();
    await button(ada, 'Activate').waitFor();
    const token = await world.token(company);
    expect(await world.call('GET', `/api/users/${grace.id}`, undefined, token)).toMatchObject({ role: 'manager', is_active: false });

    await button(ada, 'Erase all data').click();
    const erase = dialog(ada).getByRole('button', { name: 'Erase all data' });
    expect(await erase.isDisabled()).toBe(true);
    await dialog(ada)
      .getByLabel(/To confirm/)
      .fill(grace.email);
    await erase.click();
    await ada.sees('People');
    await expect(world.call('GET', `/api/users/${grace.id}`, undefined, token)).rejects.toThrow('404');
  });

  it('shows managers people, and nothing to do to them', async () => {
    const company = await world.company();
    const grace = await colleague(company, 'Grace Hopper', 'user');
    const mary = await colleague(company, 'Mary Shelley', 'manager');
    const manager = await comes(mary, `/people/${grace.id}`);
    await manager.sees('Grace Hopper');
    expect(await button(manager, /Deactivate|Erase|Save/).count()).toBe(0);
    await manager.opens('/people');
    expect(await button(manager, 'Invite').count()).toBe(0);
    await manager.opens('/api-keys');
    await manager.sees('Profile');
  });

  it('changes of the policy what was changed, and keeps the rest', async () => {
    const company = await world.company();
    const ada = await comes(company, '/company');
    await world.call('PATCH', '/api/company', { policy: { max_sessions: 7 } }, await world.token(company));
    await chooses(ada, 'Manager', 'Required');
    await ada.page.getByLabel('Longest session (hours)').fill('12');
    await ada.page.getByLabel('Home country').first().fill('Spain');
    await ada.page.getByRole('option', { name: 'Spain', exact: true }).click();
    await button(ada, 'Save').click();
    await ada.page.getByText('Everything is saved.').waitFor();
    expect(await world.policyOf(company)).toMatchObject({
      mfa: { manager: 'required' },
      session_hours: 12,
      default_region: 'ES',
      max_sessions: 7,
    });
  });

  it('asks before changes that are not saved are lost: to a link, to the way back, to a page that is closed', async () => {
    const company = await world.company();
    const ada = await comes(company, '/channels');
    const { page } = ada;
    const leaves = (to: string) => page.getByRole('navigation').getByRole('link', { name: to, exact: true }).click();
    const name = page.getByRole('textbox', { name: 'Name', exact: true });
    await leaves('Policy');
    await name.fill('Acme of tomorrow');
    await leaves('Webhooks');
    await dialog(ada).getByText('Leave without saving?').waitFor();
    await dialog(ada).getByRole('button', { name: 'Stay here' }).click();
    await dialog(ada).waitFor({ state: 'detached' });
    expect([ada.path(), await name.inputValue()]).toEqual(['/company', 'Acme of tomorrow']);

    await page.evaluate('history.back()');
    await dialog(ada).getByText('Leave without saving?').waitFor();
    await page.keyboard.press('Escape');
    await dialog(ada).waitFor({ state: 'detached' });
    expect([ada.path(), await name.inputValue()]).toEqual(['/company', 'Acme of tomorrow']);

    const asked: string[] = [];
    page.once('dialog', (closing) => {
      asked.push(closing.type());
      void closing.accept();
    });
    await page.reload();
    expect(asked).toEqual(['beforeunload']);
    await ada.settled();
    expect(await name.inputValue()).toBe('Acme');

    await name.fill('Acme of tomorrow');
    await leaves('Webhooks');
    await dialog(ada).getByRole('button', { name: 'Leave' }).click();
    await ada.sees('Webhooks');
    await leaves('Policy');
    await name.fill('Acme of today');
    await button(ada, 'Save').click();
    await page.getByText('Everything is saved.').waitFor();
    await leaves('Webhooks');
    await ada.sees('Webhooks');
  });

  it('lets nobody stay whose session ended, whatever they typed', async () => {
    const company = await world.company();
    const ada = await comes(company, '/company');
    await ada.page.getByRole('textbox', { name: 'Name', exact: true }).fill('Acme of tomorrow');
    await button(ada, 'Sign out').click();
    await ada.sees('Sign in');
  });

  it('adds an identity provider and edits it: what is not touched stays, and so does the secret while it leads to the same', async () => {
    const company = await world.company();
    const ada = await comes(company, '/company');
    const token = await world.token(company);
    const stored = () => world.call('GET', '/api/company/identity-providers/acme', undefined, token);
    await button(ada, 'Add a provider').click();
    await dialog(ada).getByLabel('Short name').fill('acme');
    await dialog(ada).getByLabel('Issuer').fill(openId.issuer);
    await dialog(ada).getByLabel('Client ID').fill(openId.clientId);
    await dialog(ada).getByLabel('Client secret', { exact: true }).fill(openId.secret);
    await dialog(ada).getByRole('button', { name: 'Add a provider' }).click();
    await ada.page.getByRole('row', { name: /acme/ }).waitFor();
    const asSet = { issuer: openId.issuer, client_id: openId.clientId, client_secret: openId.secret };
    const untouched = { role: 'manager', second_factor_acr: ['urn:two'], return_urls: ['https://app.example/back'] };
    await world.call('PUT', '/api/company/identity-providers/acme', { ...asSet, ...untouched }, token);

    await ada.opens('/company');
    await button(ada, 'Edit: acme').click();
    await dialog(ada).getByLabel('Name', { exact: true }).fill('Acme staff');
    await dialog(ada).getByRole('switch', { name: 'In use' }).uncheck();
    await dialog(ada).getByRole('button', { name: 'Save' }).click();
    await ada.page.getByRole('row', { name: /Acme staff.*Paused/ }).waitFor();
    expect(await stored()).toMatchObject({ display_name: 'Acme staff', is_enabled: false, has_secret: true, ...untouched });

    await button(ada, 'Edit: Acme staff').click();
    await dialog(ada).getByRole('switch', { name: 'Just-in-time accounts' }).check();
    expect(await dialog(ada).getByRole('combobox', { name: 'Their role' }).inputValue()).toBe('Manager');
    const domains = dialog(ada).getByRole('combobox', { name: 'E-mail domains' });
    for (const domain of [company.domain, 'no domain']) {
      await domains.fill(domain);
      await domains.press('Enter');
    }
    const more = dialog(ada).getByRole('button', { name: 'Second factor and addresses' });
    await more.click();
    const back = dialog(ada).getByRole('combobox', { name: 'Addresses to come back to' });
    await back.fill('http://elsewhere.example');
    await back.press('Enter');
    await more.click();
    await dialog(ada).getByRole('button', { name: 'Save' }).click();
    await dialog(ada)
      .getByText(/^no domain: /)
      .waitFor();
    await dialog(ada).getByText('http://elsewhere.example: must be an https address').waitFor();
    for (const input of [domains, back]) await input.press('Backspace');
    await dialog(ada).getByRole('button', { name: 'Save' }).click();
    await dialog(ada).waitFor({ state: 'detached' });
    expect(await stored()).toMatchObject({ ...untouched, just_in_time: true, allowed_email_domains: [company.domain] });

    await button(ada, 'Edit: Acme staff').click();
    await dialog(ada).getByLabel('Client ID').fill('another-client');
    await dialog(ada).getByRole('button', { name: 'Save' }).click();
    await dialog(ada).getByText('Type the secret of this client').waitFor();
    await dialog(ada).getByLabel('Client secret', { exact: true }).fill('of-the-other');
    await dialog(ada).getByRole('button', { name: 'Save' }).click();
    await dialog(ada).waitFor({ state: 'detached' });
    expect(await stored()).toMatchObject({ client_id: 'another-client', has_secret: true });

    await button(ada, 'Remove: Acme staff').click();
    await dialog(ada).getByRole('button', { name: 'Remove' }).click();
    await ada.page.getByText('No identity provider yet').waitFor();
  });

  it('sets a Cognito user pool up, edits it without its secret, and removes it', async () => {
    const company = await world.company();
    const ada = await comes(company, '/company');
    const token = await world.token(company);
    await button(ada, 'Set up a user pool').click();
    await dialog(ada).getByLabel('User pool ID').fill(pool.userPoolId);
    await dialog(ada).getByLabel('Client ID').fill(pool.clientId);
    await dialog(ada).getByLabel('Client secret', { exact: true }).fill('of-no-client');
    await dialog(ada).getByRole('button', { name: 'Set up a user pool' }).click();
    await dialog(ada).getByRole('alert').waitFor();
    await dialog(ada).getByLabel('Client secret', { exact: true }).fill(pool.secret);
    await dialog(ada).getByRole('switch', { name: 'Just-in-time accounts' }).check();
    await chooses(ada, 'Their role', 'Manager');
    await dialog(ada).getByRole('button', { name: 'Set up a user pool' }).click();
    await ada.page.getByText('Yes, as Manager').waitFor();

    await button(ada, 'Edit the user pool').click();
    await chooses(ada, 'Asked for passwords', 'The pool alone');
    await dialog(ada).getByRole('button', { name: 'Save' }).click();
    await dialog(ada).getByText('Sign in over this user pool once yourself').waitFor();
    await chooses(ada, 'Asked for passwords', 'The pool is not asked');
    await dialog(ada).getByRole('button', { name: 'Save' }).click();
    await dialog(ada).waitFor({ state: 'detached' });
    expect(await world.call('GET', '/api/company/cognito', undefined, token)).toMatchObject({
      auth_provider: 'native',
      user_pool_id: pool.userPoolId,
      has_secret: true,
      just_in_time: true,
      role: 'manager',
    });
    expect(await ada.page.content()).not.toContain(pool.secret);

    await button(ada, 'Remove the user pool').click();
    await dialog(ada).getByRole('button', { name: 'Remove' }).click();
    await ada.page.getByText('No user pool', { exact: true }).waitFor();
    await expect(world.call('GET', '/api/company/cognito', undefined, token)).rejects.toThrow('404');
  });

  it('sets a provider up from what the provider says it needs, and says how a test ended', async () => {
    const company = await world.company();
    await world.call('PATCH', '/api/company', { policy: { default_region: 'ES' } }, await world.token(company));
    const ada = await comes(company, '/channels/vonage-sms');
    await button(ada, 'Set up').click();
    expect(await ada.page.getByText('This is needed.').count()).toBe(4);

    await ada.opens('/channels/sandbox');
    await button(ada, 'Set up').click();
    await ada.page.getByLabel('Phone number').fill('612 345 678');
    await button(ada, 'Send a test').click();
    await ada.page.getByText(/The vendor took the message|Delivered to/).waitFor();
    await world.mail('+34612345678');

    await chooses(ada, 'Fail', 'definite');
    await button(ada, 'Save').click();
    await ada.page.getByText('Saved', { exact: true }).first().waitFor();
    await ada.page.getByLabel('Phone number').fill('612 345 679');
    await button(ada, 'Send a test').click();
    await ada.page.getByText(/was not sent\./).waitFor();
  });

  it('keeps a stored secret that is not typed, and never shows one', async () => {
    const company = await world.company();
    const token = await world.token(company);
    const settings = { api_key: 'abcd1234', api_secret: 'stored-secret', from: 'Acme', signature_secret: 'stored-signature' };
    await world.call('PUT', '/api/company/channels/vonage-sms', { settings }, token);
    const ada = await comes(company, '/channels/vonage-sms');
    expect(await ada.page.content()).not.toContain('stored-');
    expect(await ada.page.getByPlaceholder('Stored. Type to replace it').count()).toBe(2);
    await ada.page.getByLabel('From').fill('Acme2');
    await button(ada, 'Save').click();
    await ada.page.getByText('Saved', { exact: true }).waitFor();
    expect(await world.call('GET', '/api/company/channels/vonage-sms', undefined, token)).toMatchObject({
      settings: { from: 'Acme2' },
      secrets: ['api_secret', 'signature_secret'],
    });
  });

  it("asks for a provider's settings in the reader's language", async () => {
    const company = await world.company();
    for (const [locale, sender] of [
      ['es-ES', 'Remitente'],
      ['de-DE', 'Absender'],
    ] as const) {
      const ada = await world.signedIn(company, { locale });
      visitors.push(ada);
      await ada.opens('/channels/smtp');
      await ada.page.getByRole('textbox', { name: sender, exact: true }).waitFor();
      expect(await ada.page.getByText('The mail server').count()).toBe(0);
    }
  });

  it('makes an API key that works, shows it once, and revokes it', async () => {
    const company = await world.company();
    const ada = await comes(company, '/api-keys');
    await button(ada, 'Create a key').click();
    await dialog(ada).getByLabel('Name').fill('Shop');
    await dialog(ada).getByRole('button', { name: 'Create a key' }).click();
    const key = await dialog(ada).getByText(/^ww_/).innerText();
    expect(await world.call('GET', '/api/api-key', undefined, key)).toMatchObject({
      name: 'Shop',
      scopes: ['verifications:send', 'verifications:check'],
    });
    await button(ada, 'I have kept it').click();
    await dialog(ada).waitFor({ state: 'detached' });
    expect(await ada.page.content()).not.toContain(key);

    await button(ada, 'Revoke: Shop').click();
    await dialog(ada).getByRole('button', { name: 'Revoke' }).click();
    await ada.page.getByText('Revoked', { exact: true }).waitFor();
    await expect(world.call('GET', '/api/api-key', undefined, key)).rejects.toThrow('401');
  });

  it('makes a webhook, tests it, and shows what its address answered', async () => {
    const company = await world.company();
    const ada = await comes(company, '/webhooks');
    await button(ada, 'Create a webhook').click();
    await dialog(ada).getByLabel('Address').fill(`${world.url}/nowhere`);
    await dialog(ada).getByLabel('Somebody joined').check();
    await dialog(ada).getByRole('button', { name: 'Create a webhook' }).click();
    await dialog(ada)
      .getByText(/^whsec_/)
      .waitFor();
    await button(ada, 'I have kept it').click();
    await ada.sees('Webhook');
    await button(ada, 'Send a test event').click();
    await ada.page.getByRole('row', { name: /webhook\.test.*404/ }).waitFor({ timeout: 20_000 });
    await button(ada, 'Disable').click();
    await button(ada, 'Enable').waitFor();
  });

  it('puts up no barrier that axe-core finds, in either theme, nor scrolls sideways on a phone', async () => {
    const company = await world.company();
    const grace = await colleague(company, 'Grace Hopper', 'user');
    const token = await world.token(company);
    await world.call('PUT', '/api/company/channels/sandbox', { settings: {} }, token);
    await world.call('POST', '/api/company/api-keys', { name: 'Shop', scopes: ['messages:send'], expires_in_days: 5 }, token);
    const hook = { url: `${world.url}/nowhere`, event_types: ['user.created'] };
    const { id } = await world.call('POST', '/api/company/webhooks', hook, token);
    const paths = ['/people', `/people/${grace.id}`, '/company', '/channels', '/channels/sandbox', '/channels/smtp'];
    const found: string[] = [];
    for (const options of [{ colorScheme: 'light' as const }, { colorScheme: 'dark' as const, viewport: PHONE }]) {
      const ada = await world.signedIn(company, options);
      visitors.push(ada);
      for (const path of [...paths, '/api-keys', '/webhooks', `/webhooks/${id}`]) {
        await ada.opens(path);
        found.push(...(await ada.barriers()).map((barrier) => `${path} ${options.colorScheme}: ${barrier}`));
        if ((await ada.overflow()) > 0) found.push(`${path} scrolls sideways`);
      }
    }
    expect(found).toEqual([]);
  }, 120_000);
});
