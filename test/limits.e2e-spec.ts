import { ownApi, type OwnProcess } from './support/own-process.js';
import { ENTRY, freePort } from './support/stack.js';
import { PASSWORD, type Person, ran, World } from './support/world.js';

/** Behind a proxy that is trusted, a client is whoever the proxy says. */
const BEHIND_A_PROXY = {
  TRUSTED_PROXIES: '127.0.0.1',
  RATE_LIMIT_SCALE: '1',
  RATE_LIMIT_IP: '6',
  RATE_LIMIT_SIGN_IN: '4',
  RATE_LIMIT_ACCOUNT: '3',
};

let world: World;
let api: OwnProcess;
beforeAll(async () => {
  world = new World();
  api = await ownApi(BEHIND_A_PROXY);
});
afterAll(async () => {
  await api.stop();
  await world.stop();
});

/** Every test has clients of its own: windows are a minute long. */
let network = 0;
const client = () => `198.51.${Math.floor(++network / 250)}.${(network % 250) + 1}`;
const network64 = () => `2001:db8:${(++network).toString(16)}:1`;

const ask = async (from: string, path = '/api/users/me', init: RequestInit = {}, at = api) => {
  const response = await fetch(`${at.url}${path}`, { ...init, headers: { 'x-forwarded-for': from, ...init.headers } });
  return {
    status: response.status,
    headers: response.headers,
    body: response.status === 204 ? undefined : ((await response.json()) as any),
  };
};
const signIn = (from: string, email: string, at = api, password = 'wrong') =>
  ask(
    from,
    '/api/auth/login',
    { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ email, password }) },
    at,
  );
const statuses = async (count: number, one: (at: number) => Promise<{ status: number }>) => {
  const all: number[] = [];
  for (let at = 0; at < count; at++) all.push((await one(at)).status);
  return all;
};
const email = () => `person-${++network}@limits.test`;

