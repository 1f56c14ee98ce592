import { execFileSync, spawnSync } from 'node:child_process';
import { type ConsoleCompany, ConsoleWorld, hasChromium, PASSWORD, type Visitor } from './support/console-browser.js';

const missing = ['zbarimg', 'oathtool'].filter((program) => spawnSync(program, ['--version']).error !== undefined);
if (missing.length > 0)
  console.warn(`The life of a company is not tested: ${missing.join(' and ')} cannot be found (Debian: zbar-tools, oathtool).`);

const reads = (picture: string) =>
  execFileSync('zbarimg', ['--quiet', '--raw', picture], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
/** What the authenticator app shows, now or a step later. */
const codeOf = (secret: string, steps = 0) =>
  execFileSync('oathtool', ['--totp', '-b', secret, '--now', `@${Math.floor(Date.now() / 1000) + 30 * steps}`], {
    encoding: 'utf8',
  }).trim();

/** One company from its first hour on, in order: each step stands on the one before. */
describe.skipIf(!hasChromium || missing.length > 0)('The life of a company, at the console', () => {
  let world: ConsoleWorld;
  let ada: Visitor;
  let grace: Visitor;
  let secret: string;
  const company: ConsoleCompany = { name: 'Difference Engines', domain: 'engines.example', email: 'ada@engines.example' };
  const graceEmail = `grace@${company.domain}`;
  const phone = '+34698765432';

  beforeAll(async () => {
    world = await ConsoleWorld.start();
    ada = await world.visitor();
  }, 120_000);
  afterAll(() => world?.stop());

  const button = (visitor: Visitor, name: string | RegExp) =>
    visitor.page.getByRole('button', { name, ...(typeof name === 'string' && { exact: true }) });
  const leaves = async (visitor: Visitor) => {
    await button(visitor, 'Sign out').click();
    await visitor.sees('Sign in');
  };
  const entersPassword = async ({ page }: Visitor, email: string) => {
    await page.getByLabel('E-mail').fill(email);
    await page.getByLabel('Password').first().fill(PASSWORD);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  };

  it('begins with a registration', async () => {
    await ada.opens('/sign-in');
    await ada.page.getByRole('link', { name: 'Register it' }).click();
    await ada.sees('Register your company');
    await ada.page.getByLabel('Company', { exact: false }).first().fill(company.name);
    await ada.page.getByLabel('Company domain').fill(company.domain);
    await ada.page.getByLabel('Your name').fill('Ada Lovelace');
    await ada.page.getByLabel('E-mail').fill(company.email);
    await ada.page.getByLabel('Password').first().fill(PASSWORD);
    await button(ada, 'Register').click();
    await ada.page.waitForURL((url) => url.pathname === '/');
    await ada.page.getByText(company.name).first().waitFor();
  });

  it('goes on with a confirmed address, by the link of the mail', async () => {
    await ada.opens('/account');
    await ada.page.getByText('Your e-mail is not confirmed').waitFor();
    await ada.page.goto(await world.link(company.email, 'verify-email'));
    await button(ada, 'Confirm').click();
    await ada.page.getByText('Your e-mail is confirmed.').waitFor();
    expect(ada.page.url()).not.toContain('token');
    await ada.opens('/account');
    expect(await ada.page.getByText('Your e-mail is not confirmed').count()).toBe(0);
  });

  it('gets an authenticator: its QR code is read off the screen', async () => {
    await ada.opens('/account/security');
    await button(ada, 'Add a factor').click();
    await button(ada, /Authenticator app/).click();
    await ada.page.getByAltText(/QR code/).waitFor();
    const uri = new URL(reads(await ada.screenshot('life-authenticator')));
    secret = uri.searchParams.get('secret')!;
    expect([uri.protocol, uri.host, uri.searchParams.get('issuer')]).toEqual(['otpauth:', 'totp', company.name]);
    await ada.page.getByRole('textbox', { name: /^Code/ }).fill(codeOf(secret));
    await button(ada, 'Confirm').click();
    const codes = ada.page.getByRole('list', { name: 'Backup codes' }).getByRole('listitem');
    await codes.first().waitFor();
    expect(new Set(await codes.allInnerTexts()).size).toBe(10);
    const download = ada.page.waitForEvent('download');
    await button(ada, 'Download').click();
    expect((await download).suggestedFilename()).toBe('watchword-backup-codes.txt');
    await button(ada, 'I have kept them').click();
    await ada.page
      .getByRole('cell', { name: /Authenticator app/ })
      .first()
      .waitFor();
  });

  it('is asked for it at the next sign-in', async () => {
    await leaves(ada);
    await entersPassword(ada, company.email);
    await ada.sees('One more step');
    await ada.page.getByRole('textbox', { name: /^Code/ }).fill('000000');
    await button(ada, 'Sign in').click();
    expect(await ada.page.getByRole('alert').innerText()).toMatch(/wrong, expired or already used/);
    await ada.page.getByRole('textbox', { name: /^Code/ }).fill(codeOf(secret, 1));
    await button(ada, 'Sign in').click();
    await ada.page.waitForURL((url) => url.pathname === '/');
  });

  it('says in its policy where it sends to', async () => {
    await ada.opens('/company');
    const region = ada.page.getByRole('combobox', { name: /Home country/ });
    await region.fill('Spain');
    await ada.page.getByRole('option', { name: 'Spain', exact: true }).click();
    await button(ada, /^Save/).last().click();
    await ada.page.getByText('Saved', { exact: true }).waitFor();
    expect((await world.policyOf(company)).default_region).toBe('ES');
  });

  it('adds a phone, whose code is read in the inbox of the sandbox', async () => {
    await ada.opens('/account/security');
    await button(ada, 'Add a factor').click();
    await button(ada, /Code by SMS/).click();
    await ada.page.getByLabel('Phone number').fill(phone);
    await button(ada, 'Send a code').click();
    await ada.page.getByText('A code is on its way to').waitFor();
    const inbox = await ada.context.newPage();
    await inbox.goto(`/inbox?to=${encodeURIComponent(phone)}`);
    const message = inbox.getByText(/\d{6} is your/).first();
    await message.waitFor();
    const code = /\d{6}/.exec(await message.innerText())![0];
    await inbox.close();
    await ada.page.getByRole('textbox', { name: /^Code/ }).fill(code);
    await button(ada, 'Confirm').click();
    await ada.page
      .getByRole('cell', { name: /Code by SMS/ })
      .first()
      .waitFor();
  });

  it('adds a passkey, and needs no password any more', async () => {
    const { devtools, authenticatorId } = await ada.authenticator();
    await ada.opens('/account/security');
    await button(ada, 'Add a factor').click();
    await button(ada, /Passkey/).click();
    await ada.page.getByRole('dialog').getByLabel('Name').fill('Work laptop');
    await button(ada, 'Create a passkey').click();
    await ada.page
      .getByRole('cell', { name: /Work laptop/ })
      .first()
      .waitFor();
    const { credentials } = await devtools.send('WebAuthn.getCredentials', { authenticatorId });
    expect(credentials).toHaveLength(1);
    expect(credentials[0]).toMatchObject({ isResidentCredential: true, rpId: 'localhost' });

    await leaves(ada);
    await button(ada, 'Sign in with a passkey').click();
    await ada.page.waitForURL((url) => url.pathname === '/');
    await ada.opens('/account/sessions');
    await ada.page.getByText('this one').waitFor();
  });

  it('invites a second person, who joins by the link', async () => {
    await ada.opens('/people');
    await button(ada, /Invite/)
      .first()
      .click();
    const dialog = ada.page.getByRole('dialog');
    await dialog.getByLabel('E-mail').fill(graceEmail);
    await dialog.getByRole('button', { name: /Invite|Send/ }).click();
    grace = await world.visitor();
    await grace.page.goto(await world.link(graceEmail, 'accept-invitation'));
    await grace.sees('You are invited');
    await grace.page.getByText(`invites ${graceEmail} to`).waitFor();
    await grace.page.getByLabel('Your name').fill('Grace Hopper');
    await grace.page.getByLabel('Password').first().fill(PASSWORD);
    await button(grace, 'Join').click();
    await grace.sees('Profile');
    expect(await grace.page.getByRole('link', { name: 'People' }).count(), 'what a user may not see').toBe(0);
    await grace.page.goto('/people');
    await grace.page.waitForURL('**/account');
  });

  it('shuts her out, at once and everywhere', async () => {
    await ada.opens('/people');
    await ada.page.getByRole('link', { name: /Grace Hopper/ }).click();
    await ada.sees('Grace Hopper');
    await button(ada, /Deactivate/)
      .first()
      .click();
    await ada.page
      .getByRole('dialog')
      .getByRole('button', { name: /Deactivate/ })
      .click();
    await button(ada, /Activate/)
      .first()
      .waitFor();
    await grace.page.getByRole('link', { name: 'Security' }).click();
    await grace.sees('Sign in');
    await entersPassword(grace, graceEmail);
    expect(await grace.page.getByRole('alert').innerText()).toMatch(/check the e-mail and the password/);
  });

  it('finds all of it in the audit, and verifies the chain in the browser', async () => {
    await ada.opens('/audit');
    await button(ada, /Verify/)
      .first()
      .click();
    const verdict = ada.page.getByText(/chain is whole|verified/i).first();
    await verdict.waitFor({ timeout: 20_000 });
    await ada.screenshot('life-audit');
    expect([...ada.errors, ...grace.errors]).toEqual([]);
  });
});
