import { type Answer, PASSWORD, type Person, World } from './support/world.js';

const OURS = 'https://watchword.test';
const outcome = ({ status, body }: Answer) => (status < 300 ? status : body.code);

describe('A browser that keeps its session in cookies', () => {
  let world: World;
  beforeAll(() => {
    world = new World();
  });
  afterAll(() => world.stop());

  const MODE = { 'x-session-mode': 'cookie' };
  const set = ({ headers }: Answer) => headers.getSetCookie();
  /** As a browser sends them back. */
  const kept = (answer: Answer) =>
    set(answer)
      .map((cookie) => cookie.split(';')[0]!)
      .join('; ');
  const signsIn = (person: Person) =>
    world.call('POST', '/api/auth/login', {
      body: { email: person.email, password: PASSWORD, company_domain: person.company.domain },
      headers: MODE,
    });
  const refreshes = (cookie: string, headers: Record<string, string>, at = 0) =>
    world.call('POST', '/api/auth/refresh', { headers: { ...MODE, cookie, ...headers }, at });
  const fromUs = (answer: Answer) => ({ 'x-csrf-token': answer.body.csrf_token as string, 'sec-fetch-site': 'same-origin' });

  it('has its refresh token where no script reads it, and nowhere else', async () => {
    const person = await (await world.company()).person();
    const answer = await signsIn(person);
    expect(answer.body).toMatchObject({ refresh_token: '', csrf_token: expect.any(String), access_token: expect.any(String) });
    const [refresh, csrf] = set(answer);
    expect(refresh).toMatch(/^__Host-watchword-refresh=[\w-]+; Max-Age=\d+; Path=\/; HttpOnly; Secure; SameSite=Strict$/);
    expect(csrf).toMatch(/^__Host-watchword-csrf=[\w.-]+; Max-Age=\d+; Path=\/; Secure; SameSite=Strict$/);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const rotated = await refreshes(kept(answer), fromUs(answer));
    expect([rotated.status, rotated.body.refresh_token]).toEqual([200, '']);
    expect(kept(rotated)).not.toBe(kept(answer));
    expect((await world.call('GET', '/api/users/me', { token: rotated.body.access_token })).status).toBe(200);
    expect((await refreshes(kept(rotated), fromUs(rotated), 1)).status).toBe(200);
  });

  it('is given back in the cookie what came in the cookie, though the request says nothing of it', async () => {
    const person = await (await world.company()).person();
    const answer = await signsIn(person);
    const forgetful = await world.call('POST', '/api/auth/refresh', { headers: { cookie: kept(answer), ...fromUs(answer) } });
    expect([forgetful.status, forgetful.body.refresh_token, set(forgetful).length]).toEqual([200, '', 2]);
    expect((await refreshes(kept(forgetful), fromUs(forgetful))).status).toBe(200);
  });

  it('is remembered by a cookie that no script reads, where the company lets it, and by no answer', async () => {
    const company = await world.company();
    await company.admin.patch('/api/company', { policy: { remember_device_days: 30 } });
    const person = await company.person();
    await person.enablesTotp();
    const first = await signsIn(person);
    expect(first.body).toMatchObject({ mfa_required: true, remember_device_days: 30 });
    const proved = await world.call('POST', '/api/auth/verify-mfa', {
      token: first.body.mfa_token,
      headers: MODE,
      body: { code: await person.code(), remember_device: true },
    });
    expect([proved.status, proved.body.device_token]).toEqual([200, '']);
    const device = set(proved).find((cookie) => cookie.startsWith('__Host-watchword-device='))!;
    expect(device).toMatch(/^__Host-watchword-device=[\w-]+; Max-Age=7776000; Path=\/; HttpOnly; Secure; SameSite=Strict$/);

    const again = (headers: Record<string, string>) =>
      world.call('POST', '/api/auth/login', {
        body: { email: person.email, password: PASSWORD, company_domain: company.domain },
        headers: { cookie: device.split(';')[0]!, ...headers },
      });
    expect((await again(MODE)).body.mfa_required, 'in cookie mode').toBe(false);
    expect((await again({})).body.mfa_required, 'of a client that never asked for cookies').toBe(true);
  });

  it('is refused what another site, or nobody that says who, sends in its name', async () => {
    const person = await (await world.company()).person();
    const [answer, another] = [await signsIn(person), await signsIn(person)];
    const cookie = kept(answer);
    const csrf = { 'x-csrf-token': answer.body.csrf_token };
    const theirs = another.body.csrf_token as string;
    const withTheirs = cookie.replace(answer.body.csrf_token, theirs);
    const [elsewhere, missing, wrong] = ['does not come from our own pages', 'X-CSRF-Token is missing', 'X-CSRF-Token is wrong'];
    for (const [headers, jar, because] of [
      [{}, cookie, elsewhere],
      [csrf, cookie, elsewhere],
      [{ 'sec-fetch-site': 'same-origin' }, cookie, missing],
      [{ 'x-csrf-token': '', 'sec-fetch-site': 'same-origin' }, cookie, missing],
      [{ ...csrf, 'sec-fetch-site': 'cross-site' }, cookie, elsewhere],
      [{ ...csrf, 'sec-fetch-site': 'none' }, cookie, elsewhere],
      [{ ...csrf, 'sec-fetch-site': 'same-site', origin: 'https://evil.watchword.test' }, cookie, elsewhere],
      [{ ...csrf, origin: 'null' }, cookie, elsewhere],
      [{ ...csrf, origin: `${OURS}.evil.example` }, cookie, elsewhere],
      [{ 'x-csrf-token': theirs, 'sec-fetch-site': 'same-origin' }, cookie, wrong],
      [{ 'x-csrf-token': theirs, 'sec-fetch-site': 'same-origin' }, withTheirs, wrong],
      [{ 'x-csrf-token': 'AAAA.BBBB', 'sec-fetch-site': 'same-origin' }, cookie.replace(answer.body.csrf_token, 'AAAA.BBBB'), wrong],
    ] as [Record<string, string>, string, string][])
      expect((await refreshes(jar, headers)).body, JSON.stringify(headers)).toMatchObject({
        code: 'auth.cross_site_request',
        detail: expect.stringContaining(because),
      });
    expect(outcome(await refreshes('', fromUs(answer)))).toBe('request.invalid');
    expect((await refreshes(cookie, fromUs(answer))).status, 'none of it ended the session').toBe(200);
  });

  it('may come from the origin that is configured, where it sends no Fetch Metadata', async () => {
    const person = await (await world.company()).person();
    const answer = await signsIn(person);
    const origin = new URL(world.stack.env.PUBLIC_URL ?? OURS).origin;
    expect((await refreshes(kept(answer), { 'x-csrf-token': answer.body.csrf_token, origin })).status).toBe(200);
  });

  it('comes in by its second factor, too, and leaves nothing behind when it signs out', async () => {
    const person = await (await world.company()).person();
    await person.enablesTotp();
    const due = await signsIn(person);
    expect([due.body.mfa_required, set(due)]).toEqual([true, []]);
    const answer = await world.call('POST', '/api/auth/verify-mfa', {
      token: due.body.mfa_token,
      body: { code: await person.code() },
      headers: MODE,
    });
    expect(set(answer)).toHaveLength(2);
    const left = await world.call('POST', '/api/auth/logout', {
      token: answer.body.access_token,
      headers: { ...MODE, cookie: kept(answer) },
      body: {},
    });
    expect(set(left).map((cookie) => /^(__Host-[\w-]+)=; Max-Age=0; Path=\//.exec(cookie)?.[1])).toEqual([
      '__Host-watchword-refresh',
      '__Host-watchword-csrf',
    ]);
    expect(outcome(await refreshes(kept(answer), fromUs(answer)))).toBe('auth.invalid_refresh_token');
  });

  it('is not asked for: who does not want cookies is given none, and a cookie opens nothing but a refresh', async () => {
    const person = await (await world.company()).person();
    const bearer = await person.login();
    expect([set(bearer), bearer.body.refresh_token.length > 0, bearer.body.csrf_token]).toEqual([[], true, undefined]);
    const answer = await signsIn(person);
    expect((await world.call('GET', '/api/users/me', { headers: { cookie: kept(answer), ...fromUs(answer) } })).status).toBe(401);
    const { status, body } = await world.call('POST', '/api/auth/refresh', { body: { refresh_token: bearer.body.refresh_token } });
    expect([status, body.refresh_token.length > 0]).toEqual([200, true]);
  });
});