describe('A limit', () => {
  it('holds for one address, is a problem, says when to come back, and leaves other addresses alone', async () => {
    const busy = client();
    expect(await statuses(8, () => ask(busy))).toEqual([401, 401, 401, 401, 401, 401, 429, 429]);
    const { headers, body } = await ask(busy);
    expect(headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(body).toMatchObject({ status: 429, code: 'request.rate_limited', instance: '/api/users/me' });
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    expect(Number(headers.get('retry-after'))).toBeLessThanOrEqual(60);
    expect((await ask(client())).status).toBe(401);
  });

  it('is tighter where passwords are tried', async () => {
    const busy = client();
    expect(await statuses(6, () => signIn(busy, email()))).toEqual([401, 401, 401, 401, 429, 429]);
  });

  it('counts the whole /64 of an IPv6 client, however it is written, and two networks apart', async () => {
    const [one, other] = [network64(), network64()];
    const written = [
      `${one}::1`,
      `${one}:ffff:ffff:ffff:ffff`,
      `${one}:0:0:0:2`,
      `${one.toUpperCase()}::3`,
      `${one}:1:2:3:4`,
      `${one}::9`,
      `${one}::a`,
    ];
    expect(await statuses(7, (at) => ask(written[at]!))).toEqual([401, 401, 401, 401, 401, 401, 429]);
    expect((await ask(`${other}::1`)).status).toBe(401);
  });

  it('counts an IPv4 client and its IPv6-mapped form as one', async () => {
    const busy = client();
    expect(await statuses(7, (at) => ask(at % 2 ? busy : `::ffff:${busy}`))).toEqual([401, 401, 401, 401, 401, 401, 429]);
  });

  it('holds for one account, in any case and with spaces, and shuts out nobody who asks for it from elsewhere', async () => {
    const [target, stranger] = [email(), client()];
    const written = [target, target.toUpperCase(), ` ${target} `, target];
    expect(await statuses(4, (at) => signIn(stranger, written[at]!))).toEqual([401, 401, 401, 429]);
    expect((await signIn(client(), target)).status).toBe(401);
  });

  it('holds for a signed-in person over many addresses', async () => {
    const company = await world.company();
    const answers = await statuses(95, () =>
      ask(client(), '/api/users/me', { headers: { authorization: `Bearer ${company.admin.token}` } }),
    );
    expect(answers.filter((status) => status === 200)).toHaveLength(90);
    expect(answers.slice(90)).toEqual([429, 429, 429, 429, 429]);
  });

  it('does not bind probes and public keys', async () => {
    const busy = client();
    for (const path of ['/health/live', '/health/ready', '/.well-known/jwks.json'])
      expect(new Set(await statuses(12, () => ask(busy, path)))).toEqual(new Set([200]));
    expect((await ask(busy)).status).toBe(401);
  });
});

describe("The client's address", () => {
  it('is not what the client writes to the left of the proxy', async () => {
    const real = client();
    expect(await statuses(7, (at) => ask(`10.0.0.${at}, 203.0.113.${at}, ${real}`))).toEqual([401, 401, 401, 401, 401, 401, 429]);
    expect((await ask(real)).status).toBe(429);
  });

  it('is the next one to the left where the last is a proxy of ours', async () => {
    const real = client();
    expect(await statuses(7, (at) => ask(`10.0.0.${at}, ${real}, 127.0.0.1`))).toEqual([401, 401, 401, 401, 401, 401, 429]);
  });

  it('falls back to the proxy when the header is garbage, and nothing is skipped', async () => {
    const other = await ownApi({ ...BEHIND_A_PROXY, RATE_LIMIT_IP: '40', RATE_LIMIT_SIGN_IN: '40' });
    try {
      const company = await world.company();
      await company.admin.enablesTotp();
      for (const garbage of [
        'a',
        ',',
        '999.1.1.1',
        '::g',
        '"><script>',
        "1.1.1.1' or 1=1",
        '198.51.100.7:4444',
        'unknown',
        '-'.repeat(4000),
      ]) {
        const person = await company.person();
        await person.enablesTotp();
        const due = await signIn(garbage, person.email, other, PASSWORD);
        expect([garbage, due.body]).toMatchObject([garbage, { mfa_required: true, refresh_token: '' }]);
        expect((await signIn(garbage, person.email, other)).status).toBe(401);
        expect((await ask(garbage, '/api/users/me', {}, other)).status).toBe(401);
      }
      const events = await company.sql<{ ip_address: string }>(`select ip_address from audit_event where action = 'auth.sign_in_refused'`);
      expect(events.map((event) => event.ip_address)).toEqual(Array<string>(9).fill('127.0.0.1'));
      expect(await statuses(15, (at) => ask(`garbage ${at}`, '/api/users/me', {}, other))).toContain(429);
    } finally {
      await other.stop();
    }
  });

  it('is the connection’s own when no proxy is trusted, whatever the headers say', async () => {
    const other = await ownApi({ ...BEHIND_A_PROXY, TRUSTED_PROXIES: '' });
    try {
      const spoofed = (at: number) =>
        ask(
          client(),
          '/api/users/me',
          {
            headers: {
              forwarded: `for=192.0.2.${at}`,
              'x-real-ip': `192.0.2.${at}`,
              'cf-connecting-ip': `192.0.2.${at}`,
              'true-client-ip': `192.0.2.${at}`,
            },
          },
          other,
        );
      expect(await statuses(7, spoofed)).toEqual([401, 401, 401, 401, 401, 401, 429]);
    } finally {
      await other.stop();
    }
  });
});

describe('The scale of the limits', () => {
  it('multiplies every one of them', async () => {
    const other = await ownApi({ ...BEHIND_A_PROXY, RATE_LIMIT_SCALE: '0.5' });
    try {
      const busy = client();
      expect(await statuses(4, () => ask(busy, '/api/users/me', {}, other))).toEqual([401, 401, 401, 429]);
      const [target, one] = [email(), client()];
      expect(await statuses(3, () => signIn(one, target, other))).toEqual([401, 401, 429]);
    } finally {
      await other.stop();
    }
  });

  it('may not be above 1 in production, which is said in a sentence', async () => {
    const { code, output } = await ran(ENTRY('api'), {
      ...world.stack.env,
      NODE_ENV: 'production',
      PUBLIC_URL: 'https://auth.test',
      PORT: String(await freePort()),
      RATE_LIMIT_SCALE: '1.01',
    });
    expect(code).toBe(1);
    expect(output).toMatch(/cannot start.*\n.*RATE_LIMIT_SCALE above 1/);
  });

  it('does not reach the guesses an account, a factor or a sign-in has', async () => {
    const company = await (await world.company()).isUnknownHere();
    const guess = (person: Person, at: number) =>
      world.call('POST', '/api/auth/login', { body: { email: person.email, password: `wrong ${at}` }, at });
    expect(world.stack.env.RATE_LIMIT_SCALE).toBe('10000');
    const passwords = await statuses(12, (at) => guess(company.admin, at));
    expect(passwords).toEqual([...Array<number>(10).fill(401), 429, 429]);

    const user = await company.person();
    await user.enablesTotp();
    const pending = await user.pendingToken();
    const codes: number[] = [];
    for (let at = 0; at < 7; at++) codes.push((await user.verify(pending, user.wrongCode(), at)).status);
    expect(codes).toEqual(Array<number>(7).fill(401));
    const late = await user.verify(pending, await user.code());
    expect(late.body.code).toBe('mfa.sign_in_over');
  });
});
