import { generateSync } from 'otplib';
import { type ConsoleCompany, ConsoleWorld, hasChromium, PASSWORD, type Visitor } from './support/console-browser.js';

/** Far more than the elements of any page that take the focus. */
const MOST = 80;

/** What has the focus, as a screen reader would name it: `button: Save`. */
const FOCUSED = `(() => {
  const at = document.activeElement;
  if (!at || at === document.body) return 'body';
  const name = at.getAttribute('aria-label') ?? at.labels?.[0]?.textContent ?? at.textContent ?? '';
  return at.tagName.toLowerCase() + ': ' + name.trim();
})()`;

describe.skipIf(!hasChromium)('The console by keyboard alone', () => {
  let world: ConsoleWorld;
  beforeAll(async () => {
    world = await ConsoleWorld.start();
  });
  afterAll(() => world?.stop());

  const focused = ({ page }: Visitor) => page.evaluate<string>(FOCUSED);
  const comesTo = (visitor: Visitor, what: string | RegExp) =>
    expect.poll(() => focused(visitor), { timeout: 15_000 }).toMatch(typeof what === 'string' ? new RegExp(`^${what}$`) : what);
  /** Presses Tab until something has the focus; it is never lost on the way. */
  const tabsTo = async (visitor: Visitor, what: RegExp, key = 'Tab') => {
    const passed: string[] = [];
    while (passed.length < MOST) {
      await visitor.page.keyboard.press(key);
      const at = await focused(visitor);
      if (what.test(at)) return;
      passed.push(at);
    }
    throw new Error(`${key} never came to ${what}, but to: ${passed.join(', ')}`);
  };
  const presses = ({ page }: Visitor, key: string) => page.keyboard.press(key);
  const types = ({ page }: Visitor, text: string) => page.keyboard.type(text);

  const signsIn = async ({ email }: ConsoleCompany) => {
    const visitor = await world.visitor();
    await visitor.opens('/sign-in');
    await comesTo(visitor, /^input: E-mail/);
    await types(visitor, email);
    await tabsTo(visitor, /^input: Password/);
    await types(visitor, PASSWORD);
    await presses(visitor, 'Enter');
    await visitor.sees('Dashboard');
    return visitor;
  };
  /** By the main menu, which lies before the page. */
  const goesTo = async (visitor: Visitor, entry: string) => {
    await tabsTo(visitor, new RegExp(`^a: ${entry}$`), 'Shift+Tab');
    await presses(visitor, 'Enter');
    await visitor.sees(entry);
    await visitor.settled();
  };

  it('signs in, says where it leads by title and focus, and skips the menu', async () => {
    const visitor = await signsIn(await world.company());
    await comesTo(visitor, 'h1: Dashboard');
    expect(await visitor.page.title()).toBe('Dashboard · Watchword');
    await goesTo(visitor, 'People');
    await comesTo(visitor, 'h1: People');
    expect(await visitor.page.title()).toBe('People · Watchword');

    await tabsTo(visitor, /^a: Skip to the content$/, 'Shift+Tab');
    const link = visitor.page.getByRole('link', { name: 'Skip to the content' });
    expect((await link.boundingBox())!.y).toBeGreaterThanOrEqual(0);
    expect(await visitor.page.evaluate('getComputedStyle(document.activeElement).clipPath')).toBe('none');
    await presses(visitor, 'Enter');
    await presses(visitor, 'Tab');
    expect(await visitor.page.evaluate("document.querySelector('main').contains(document.activeElement)")).toBe(true);
    expect(visitor.errors).toEqual([]);
  });

  it('shows a password and hides it again', async () => {
    const visitor = await world.visitor();
    await visitor.opens('/sign-in');
    await tabsTo(visitor, /^input: Password/);
    await types(visitor, PASSWORD);
    await tabsTo(visitor, /^button: Show password$/);
    const field = visitor.page.locator('input[name=password]');
    await presses(visitor, 'Space');
    await expect.poll(() => field.getAttribute('type')).toBe('text');
    await presses(visitor, 'Enter');
    await expect.poll(() => field.getAttribute('type')).toBe('password');
  });

  it('adds an authenticator app, and removes it again', async () => {
    const visitor = await signsIn(await world.company());
    const { page } = visitor;
    await goesTo(visitor, 'Security');
    await tabsTo(visitor, /^button: Add a factor$/);
    await presses(visitor, 'Enter');
    const dialog = page.getByRole('dialog', { name: 'Add a factor' });
    await dialog.waitFor();
    await tabsTo(visitor, /^button: Authenticator app/);
    await presses(visitor, 'Space');
    await comesTo(visitor, /^div: Authenticator app$/);
    const secret = await dialog.locator('code').innerText();
    await tabsTo(visitor, /^input: Code/);
    await types(visitor, generateSync({ secret: secret.replaceAll(/\s/g, '') }));
    await presses(visitor, 'Enter');
    const codes = page.getByRole('list', { name: 'Backup codes' }).getByRole('listitem');
    await codes.first().waitFor();
    const [code] = await codes.allInnerTexts();
    // These codes are shown once: no key that is pressed too often may take them away.
    await presses(visitor, 'Escape');
    await comesTo(visitor, /^div: /);
    await tabsTo(visitor, /^button: I have kept them$/);
    await presses(visitor, 'Enter');
    await comesTo(visitor, 'button: Add a factor');

    await tabsTo(visitor, /^button: Rename: Authenticator app/);
    await presses(visitor, 'Enter');
    await comesTo(visitor, /^input: Name/);
    await presses(visitor, 'Escape');
    await comesTo(visitor, /^button: Rename: Authenticator app/);

    await tabsTo(visitor, /^button: Remove: Authenticator app/);
    await presses(visitor, 'Enter');
    await page.getByRole('dialog', { name: /^Remove/ }).waitFor();
    await tabsTo(visitor, /^button: Another way$/);
    await presses(visitor, 'Enter');
    await comesTo(visitor, /^button: Authenticator app/);
    await tabsTo(visitor, /^button: Backup codes/);
    await presses(visitor, 'Enter');
    await comesTo(visitor, /^input: Backup code/);
    await types(visitor, code!);
    await presses(visitor, 'Enter');
    await page.getByText('No second factor yet').waitFor();
    await comesTo(visitor, /^h2: Second factors and passkeys$/);
    expect(visitor.errors).toEqual([]);
  });

  it('invites somebody in a role, and comes back to where it began', async () => {
    const company = await world.company();
    const visitor = await signsIn(company);
    const { page } = visitor;
    await goesTo(visitor, 'People');
    await tabsTo(visitor, /^button: Invite$/);
    await presses(visitor, 'Enter');
    await comesTo(visitor, /^input: E-mail/);
    await presses(visitor, 'Escape');
    await comesTo(visitor, 'button: Invite');

    await presses(visitor, 'Space');
    await comesTo(visitor, /^input: E-mail/);
    await types(visitor, `grace@${company.domain}`);
    await tabsTo(visitor, /^input: Role/);
    await presses(visitor, 'Enter');
    await page.getByRole('option', { name: 'Manager' }).waitFor();
    await presses(visitor, 'ArrowDown');
    await presses(visitor, 'Enter');
    await page.getByText('Also sees people, statistics').waitFor();
    await tabsTo(visitor, /^button: Send the invitation$/);
    await presses(visitor, 'Enter');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await comesTo(visitor, 'button: Invite');
    await page.getByRole('alert').getByText('The invitation is on its way.').waitFor();

    await tabsTo(visitor, /^button: Withdraw: grace@/);
    await presses(visitor, 'Enter');
    await comesTo(visitor, 'button: Cancel');
    await presses(visitor, 'Enter');
    await comesTo(visitor, /^button: Withdraw: grace@/);
    expect(visitor.errors).toEqual([]);
  });

  it('ends a session, and stays near the list that it was in', async () => {
    const company = await world.company();
    await world.token(company);
    const visitor = await signsIn(company);
    const { page } = visitor;
    await goesTo(visitor, 'Sessions and devices');
    const rows = page.getByRole('region', { name: 'Open sessions' }).locator('tbody tr');
    await rows.nth(1).waitFor();
    const before = await rows.count();
    await tabsTo(visitor, /^button: End: /);
    await presses(visitor, 'Enter');
    await comesTo(visitor, 'button: Cancel');
    await tabsTo(visitor, /^button: End$/);
    await presses(visitor, 'Enter');
    await expect.poll(() => rows.count(), { timeout: 15_000 }).toBeLessThan(before);
    await comesTo(visitor, 'h2: Open sessions');
    expect(visitor.errors).toEqual([]);
  });

  it('comes back into its dialog after a fresh proof', async () => {
    const company = await world.company();
    const visitor = await signsIn(company);
    const { page } = visitor;
    await goesTo(visitor, 'Security');
    await world.ages(company);
    await tabsTo(visitor, /^button: Add a factor$/);
    await presses(visitor, 'Enter');
    await page.getByRole('dialog', { name: 'Add a factor' }).waitFor();
    await tabsTo(visitor, /^button: Authenticator app/);
    await presses(visitor, 'Enter');
    await comesTo(visitor, /^input: Your password/);
    await types(visitor, PASSWORD);
    await presses(visitor, 'Enter');
    await page.getByAltText(/QR code/).waitFor();
    await comesTo(visitor, /^div: Authenticator app$/);
    await tabsTo(visitor, /^input: Code/);
  });
});
