import { ownApi, type OwnProcess } from './support/own-process.js';
import { type Answer, bare, PASSWORD, type Person, World } from './support/world.js';

const WRONG = `${PASSWORD}!`;
const [HOME, STRANGER] = ['198.51.100.7', '203.0.113.9'];

/** A stranger's guesses make an account wait. Its owner, at an address they have signed in from, goes on. */
describe('An account whose delay runs', () => {
  let world: World;
  let api: OwnProcess;
  beforeAll(async () => {
    world = new World();
    api = await ownApi({ TRUSTED_PROXIES: '127.0.0.1' });
  });
  afterAll(async () => {
    await api.stop();
    await world.stop();
  });

  const signIn = async (from: string, body: object, at = api): Promise<Answer> => {
    const response = await fetch(`${at.url}/api/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-forwarded-for': from },
      body: JSON.stringify(body),
    });
    return { status: response.status, headers: response.headers, body: await response.json() };
  };
  const from = (address: string, { email, company: { domain } }: Person, password = WRONG, extra: object = {}) =>
    signIn(address, { email, password, company_domain: domain, ...extra });
  const outcome = ({ status, body }: Answer) => (status < 300 ? 'accepted' : body.code);
  const retryAfter = ({ headers }: Answer) => Number(headers.get('retry-after'));
  const times = async <T>(count: number, make: () => Promise<T>): Promise<T[]> => {
    const all: T[] = [];
    for (let n = 0; n < count; n++) all.push(await make());
    return all;
  };
  /** Somebody who has signed in at home, and whose delay a stranger keeps running for an hour. */
  const besieged = async (): Promise<Person> => {
    const { admin } = await world.company();
    await admin.company.sql('update session set ip_address = $1', [HOME]);
    await admin.hasFailed('password', 20, 3600);
    return admin;
  };

  it('lets its owner in from where they have signed in before, and nobody else', async () => {
    const person = await besieged();
    expect(outcome(await from(STRANGER, person, PASSWORD))).toBe('auth.too_many_attempts');
    expect(outcome(await from(HOME, person, PASSWORD))).toBe('accepted');
    expect((await person.failures('password')).failures, 'which ends the count').toBe(0);
  });

  it('lets them in with a second factor, too, and where no company is named', async () => {
    const person = await besieged();
    await person.enablesTotp();
    const due = await signIn(HOME, { email: person.email, password: PASSWORD });
    expect(due.body).toMatchObject({ mfa_required: true });
    expect((await person.failures('password')).failures).toBe(0);
  });

  it('counts the guesses from there by themselves, with the same growing delay', async () => {
    const person = await besieged();
    expect((await times(10, () => from(HOME, person))).map(outcome)).toEqual(Array(10).fill('auth.invalid_credentials'));
    const eleventh = await from(HOME, person, PASSWORD);
    expect([outcome(eleventh), retryAfter(eleventh) > 25 && retryAfter(eleventh) <= 30]).toEqual(['auth.too_many_attempts', true]);
    const stranger = await from(STRANGER, person);
    expect([outcome(stranger), retryAfter(stranger) > 3500]).toEqual(['auth.too_many_attempts', true]);
    expect((await person.failures('password')).failures).toBe(20);
    await world.owner.query(
      `update directory.attempt set known = regexp_replace(known::text, '"until": "[^"]+"', '"until": "2026-01-01T00:00:00Z"')::jsonb where key = private.attempt_key(null, 'password', $1)`,
      [person.email],
    );
    expect(outcome(await from(HOME, person)), 'when the wait is over').toBe('auth.invalid_credentials');
    expect(retryAfter(await from(HOME, person, PASSWORD))).toSatisfy((seconds: number) => seconds > 50 && seconds <= 60);
  });

  it('begins that count anew once the owner has signed in', async () => {
    const person = await besieged();
    await times(9, () => from(HOME, person));
    expect(outcome(await from(HOME, person, PASSWORD))).toBe('accepted');
    await person.hasFailed('password', 20, 3600);
    expect((await times(10, () => from(HOME, person))).map(outcome)).toEqual(Array(10).fill('auth.invalid_credentials'));
  });

  it('knows the address of this very account in this very company, for 30 days', async () => {
    const person = await besieged();
    const colleague = await person.company.person();
    await person.company.sql('update session set ip_address = $2 where user_id = $1', [colleague.id, STRANGER]);
    expect(outcome(await from(STRANGER, person, PASSWORD)), "a colleague's").toBe('auth.too_many_attempts');
    const elsewhere = await world.company();
    const twin = await elsewhere.person('user', 'twin');
    await elsewhere.sql('update user_account set email = $2, email_canonical = $2 where id = $1', [twin.id, person.email]);
    await elsewhere.sql('update session set ip_address = $1', [STRANGER]);
    expect(outcome(await from(STRANGER, person, PASSWORD)), "a namesake's").toBe('auth.too_many_attempts');
    await person.company.sql(`update session set created_at = now() - interval '31 days'`);
    expect(outcome(await from(HOME, person, PASSWORD)), 'a month ago').toBe('auth.too_many_attempts');
  });

  it('lets its owner in wherever they are once the wait is over, and makes them wait no more for guesses at another company', async () => {
    const { admin: person } = await world.company();
    await person.company.sql('update session set ip_address = $1', [HOME]);
    const { domain } = (await world.company()).admin.company;
    await times(10, () => signIn(STRANGER, { email: person.email, password: WRONG, company_domain: domain }));
    await world.owner.query(`update directory.attempt set blocked_until = now() where key = private.attempt_key(null, 'password', $1)`, [
      person.email,
    ]);
    for (const address of ['192.0.2.1', '192.0.2.2', '192.0.2.3'])
      expect(outcome(await from(address, person, PASSWORD)), address).toBe('accepted');
  });

  it('knows an address of the same IPv6 network as the same', async () => {
    const person = await besieged();
    await person.company.sql('update session set ip_address = $1', ['2001:db8:77:1::a']);
    expect(outcome(await from('2001:db8:77:2::b', person, PASSWORD)), 'the next network').toBe('auth.too_many_attempts');
    expect(outcome(await from('2001:db8:77:1::b', person, PASSWORD))).toBe('accepted');
  });

  it('forgets the addresses of sessions that the owner threw out', async () => {
    const person = await besieged();
    await person.company.sql(`update session set revoked_at = now(), revoked_because = 'signed_out_everywhere'`);
    expect(outcome(await from(HOME, person, PASSWORD))).toBe('auth.too_many_attempts');
  });

  it('is answered alike whether or not it exists', async () => {
    const person = await besieged();
    const nobody = { email: `nobody@${person.company.domain}`, company_domain: person.company.domain, password: WRONG };
    await times(10, () => signIn(HOME, nobody));
    const [known, unknown] = [await from(STRANGER, person), await signIn(HOME, nobody)];
    expect(outcome(unknown)).toBe('auth.too_many_attempts');
    expect(bare(unknown)).toEqual(bare(known));
    expect([...unknown.headers.keys()].toSorted()).toEqual([...known.headers.keys()].toSorted());
  });

  it('lets a signed-in person change their password from there', async () => {
    const person = await besieged();
    const change = (address: string, current_password: string) =>
      fetch(`${api.url}/api/auth/change-password`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-forwarded-for': address, authorization: `Bearer ${person.token}` },
        body: JSON.stringify({ current_password, new_password: 'another long walk, by day' }),
      });
    expect((await change(STRANGER, PASSWORD)).status).toBe(429);
    expect((await change(HOME, WRONG)).status).toBe(401);
    expect((await change(HOME, PASSWORD)).status).toBe(200);
    expect((await person.failures('password')).failures).toBe(0);
  });

  it('is not charged for a guess that was never looked at, wherever that was counted', async () => {
    const busy = await ownApi({ TRUSTED_PROXIES: '127.0.0.1', HASHING_SLOTS: '1', PASSWORD_MAX_WAIT_MS: '60' });
    try {
      for (const address of [HOME, STRANGER]) {
        const person = await besieged();
        if (address === STRANGER) await person.hasFailed('password', 3);
        const { email, company } = person;
        // All of them pass the door of the hasher, and come back to its one slot at once.
        const answers = await world.gate(
          company.id,
          { text: `select from directory.attempt where key = private.attempt_key(null, 'password', $1) for update`, values: [email] },
          Array.from({ length: 8 }, () => () => signIn(address, { email, password: WRONG, company_domain: company.domain }, busy)),
        );
        const looked = answers.filter((answer) => outcome(answer) === 'auth.invalid_credentials').length;
        expect(answers.map(outcome)).toContain('server.busy');
        const [row] = (
          await world.owner.query(
            `select failures, coalesce((select (v -> 'failures')::integer from jsonb_each(known) t, jsonb_each(t.value) a (k, v)), 0) as beside from directory.attempt where key = private.attempt_key(null, 'password', $1)`,
            [email],
          )
        ).rows;
        expect(row, address).toEqual(address === HOME ? { failures: 20, beside: looked } : { failures: 3 + looked, beside: 0 });
      }
    } finally {
      await busy.stop();
    }
  });
});
