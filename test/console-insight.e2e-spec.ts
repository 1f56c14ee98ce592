import { readFileSync } from 'node:fs';
import { type ConsoleCompany, ConsoleWorld, hasChromium, PHONE, type Visitor } from './support/console-browser.js';

const PAGES = ['/', '/verifications', '/audit', '/isolation', '/inbox'];
let world: ConsoleWorld;
beforeAll(async () => {
  if (hasChromium) world = await ConsoleWorld.start();
});
afterAll(() => world?.stop());

/** A company whose administrator is at the console. */
async function admin(
  options?: Parameters<ConsoleWorld['signedIn']>[1],
): Promise<{ company: ConsoleCompany; visitor: Visitor; token: string }> {
  const company = await world.company();
  const token = await world.token(company);
  return { company, token, visitor: await world.signedIn(company, options) };
}
const sends = (token: string, to: string, more: object = {}) =>
  world.call('POST', '/api/verifications', { channel: 'email', to, ...more }, token) as Promise<{ id: string }>;

describe.skipIf(!hasChromium)('The console shows what happened', () => {
  it('tells a newcomer where to begin, sends a test code and follows it until it is approved', async () => {
    const { visitor, company } = await admin();
    const { page } = visitor;
    const to = `phone@${company.domain}`;
    await visitor.opens('/');
    await page.getByRole('heading', { name: 'Where to begin' }).waitFor();
    await page.getByRole('button', { name: 'Send a test code' }).click();
    const dialog = page.getByRole('dialog', { name: 'Send a test code' });
    await dialog.getByLabel('Channel').selectOption('email');
    await dialog.getByLabel('E-mail').fill(to);
    await dialog.getByRole('button', { name: 'Send', exact: true }).click();

    const timeline = page.getByRole('list', { name: 'Timeline' });
    await timeline.getByText('sandbox took it').waitFor();
    const { code } = await world.mail(to);
    await page.getByLabel('Check a code').fill('000000');
    await page.getByRole('button', { name: 'Check', exact: true }).click();
    await timeline.getByText('A wrong code was given').waitFor();
    await page.getByLabel('Check a code').fill(code!);
    await page.getByRole('button', { name: 'Check', exact: true }).click();
    await timeline.getByText('The right code was given').waitFor();
    expect(await timeline.getByRole('listitem').count()).toBeGreaterThanOrEqual(5);
    expect(await timeline.locator('time').allInnerTexts()).toEqual(expect.arrayContaining([expect.stringMatching(/^\+\d+(\.\d)? s$/)]));
    expect(visitor.errors).toEqual([]);
  });

  it('takes mail about accounts for no beginning, and a quiet week for no new company', async () => {
    const { visitor, company, token } = await admin();
    const { page } = visitor;
    const begins = page.getByRole('heading', { name: 'Where to begin' });
    await world.mail(company.email);
    for (const days of [7, 30]) {
      await visitor.opens(`/?days=${days}`);
      await begins.waitFor();
    }
    const to = `once@${company.domain}`;
    await sends(token, to);
    await world.mail(to);
    await world.sentDaysAgo(company, 20);
    for (const days of [7, 30]) {
      await visitor.opens(`/?days=${days}`);
      await page.getByText('Approval rate').first().waitFor();
      expect([days, await begins.count()]).toEqual([days, 0]);
    }
  });

  it('draws the statistics, and shows the same as a table', async () => {
    const { visitor, company, token } = await admin();
    await sends(token, `one@${company.domain}`);
    await world.mail(`one@${company.domain}`);
    await visitor.opens('/?days=7');
    const { page } = visitor;
    const chart = page.getByRole('region', { name: 'Messages sent per day' }).first();
    await chart.locator('svg.recharts-surface').first().waitFor();
    await chart.getByRole('button', { name: 'Show as a table' }).click();
    expect(await chart.getByRole('row').count()).toBe(8);
    await page.getByText('90 days').click();
    await page.waitForURL(/days=90/);
    await page.reload();
    expect(await page.getByRole('radio', { name: '90 days' }).isChecked()).toBe(true);
  });

  it('finds verifications by what stands in the address', async () => {
    const { visitor, company, token } = await admin();
    await sends(token, `one@${company.domain}`, { reference: 'order 1' });
    await sends(token, `two@${company.domain}`, { reference: 'order 2' });
    await visitor.opens('/verifications');
    const rows = visitor.page.locator('tbody tr');
    await rows.nth(1).waitFor();
    await visitor.page.getByLabel('Recipient').fill(`two@${company.domain}`);
    await visitor.page.keyboard.press('Enter');
    await visitor.page.waitForURL(/recipient=/);
    await expect.poll(() => rows.count()).toBe(1);
    expect(await rows.innerText()).toContain('order 2');
    await visitor.page.reload();
    await rows.first().waitFor();
    expect(await rows.count()).toBe(1);
  });

  it('verifies the chain in the browser, also of a kept file, and names the line that somebody altered', async () => {
    const { visitor, company, token } = await admin();
    const { page } = visitor;
    await sends(token, `one@${company.domain}`);
    await visitor.opens('/audit');
    await expect
      .poll(async () => (await world.call('GET', '/api/audit/heads', undefined, token)).data[0]?.seq ?? 0, { timeout: 15_000 })
      .toBeGreaterThan(3);
    await page.getByRole('button', { name: 'Verify the chain' }).click();
    await page.getByText(/The chain is whole: \d+ events/).waitFor();

    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Export' }).click();
    const kept = readFileSync(await (await download).path(), 'utf8');
    const altered = kept.replace('"outcome":"success"', '"outcome":"failure"');
    const file = (text: string) => ({ name: 'audit.ndjson', mimeType: 'application/x-ndjson', buffer: Buffer.from(text) });
    await page.locator('input[type=file]').setInputFiles(file(altered));
    await page.getByText('The chain is broken at line 1').waitFor();
    await page.getByText('This event was changed after it was sealed').waitFor();
    await page.locator('input[type=file]').setInputFiles(file(kept));
    await page.getByText(/The chain is whole/).waitFor();
    expect(visitor.errors).toEqual([]);
  });

  it('filters the audit trail and shows all that an event says', async () => {
    const { visitor } = await admin();
    const { page } = visitor;
    await visitor.opens('/audit?action=auth.signed_in');
    expect(new Set(await page.locator('tbody tr td:nth-child(2) > p').allInnerTexts())).toEqual(new Set(['auth.signed_in']));
    await page.getByRole('button', { name: 'Signed in' }).first().click();
    await page.getByRole('dialog', { name: 'Signed in' }).getByText('127.0.0.1').waitFor();
  });

  it('shows how sessions went on where it is asked to, since every page that is opened writes one more', async () => {
    const { visitor } = await admin();
    const { page } = visitor;
    await visitor.opens('/audit');
    const actions = page.locator('tbody tr td:nth-child(2) > p');
    await actions.getByText('company.created').waitFor();
    expect(await actions.allInnerTexts()).not.toContain('auth.session_refreshed');
    await page.getByRole('switch', { name: 'Also show sessions that went on' }).check();
    await actions.getByText('auth.session_refreshed').first().waitFor();
    await page.reload();
    await actions.getByText('auth.session_refreshed').first().waitFor();
  });

  it('offers the actions that there are, in words, takes one that it does not know, and clears all filters', async () => {
    const { visitor } = await admin();
    const { page } = visitor;
    await visitor.opens('/audit');
    const action = page.getByRole('combobox', { name: 'Action' });
    await action.fill('api key');
    const options = page.getByRole('listbox', { name: 'Action' }).getByRole('option');
    expect((await options.allInnerTexts()).map((text) => text.replaceAll(/\s+/g, ' ')).toSorted()).toEqual([
      'API key made company.api_key_created',
      'API key renewed company.api_key_rotated',
      'API key revoked company.api_key_revoked',
    ]);
    await action.fill('brought ov');
    await options.first().waitFor();
    await action.press('ArrowDown');
    await action.press('Enter');
    await page.waitForURL(/action=auth\.password_migrated/);
    await action.fill('not.known_here');
    await action.press('Enter');
    await page.waitForURL(/action=not\.known_here/);
    await page.getByText('Nothing matches').waitFor();
    await page.getByRole('button', { name: 'Clear filters' }).click();
    await page.waitForURL((url) => url.search === '');
    expect(await action.inputValue()).toBe('');
    await page.locator('tbody tr').first().waitFor();
  });

  it('names the people of the audit trail, and keeps their ids for the details', async () => {
    const { visitor, token } = await admin();
    const { page } = visitor;
    const { id } = await world.call('GET', '/api/users/me', undefined, token);
    await visitor.opens('/audit?action=auth.signed_in');
    const ada = page.getByRole('button', { name: 'Only events of Ada Lovelace' }).first();
    await ada.waitFor();
    expect(await page.locator('tbody').innerText()).not.toContain(id.slice(-12));
    await ada.click();
    await page.waitForURL((url) => url.searchParams.get('actor') === id);
    await page.getByRole('button', { name: 'Signed in' }).first().click();
    const details = page.getByRole('dialog', { name: 'Signed in' });
    await details.getByText('Ada Lovelace').waitFor();
    await details.getByText(id, { exact: true }).first().waitFor();
  });

  it.each([
    ['/verifications/nonsense', 'All verifications'],
    ['/verifications/00000000-0000-4000-8000-000000000000', 'All verifications'],
    ['/people/nonsense', 'All people'],
    ['/webhooks/nonsense', 'All webhooks'],
    ['/channels/nonsense', 'All channels'],
  ])('says once that there is nothing at %s, and leads back', async (path, back) => {
    const { visitor } = await admin();
    await visitor.opens(path);
    await visitor.page.getByText(/^(Nothing here|There is no such provider)$/).waitFor();
    expect(await visitor.page.getByRole('alert').count()).toBe(0);
    expect(await visitor.page.getByRole('button', { name: 'Try again' }).count()).toBe(0);
    await visitor.page.getByRole('link', { name: back }).click();
    await visitor.page.waitForURL((url) => url.pathname === `/${path.split('/')[1]}`);
  });

  it('reports how the company is kept apart', async () => {
    const { visitor } = await admin();
    await visitor.opens('/isolation');
    await visitor.page.getByText('Your data is kept apart').waitFor();
    const row = visitor.page.getByRole('row', { name: /^user_account / });
    expect((await row.innerText()).replaceAll(/\s+/g, ' ')).toMatch(/user_account yes yes \S.* saw only yours/);
  });

  it('shows messages as they come, with their codes and links', async () => {
    const { visitor, company, token } = await admin();
    const { page } = visitor;
    const to = `late@${company.domain}`;
    await visitor.opens(`/inbox?to=${encodeURIComponent(to)}`);
    await page.getByText('Messages to this recipient appear here by themselves.').waitFor();
    await page.waitForTimeout(500);
    await sends(token, to);
    await page.getByRole('button', { name: `Copy: code for ${to}` }).waitFor();
    await page.getByText(`A message came for ${to}.`).waitFor({ state: 'attached' });
    await visitor.opens(`/inbox?to=${encodeURIComponent(company.email)}`);
    const link = page.getByRole('link', { name: /\/verify-email#token=/ });
    expect(await link.getAttribute('target')).toBeNull();
    expect(visitor.errors).toEqual([]);
  });

  it.each([
    ['light', undefined],
    ['dark', PHONE],
  ] as const)('has no barriers and no sideways scrolling, %s', { timeout: 90_000 }, async (colorScheme, viewport) => {
    const { visitor, company, token } = await admin({ colorScheme, ...(viewport && { viewport }) });
    const { id } = await sends(token, `one@${company.domain}`);
    await world.mail(`one@${company.domain}`);
    for (const path of [...PAGES, `/verifications/${id}`]) {
      await visitor.opens(path);
      await visitor.page.waitForTimeout(500);
      expect(await visitor.barriers(), path).toEqual([]);
      expect(await visitor.overflow(), path).toBeLessThanOrEqual(0);
    }
    expect(visitor.errors).toEqual([]);
  });
});
