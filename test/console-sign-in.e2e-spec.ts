import { generateSync } from 'otplib';
import { type ConsoleCompany, ConsoleWorld, hasChromium, PASSWORD, type Visitor } from './support/console-browser.js';

if (!hasChromium) console.warn('The console is not tested: Chromium cannot be found here (Debian: chromium).');

describe.skipIf(!hasChromium)('Signing in at the console', () => {
  let world: ConsoleWorld;
  beforeAll(async () => {
    world = await ConsoleWorld.start();
  });
  afterAll(() => world?.stop());

  const fills = async ({ page }: Visitor, { email }: { email: string }, password = PASSWORD) => {
    await page.getByLabel('E-mail').fill(email);
    await page.getByLabel('Password', { exact: false }).first().fill(password);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  };
  const invited = async (company: ConsoleCompany, name: string, role = 'user') => {
    const email = `${name}@${company.domain}`;
    const token = await world.token(company);
    await world.call('POST', '/api/users/invitations', { email, role }, token);
    const link = await world.link(email, 'accept-invitation');
    await world.call('POST', '/api/auth/accept-invitation', { token: link.split('#token=')[1], full_name: name, password: PASSWORD });
    return { email };
  };

  it('leads to the page that was asked for, and nowhere else', async () => {
    const company = await world.company();
    const visitor = await world.visitor();
    await visitor.opens('/account/security');
    expect([visitor.path(), await visitor.heading()]).toEqual(['/sign-in', 'Sign in']);
    await fills(visitor, company);
    await visitor.sees('Security');
    expect(visitor.path()).toBe('/account/security');

    const lured = await world.visitor();
    await lured.opens(`/sign-in?next=${encodeURIComponent('//elsewhere.example/x')}`);
    await fills(lured, company);
    await lured.page.waitForURL((url) => url.pathname === '/');
    expect(new URL(lured.page.url()).origin).toBe(world.url);
    expect([...visitor.errors, ...lured.errors]).toEqual([]);
  });

  it('says in words what is wrong, keeps what was typed, and tells nothing of who exists', async () => {
    const company = await world.company();
    const visitor = await world.visitor();
    await visitor.opens('/sign-in');
    await fills(visitor, company, 'not the password');
    const said = await visitor.page.getByRole('alert').innerText();
    expect(said).toMatch(/check the e-mail and the password/);
    expect(await visitor.page.getByLabel('E-mail').inputValue()).toBe(company.email);
    await visitor.page.getByLabel('E-mail').fill(`nobody@${company.domain}`);
    const answered = visitor.page.waitForResponse('**/api/auth/login');
    await visitor.page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await answered;
    expect(await visitor.page.getByRole('alert').innerText()).toBe(said);
  });

  it('outlives a reload, keeps no token where scripts find it, and ends in every tab at once', async () => {
    const company = await world.company();
    const visitor = await world.visitor();
    await visitor.opens('/sign-in');
    await fills(visitor, company);
    await visitor.page.waitForURL((url) => url.pathname === '/');
    await visitor.page.reload();
    await visitor.settled();
    expect(visitor.path()).toBe('/');

    const [cookies, kept] = [
      await visitor.context.cookies(),
      await visitor.page.evaluate('JSON.stringify({ ...localStorage, ...sessionStorage })'),
    ];
    expect(cookies.find(({ name }) => name === '__Host-watchword-refresh')).toMatchObject({
      httpOnly: true,
      secure: true,
      sameSite: 'Strict',
    });
    expect(await visitor.page.evaluate('document.cookie')).not.toContain('watchword-refresh');
    expect(kept).not.toMatch(/eyJ|token/i);

    const second = await visitor.context.newPage();
    await second.goto('/account');
    await second.getByRole('heading', { name: 'Profile' }).waitFor();
    await visitor.page.getByRole('button', { name: 'Sign out' }).click();
    await visitor.page.waitForURL('**/sign-in');
    await second.waitForURL('**/sign-in');
    await second.goto('/account');
    await second.waitForURL('**/sign-in?next=*');
  });

  it('refreshes once for many tabs: none of them loses the session', async () => {
    const company = await world.company();
    const visitor = await world.signedIn(company);
    const tabs = await Promise.all(Array.from({ length: 4 }, () => visitor.context.newPage()));
    await Promise.all(tabs.map((tab) => tab.goto('/account/sessions')));
    for (const tab of tabs) await tab.getByRole('heading', { name: 'Sessions and devices' }).waitFor();
    expect(tabs.map((tab) => new URL(tab.url()).pathname)).toEqual(Array(4).fill('/account/sessions'));
  });

  it('takes a forgotten password to a new one', async () => {
    const company = await world.company();
    const visitor = await world.visitor();
    await visitor.opens('/sign-in');
    await visitor.page.getByRole('link', { name: /Forgotten/ }).click();
    await visitor.sees('Forgotten password');
    await visitor.page.getByLabel('E-mail').fill(company.email);
    await visitor.page.getByRole('button', { name: 'Send the link' }).click();
    await visitor.page.getByText('a link is on its way').waitFor();

    await visitor.page.goto(await world.link(company.email, 'reset-password'));
    await visitor.page.getByLabel('New password').fill('another walk by day');
    expect(visitor.page.url()).not.toContain('token');
    await visitor.page.getByRole('button', { name: 'Set the password' }).click();
    await visitor.page.getByText('Sign in with the new one.').waitFor();
    await visitor.page.getByRole('link', { name: 'Sign in' }).click();
    await visitor.sees('Sign in');
    await fills(visitor, company, 'another walk by day');
    await visitor.page.waitForURL((url) => url.pathname === '/');
  });

  it('says so when a link is old, and when half of it is missing', async () => {
    const visitor = await world.visitor();
    await visitor.opens('/reset-password');
    expect(await visitor.heading()).toBe('This link is incomplete');
    await visitor.opens('/verify-email#token=not-a-token-of-ours');
    await visitor.page.getByRole('button', { name: 'Confirm' }).click();
    expect(await visitor.page.getByRole('alert').innerText()).toMatch(/It may be old, or have been used/);
  });

  it('offers what helps, and not the same button, where a link is spent', async () => {
    const company = await world.company();
    const visitor = await world.visitor();
    const { page } = visitor;
    const link = await world.link(company.email, 'verify-email');
    await page.goto(link);
    await page.getByRole('button', { name: 'Confirm' }).click();
    await page.getByText('Your e-mail is confirmed.').waitFor();
    await page.goto('about:blank');
    await page.goto(link);
    await page.getByRole('button', { name: 'Confirm' }).click();
    await visitor.sees('This link does not work any more');
    expect(await page.getByRole('button', { name: 'Confirm' }).count()).toBe(0);
    await page.getByLabel('E-mail').fill(company.email);
    await page.getByRole('button', { name: 'Send another link' }).click();
    await page.getByText(`If the address ${company.email} is still to be confirmed`).waitFor();
    expect(await visitor.barriers()).toEqual([]);
    await page.getByRole('link', { name: 'Go to sign-in' }).click();
    await visitor.sees('Sign in');

    await visitor.opens('/reset-password#token=not-a-token-of-ours');
    await page.getByLabel('New password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Set the password' }).click();
    await page.getByRole('link', { name: 'Ask for another link' }).click();
    await visitor.sees('Forgotten password');

    await visitor.opens('/accept-invitation#token=not-a-token-of-ours');
    await page.getByText('ask whoever invited you').waitFor();
    await page.getByRole('link', { name: 'Go to sign-in' }).click();
    await visitor.sees('Sign in');
  });

  it('sets a factor up first, where the company demands one', async () => {
    const company = await world.company();
    const person = await invited(company, 'grace');
    await world.call('PATCH', '/api/company', { policy: { mfa: { user: 'required' }, default_region: 'ES' } }, await world.token(company));
    const visitor = await world.visitor();
    await visitor.opens('/sign-in');
    await fills(visitor, person);
    await visitor.page.waitForURL('**/sign-in/set-up');
    await visitor.page.getByRole('button', { name: /Code by SMS/ }).click();
    await visitor.page.getByLabel('Phone number').fill('+34 612 345 678');
    await visitor.page.getByRole('button', { name: 'Send a code' }).click();
    await visitor.page.getByText('A code is on its way to').waitFor();
    const { code } = await world.mail('+34612345678');
    await visitor.page.getByRole('textbox', { name: /^Code/ }).fill(code!);
    await visitor.page.getByRole('button', { name: 'Confirm' }).click();
    await visitor.page.getByText('Your second factor is set up').waitFor();
    expect(await visitor.page.getByRole('list', { name: 'Backup codes' }).getByRole('listitem').count()).toBe(10);
    await visitor.page.getByRole('button', { name: 'To sign-in' }).click();
    await visitor.sees('Sign in');

    // The page of the second factor: a code by SMS, with a countdown before the next.
    await fills(visitor, person);
    await visitor.page.waitForURL('**/sign-in/second-factor');
    await visitor.page.getByRole('button', { name: /Send again in \d+ seconds?/ }).waitFor();
    await expect.poll(async () => (await world.mail('+34612345678', 1)).code).not.toBe(code);
    const { code: second } = await world.mail('+34612345678', 1);
    await visitor.page.getByRole('textbox', { name: /^Code/ }).fill(second!);
    await visitor.page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await visitor.page.waitForURL('**/account');

    // Back leads into the console, not to a spent step.
    await visitor.page.goBack();
    await visitor.settled();
    expect(visitor.path()).not.toMatch(/second-factor|set-up/);
    expect(visitor.errors).toEqual([]);
  });

  it('goes back from the second step to the first, and begins anew after a reload', async () => {
    const company = await world.company();
    const token = await world.token(company);
    await world.call('PATCH', '/api/company', { policy: { mfa: { admin: 'required' } } }, token);
    const visitor = await world.visitor();
    await visitor.opens('/sign-in');
    await fills(visitor, company);
    await visitor.page.waitForURL('**/sign-in/set-up');
    await visitor.page.goBack();
    await visitor.page.waitForURL('**/sign-in');
    await visitor.page.goForward();
    await visitor.page.reload();
    await visitor.page.waitForURL('**/sign-in');
    expect(await visitor.heading()).toBe('Sign in');
  });

  it('asks for a fresh proof where a route wants one, and then goes on by itself', async () => {
    const company = await world.company();
    const visitor = await world.signedIn(company);
    await visitor.opens('/account/security');
    await world.ages(company);
    await visitor.page.getByRole('button', { name: 'Add a factor' }).click();
    await visitor.page.getByRole('button', { name: /Authenticator app/ }).click();
    const dialog = visitor.page.getByRole('dialog', { name: 'Is it still you?' });
    await dialog.getByLabel('Your password').fill(PASSWORD);
    await dialog.getByRole('button', { name: 'Confirm' }).click();
    await visitor.page.getByAltText(/QR code/).waitFor();
  });

  it('does nothing that one person asked as another, who signs in while a fresh proof is still wanted', async () => {
    const [ours, theirs] = [await world.company(), await world.company()];
    const visitor = await world.signedIn(ours);
    await visitor.opens('/people');
    await world.ages(ours);
    await visitor.page.getByRole('button', { name: 'Invite', exact: true }).click();
    const dialog = visitor.page.getByRole('dialog', { name: 'Invite somebody' });
    await dialog.getByLabel('E-mail').fill(`grace@${ours.domain}`);
    await dialog.getByRole('button', { name: /^(Invite|Send)/ }).click();
    const proof = visitor.page.getByRole('dialog', { name: 'Is it still you?' });
    await proof.waitFor();
    const focused = () => visitor.page.locator(':focus').getAttribute('autocomplete');
    await expect.poll(focused, { message: 'typing and Enter prove it', timeout: 15_000 }).toBe('current-password');

    const beside = await visitor.context.newPage();
    await beside.goto('/account');
    await beside.getByRole('button', { name: 'Sign out' }).first().click();
    await visitor.sees('Sign in');
    await expect.poll(() => proof.count(), { timeout: 15_000 }).toBe(0);
    await beside.getByLabel('E-mail').fill(theirs.email);
    await beside.getByLabel('Password').first().fill(PASSWORD);
    await beside.getByRole('button', { name: 'Sign in', exact: true }).click();
    await expect.poll(() => visitor.path(), { timeout: 15_000 }).not.toBe('/sign-in');
    await visitor.settled();
    expect(await proof.count()).toBe(0);
    for (const { email } of [ours, theirs])
      expect((await world.call('GET', '/api/users/invitations', undefined, await world.token({ email }))).data).toEqual([]);
  });

  it('leads who is signed in already to the page that was asked for, also in a tab that stood at the door', async () => {
    const visitor = await world.visitor();
    const company = await world.company();
    await visitor.opens('/sign-in');
    const beside = await visitor.context.newPage();
    await beside.goto('/sign-in?next=%2Faccount%2Fsecurity');
    await beside.getByRole('heading', { name: 'Sign in', exact: true }).waitFor();
    await fills(visitor, company);
    await visitor.page.waitForURL((url) => url.pathname === '/');
    await beside.waitForURL('**/account/security');
    await visitor.opens('/sign-in?next=%2Faccount%2Fsessions%3Fx%3D1');
    expect(await visitor.heading()).toBe('Sessions and devices');
    await visitor.opens('/sign-in?next=%2F%2Felsewhere.example');
    expect(visitor.page.url()).toBe(`${world.url}/`);
  });

  it('leads to the page that was asked for after a second factor, too', async () => {
    const company = await world.company();
    const visitor = await world.signedIn(company);
    await visitor.opens('/account/security');
    await visitor.page.getByRole('button', { name: 'Add a factor' }).click();
    await visitor.page.getByRole('button', { name: /^Code by e-mail/ }).click();
    await visitor.page.getByRole('button', { name: 'Send a code' }).click();
    await visitor.page.getByText('A code is on its way to').waitFor();
    await visitor.page.getByRole('textbox', { name: /^Code/ }).fill(await world.code(company.email));
    await visitor.page.getByRole('button', { name: 'Confirm' }).click();
    const kept = visitor.page.getByRole('list', { name: 'Backup codes' }).getByRole('listitem');
    await kept.first().waitFor();
    const [code] = await kept.allInnerTexts();

    const again = await world.visitor();
    await again.opens('/account/sessions');
    await fills(again, company);
    await again.sees('One more step');
    await again.page.getByRole('button', { name: 'Another way' }).click();
    await again.page.getByRole('button', { name: /Backup codes/ }).click();
    await again.page.getByLabel('Backup code').fill(code!);
    await again.page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await again.sees('Sessions and devices');
  });

  it('shows nothing of one person to another, and leaves no session open that somebody else signs in over', async () => {
    const [first, second] = [await world.company('First'), await world.company('Second')];
    const token = await world.token(first);
    const sessions = () => world.call('GET', '/api/auth/sessions', undefined, token) as Promise<unknown[]>;
    const visitor = await world.visitor();
    // As if the tabs could not tell each other.
    await visitor.context.addInitScript(() => Reflect.deleteProperty(globalThis, 'BroadcastChannel'));
    const beside = await visitor.context.newPage();
    await visitor.opens('/sign-in');
    await beside.goto('/sign-in');
    await beside.getByRole('heading', { name: 'Sign in', exact: true }).waitFor();
    await fills(visitor, first);
    await visitor.page.getByText('First', { exact: true }).first().waitFor();
    expect(await sessions()).toHaveLength(2);

    await beside.getByLabel('E-mail').fill(second.email);
    await beside.getByLabel('Password').first().fill('not the password');
    await beside.getByRole('button', { name: 'Sign in', exact: true }).click();
    await beside.getByRole('alert').waitFor();
    expect(await sessions(), 'who failed to sign in ends nothing').toHaveLength(2);
    await beside.getByLabel('Password').first().fill(PASSWORD);
    await beside.getByRole('button', { name: 'Sign in', exact: true }).click();
    await beside.getByText('Second', { exact: true }).first().waitFor();
    await expect.poll(sessions, { timeout: 15_000 }).toHaveLength(1);

    await visitor.page.getByRole('link', { name: 'Sessions and devices' }).click();
    await visitor.page.getByText('Second', { exact: true }).first().waitFor();
    expect(await visitor.page.getByText('First', { exact: true }).count()).toBe(0);
  });

  it('ends the session of whoever was signed in when somebody else accepts an invitation there', async () => {
    const company = await world.company('Acme');
    const token = await world.token(company);
    const visitor = await world.signedIn(company);
    await visitor.opens('/account');
    await world.call('POST', '/api/users/invitations', { email: `grace@${company.domain}`, role: 'user' }, token);
    await visitor.page.goto(await world.link(`grace@${company.domain}`, 'accept-invitation'));
    await visitor.page.getByLabel('Your name').fill('Grace Hopper');
    await visitor.page.getByLabel('Password').first().fill(PASSWORD);
    await visitor.page.getByRole('button', { name: 'Join' }).click();
    await visitor.page.waitForURL('**/account');
    await expect.poll(() => visitor.page.getByLabel('Name').inputValue(), { timeout: 15_000 }).toBe('Grace Hopper');
    await expect.poll(() => world.call('GET', '/api/auth/sessions', undefined, token), { timeout: 15_000 }).toHaveLength(1);
  });

  it('is not signed in as somebody else by a page elsewhere that sends people through a provider of its own', async () => {
    const company = await world.company();
    const visitor = await world.signedIn(company);
    const exchanges: string[] = [];
    visitor.page.on('request', (request) => request.url().endsWith('/oidc/exchange') && exchanges.push(request.url()));
    await visitor.opens('/sign-in/returned?code=of-the-attacker');
    expect(visitor.path()).toBe('/');

    const stranger = await world.visitor();
    stranger.page.on('request', (request) => request.url().endsWith('/oidc/exchange') && exchanges.push(request.url()));
    await stranger.opens('/sign-in/returned?code=of-the-attacker');
    expect(await stranger.heading()).toBe('Sign in here?');
    expect(exchanges).toEqual([]);
    await stranger.page.getByRole('button', { name: 'Yes, I began this' }).click();
    await stranger.sees('You were not signed in');
    expect(exchanges).toHaveLength(1);
  });

  it('leads whoever must set a passkey up first to where they can, and on from there', async () => {
    const company = await world.company();
    const visitor = await world.signedIn(company);
    await visitor.authenticator();
    await visitor.opens('/company');
    await world.call('PATCH', '/api/company', { policy: { mfa: { admin: 'phishing_resistant' } } }, await world.token(company));
    await visitor.page.goto('/people');
    await visitor.page.getByText('set up a second factor, or a passkey, first').first().waitFor();
    await visitor.page.getByRole('link', { name: 'Set up a factor' }).first().click();
    await visitor.sees('Security');
    await visitor.page.getByRole('button', { name: 'Add a factor' }).click();
    await visitor.page.getByRole('button', { name: /^Passkey/ }).click();
    await visitor.page.getByRole('button', { name: 'Create a passkey' }).click();
    await visitor.page.getByRole('list', { name: 'Backup codes' }).waitFor();
    await visitor.page.getByRole('button', { name: 'I have kept them' }).click();
    await visitor.opens('/people');
    expect(await visitor.heading()).toBe('People');
    await visitor.settled();
    expect(await visitor.page.getByRole('dialog', { name: 'Is it still you?' }).count(), 'who has just set it up').toBe(0);
  });

  it('asks a session of before the company demanded more for the factor that there is by now, and goes on by itself', async () => {
    const company = await world.company();
    const visitor = await world.signedIn(company);
    await visitor.opens('/account');
    const token = await world.token(company);
    await world.call('PATCH', '/api/company', { policy: { mfa: { admin: 'required' } } }, token);
    const { secret } = await world.call('POST', '/api/auth/mfa/setup', {}, token);
    await world.call('POST', '/api/auth/mfa/enable', { code: generateSync({ secret }) }, token);
    await visitor.page.goto('/people');
    const dialog = visitor.page.getByRole('dialog', { name: 'Is it still you?' });
    await dialog.getByRole('textbox', { name: /^Code/ }).fill(generateSync({ secret, epoch: Math.floor(Date.now() / 1000) + 30 }));
    await dialog.getByRole('button', { name: 'Confirm' }).click();
    await visitor.page.getByRole('row', { name: new RegExp(company.email) }).waitFor();
  });

  it("says in the reader's language what is wrong with a field, once", async () => {
    const visitor = await world.visitor({ locale: 'de-DE' });
    await visitor.page.goto('/register');
    await visitor.sees('Unternehmen registrieren');
    await visitor.page.getByLabel('Unternehmen', { exact: false }).first().fill('Acme');
    await visitor.page.getByLabel('Domain').fill('keine domain');
    await visitor.page.getByLabel('Ihr Name').fill('Ada');
    await visitor.page.getByLabel('E-Mail').fill('ada@acme.example');
    await visitor.page.getByLabel('Passwort').first().fill(PASSWORD);
    await visitor.page.getByRole('button', { name: 'Registrieren' }).click();
    await visitor.page.getByText('Eine Domain, etwa acme.com.').waitFor();
    expect(await visitor.page.getByText('Eine Domain, etwa acme.com.').count()).toBe(1);
    expect(await visitor.page.locator('main').innerText()).not.toMatch(/must be|company_domain/);
  });
});
