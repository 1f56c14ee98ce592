import { RealOpenId } from './simulators/real-openid.js';
import { type ConsoleCompany, ConsoleWorld, hasChromium, PASSWORD, type Visitor } from './support/console-browser.js';

describe.skipIf(!hasChromium)("One's own account, at the console", () => {
  let world: ConsoleWorld;
  let outside: RealOpenId;
  beforeAll(async () => {
    outside = await RealOpenId.start();
    world = await ConsoleWorld.start({ PRIVATE_DESTINATIONS: 'true' });
  });
  afterAll(async () => {
    await world?.stop();
    await outside?.stop();
  });

  const button = ({ page }: Visitor, name: string | RegExp) =>
    page.getByRole('button', { name, ...(typeof name === 'string' && { exact: true }) });
  const entersPassword = async ({ page }: Visitor, { email }: { email: string }, password = PASSWORD) => {
    await page.getByLabel('E-mail').fill(email);
    await page.getByLabel('Password').first().fill(password);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  };
  /** Codes by e-mail as second factor: set up at the console. */
  const addsEmail = async (visitor: Visitor, { email }: ConsoleCompany) => {
    await visitor.opens('/account/security');
    await button(visitor, 'Add a factor').click();
    await button(visitor, /^Code by e-mail/).click();
    await button(visitor, 'Send a code').click();
    await visitor.page.getByText('A code is on its way to').waitFor();
    await visitor.page.getByRole('textbox', { name: /^Code/ }).fill(await world.code(email));
    await button(visitor, 'Confirm').click();
    const items = visitor.page.getByRole('list', { name: 'Backup codes' }).getByRole('listitem');
    await items.first().waitFor();
    const codes = await items.allInnerTexts();
    await button(visitor, 'I have kept them').click();
    return codes;
  };

  it('takes another name, and speaks the language that was chosen', async () => {
    const visitor = await world.signedIn(await world.company());
    await visitor.opens('/account');
    await visitor.page.getByLabel('Name').fill('Ada King');
    await visitor.page.getByRole('combobox', { name: /^Language of messages/ }).click();
    await visitor.page.getByRole('listbox').getByRole('option', { name: 'Deutsch' }).click();
    await button(visitor, 'Save').first().click();
    await visitor.sees('Profil');
    await visitor.page.reload();
    await visitor.sees('Profil');
    expect(await visitor.page.getByLabel('Name').inputValue()).toBe('Ada King');
  });

  it('has its password changed, which ends the other sessions', async () => {
    const company = await world.company();
    const [here, elsewhere] = [await world.signedIn(company), await world.signedIn(company)];
    await elsewhere.opens('/account/sessions');
    await here.opens('/account');
    const panel = here.page.getByRole('region', { name: 'Password' });
    await panel.getByLabel('Current password').fill(PASSWORD);
    await panel.getByLabel('New password').fill('short');
    await button(here, 'Change the password').click();
    await panel.getByText('At least 8 characters.').waitFor();
    await panel.getByLabel('New password').fill('another walk by day');
    await button(here, 'Change the password').click();
    await here.page.getByText('Your password is changed').waitFor();
    await elsewhere.page.getByRole('link', { name: 'Security' }).click();
    await elsewhere.sees('Sign in');
    await entersPassword(elsewhere, company, 'another walk by day');
    await elsewhere.page.waitForURL((url) => !url.pathname.startsWith('/sign-in'));
  });

  it('moves to another address once the link there is opened, and not before', async () => {
    const company = await world.company();
    const visitor = await world.signedIn(company);
    const address = `countess@${company.domain}`;
    await visitor.opens('/account');
    const panel = visitor.page.getByRole('region', { name: 'E-mail' });
    await panel.getByLabel('New e-mail').fill(address);
    await panel.getByLabel('Current password').fill(PASSWORD);
    await button(visitor, 'Change the e-mail').click();
    await visitor.page.getByText(`A link is on its way to ${address}`).waitFor();
    await visitor.page.goto(await world.link(address, 'verify-email'));
    await button(visitor, 'Confirm').click();
    await visitor.page.getByText('Your e-mail is confirmed.').waitFor();
    await visitor.opens('/account');
    await visitor.page.getByText(`Now ${address}`).waitFor();
  });

  it('hands over all that is kept of it', async () => {
    const visitor = await world.signedIn(await world.company());
    await visitor.opens('/account');
    const download = visitor.page.waitForEvent('download');
    await button(visitor, 'Download').click();
    expect((await download).suggestedFilename()).toBe('watchword-my-data.json');
  });

  it('ends one session, and all of them', async () => {
    const company = await world.company();
    const [here, elsewhere] = [await world.signedIn(company), await world.signedIn(company)];
    await elsewhere.opens('/account/sessions');
    await here.opens('/account/sessions');
    await button(here, /^End:/).first().click();
    await here.page.getByRole('dialog').getByRole('button', { name: 'End', exact: true }).click();
    await here.page.getByRole('dialog').waitFor({ state: 'detached' });
    const left = await here.page.getByRole('region', { name: 'Open sessions' }).last().getByRole('row').count();
    await here.opens('/account/sessions');
    await button(here, 'Sign out everywhere').click();
    await here.page.getByRole('dialog').getByRole('button', { name: 'Sign out everywhere' }).click();
    await here.sees('Sign in');
    expect(left).toBeGreaterThan(1);
    await elsewhere.page.getByRole('link', { name: 'Profile' }).click();
    await elsewhere.page.goto('/account');
    await elsewhere.page.waitForURL('**/sign-in*');
  });

  it('names a factor, makes new backup codes, signs in with one, and removes the factor', async () => {
    const company = await world.company();
    const visitor = await world.signedIn(company);
    const [first] = await addsEmail(visitor, company);

    await button(visitor, /^Rename/).click();
    await visitor.page.getByRole('dialog').getByLabel('Name').fill('My mailbox');
    await button(visitor, 'Save').click();
    await visitor.page
      .getByRole('cell', { name: /My mailbox/ })
      .first()
      .waitFor();

    // A backup code is a fresh proof, once.
    await button(visitor, 'New codes').click();
    const dialog = visitor.page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Another way' }).click();
    await dialog.getByRole('button', { name: /Backup codes/ }).click();
    await dialog.getByLabel('Backup code').fill(first!);
    await dialog.getByRole('button', { name: 'New codes' }).click();
    const items = dialog.getByRole('list', { name: 'Backup codes' }).getByRole('listitem');
    await items.first().waitFor();
    const codes = await items.allInnerTexts();
    expect([codes.length, codes.includes(first!)]).toEqual([10, false]);
    await button(visitor, 'I have kept them').click();

    await button(visitor, 'Sign out').click();
    await visitor.sees('Sign in');
    await entersPassword(visitor, company);
    await visitor.sees('One more step');
    await button(visitor, 'Another way').click();
    await button(visitor, /Backup codes/).click();
    await visitor.page.getByLabel('Backup code').fill(codes[0]!);
    await button(visitor, 'Sign in').click();
    await visitor.page.waitForURL((url) => url.pathname === '/');

    await visitor.opens('/account/security');
    await visitor.page.getByText('9 codes left.').waitFor();
    await button(visitor, /^Remove: My mailbox/).click();
    await dialog.getByRole('button', { name: 'Another way' }).click();
    await dialog.getByRole('button', { name: /Backup codes/ }).click();
    await dialog.getByLabel('Backup code').fill(codes[1]!);
    await dialog.getByRole('button', { name: 'Remove' }).click();
    await visitor.page.getByText('No second factor yet').waitFor();
  });

  it('remembers a device where the company lets it, and forgets it again', async () => {
    const company = await world.company();
    await world.call('PATCH', '/api/company', { policy: { remember_device_days: 30 } }, await world.token(company));
    const visitor = await world.signedIn(company);
    const codes = await addsEmail(visitor, company);
    const signsInAgain = async () => {
      await button(visitor, 'Sign out').click();
      await visitor.sees('Sign in');
      await entersPassword(visitor, company);
    };
    await signsInAgain();
    await visitor.sees('One more step');
    await visitor.page.getByLabel('Do not ask again on this device for 30 days').check();
    await button(visitor, 'Another way').click();
    await button(visitor, /Backup codes/).click();
    await visitor.page.getByLabel('Backup code').fill(codes[0]!);
    await button(visitor, 'Sign in').click();
    await visitor.page.waitForURL((url) => url.pathname === '/');

    await signsInAgain();
    await visitor.page.waitForURL((url) => url.pathname === '/');
    await visitor.opens('/account/sessions');
    await button(visitor, /^Forget:/).click();
    await visitor.page.getByRole('dialog').getByRole('button', { name: 'Forget' }).click();
    await visitor.page.getByText('No device is remembered').waitFor();
    await signsInAgain();
    await visitor.sees('One more step');
  });

  it('takes codes by Telegram at a number, where no bot of the company is to be written to', async () => {
    const company = await world.company();
    await world.call('PATCH', '/api/company', { policy: { allowed_countries: ['ES'] } }, await world.token(company));
    const visitor = await world.signedIn(company);
    await visitor.opens('/account/security');
    await button(visitor, 'Add a factor').click();
    await button(visitor, /^Code by Telegram/).click();
    await visitor.page.getByLabel('Phone number').fill('+34612345601');
    await button(visitor, 'Send a code').click();
    await visitor.page.getByText('A code is on its way to').waitFor();
    await visitor.page.getByRole('textbox', { name: /^Code/ }).fill(await world.code('+34612345601'));
    await button(visitor, 'Confirm').click();
    await visitor.page.getByRole('list', { name: 'Backup codes' }).waitFor();
  });

  it("is opened from the company's own identity provider", async () => {
    const company = await world.company();
    outside.people['grace-at-work'] = { email: `grace@${company.domain}`, email_verified: true, name: 'Grace Hopper' };
    outside.signingIn = 'grace-at-work';
    const provider = await world.call(
      'PUT',
      '/api/company/identity-providers/work',
      {
        issuer: outside.issuer,
        client_id: outside.clientId,
        client_secret: outside.secret,
        display_name: 'Acme at work',
        return_urls: [`${world.url}/sign-in/returned`],
        just_in_time: true,
        allowed_email_domains: [company.domain],
      },
      await world.token(company),
    );
    outside.knows([provider.redirect_uri]);

    const visitor = await world.visitor();
    await visitor.opens('/sign-in');
    await visitor.page.getByLabel('E-mail').fill(`grace@${company.domain}`);
    await button(visitor, "My company's sign-in").click();
    await visitor.page.getByRole('link', { name: 'Continue with Acme at work' }).click();
    await visitor.sees('Profile');
    expect(await visitor.page.getByLabel('Name').inputValue()).toBe('Grace Hopper');
    await visitor.opens('/account/security');
    await visitor.page.getByRole('heading', { name: 'Outside identities' }).waitFor();
    expect(visitor.errors).toEqual([]);
  });
});
