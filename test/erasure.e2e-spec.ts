import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { codeTo, DeliveryWorld, eventually, newNumber, type Sender } from './support/delivery-world.js';
import { ENTRY } from './support/stack.js';
import { type Company, PASSWORD, Person, ran } from './support/world.js';

let world: DeliveryWorld;
let sender: Sender;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'watchword-erasure-'));
  world = await DeliveryWorld.start({ settings: { TRUSTED_PROXIES: '127.0.0.1', CONVERSION_RATE: '0' } });
  sender = await world.sender();
}, 180_000);
afterAll(async () => {
  await world.stop();
  rmSync(folder, { recursive: true, force: true });
});

let people = 0;
/** Somebody whose every word can be found again, wherever it stands. */
class Traced extends Person {
  readonly name = `Zebra${++people}Quagga`;
  readonly phone = newNumber();
  readonly agent = `Okapi${people}Browser/7`;
  readonly device = `Tapir${people}Phone`;
  readonly order = `ibex-order-${people}`;
  readonly address = `203.0.113.${people}`;

  get words() {
    const { name, phone, agent, device, order, address, email } = this;
    return [name, phone, phone.slice(1), agent, device, order, address, email];
  }

  /** As their own browser, from their own address. */
  signInFromHome = async () => {
    const { status, body } = await this.world.call('POST', '/api/auth/login', {
      body: { email: this.email, password: PASSWORD, company_domain: this.company.domain, device_name: this.device },
      headers: { 'user-agent': this.agent, 'x-forwarded-for': this.address },
    });
    if (status !== 200) throw new Error(`sign-in answered ${status}: ${JSON.stringify(body)}`);
    if (!body.mfa_required) [this.token, this.refreshToken] = [body.access_token, body.refresh_token];
    return body;
  };
}

/** A person with sessions, two factors, codes, plain messages, and a trail of their own and of what others did. */
async function traced(company: Company = sender.company): Promise<Traced> {
  const plain = await company.person('user', `okapi${people + 1}mail`);
  const person = new Traced(world, company, plain.id, plain.email, 'user');
  await person.signInFromHome();
  const { admin } = company;
  await person.put('/api/users/me', { full_name: person.name, phone_number: person.phone });
  await admin.post(`/api/users/${person.id}/deactivate`);
  await admin.post(`/api/users/${person.id}/activate`);
  await person.signInFromHome();
  await person.enablesTotp();
  await person.signsIn();
  const started = await person.post('/api/auth/mfa/factors', { type: 'sms', recipient: person.phone });
  expect(started.status, JSON.stringify(started.body)).toBe(201);
  const code = await codeTo(world.vonage.accepted, person.phone);
  expect((await person.post(`/api/auth/mfa/factors/${started.body.factor_id}/confirm`, { code })).status).toBe(200);
  await person.signInFromHome();
  return person;
}

/** What an application sent to a number: a code and a plain message. */
async function sentTo(number: string, reference: string): Promise<{ verification: string; message: string }> {
  const code = await sender.sends({ to: number, channel: 'sms', reference });
  expect(code.status, JSON.stringify(code.body)).toBe(201);
  const plain = await sender.call('POST', '/api/messages', { channel: 'sms', recipient: number, message: `about ${reference}`, reference });
  expect(plain.status, JSON.stringify(plain.body)).toBe(202);
  await eventually(() => world.vonage.accepted.some(({ to, text }) => to === number.slice(1) && text.includes(reference)));
  await eventually(async () => (await sender.kinds(code.body.id)).includes('attempt_ended'));
  return { verification: code.body.id, message: plain.body.id };
}

const sealed = (company: Company) =>
  eventually(async () => {
    const [row] = await company.sql(
      'select (select count(*) from audit_event)::int as events, (select count(*) from audit_chain)::int as links',
    );
    return row.events === row.links;
  });

/** What stands in any table, row by row as COPY and pg_dump write them. */
async function everyRow(): Promise<string> {
  const { rows } = await world.superuser.query<{ name: string }>(
    `select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relkind in ('r', 'm') and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')`,
  );
  expect(rows.length).toBeGreaterThan(20);
  const all: string[] = [];
  for (const { name } of rows)
    for (const { row } of (await world.superuser.query(`select t::text as row from ${name} t`)).rows) all.push(row);
  return all.join('\n');
}
const found = (text: string, words: string[]) => words.filter((word) => text.includes(word));

/** What an auditor does: no database, no settings, the export and the published keys. */
async function verify(company: Company): Promise<{ code: number | null; report: any; text: string }> {
  const exported = await company.admin.get('/api/audit/export');
  const keys = await world.call('GET', '/.well-known/jwks.json');
  const [file, key] = [join(folder, `${Math.random()}.ndjson`), join(folder, 'jwks.json')];
  writeFileSync(file, exported.body);
  writeFileSync(key, JSON.stringify(keys.body));
  const { code, stdout, output } = await ran(ENTRY('cli'), {}, ['audit', 'verify', file, '--key', key, '--json']);
  expect(stdout, output).toMatch(/^\{/);
  return { code, report: JSON.parse(stdout), text: exported.body };
}

describe("A person's export", () => {
  it('has all that is kept of them, and nothing that proves them or is of others', async () => {
    const person = await traced();
    const sent = await sentTo(person.phone, person.order);
    const colleague = await traced();
    const [mine, theirs] = [await person.get('/api/users/me/export'), await sender.company.admin.get(`/api/users/${person.id}/export`)];
    expect([mine.status, theirs.status]).toEqual([200, 200]);
    expect(theirs.headers.get('content-disposition')).toContain('person.json');
    const { profile, sessions, factors, verifications, messages, audit_events: events } = theirs.body;
    expect(profile).toMatchObject({
      id: person.id,
      email: person.email,
      full_name: person.name,
      phone_number: person.phone,
      password: 'argon2id',
    });
    const [kept] = await sender.company.sql(
      `select (select count(*) from session where user_id = $1)::int as sessions, (select count(*) from mfa_factor where user_id = $1)::int as factors,
              (select count(*) from verification where user_id = $1)::int as own`,
      [person.id],
    );
    expect([sessions.length, factors.length, verifications.length]).toEqual([kept.sessions, kept.factors, kept.own + 1]);
    expect(sessions).toContainEqual(
      expect.objectContaining({ ip_address: person.address, user_agent: person.agent, device_name: person.device }),
    );
    expect(factors.map(({ type }: { type: string }) => type).toSorted()).toEqual(['backup_codes', 'sms', 'totp']);
    expect(verifications).toContainEqual(expect.objectContaining({ id: sent.verification, purpose: 'api', reference: person.order }));
    expect(messages.map(({ id }: { id: string }) => id)).toContain(sent.message);
    expect(messages.map((each: any) => each.verification_id)).toContain(sent.verification);
    expect(new Set(events.map(({ action }: { action: string }) => action))).toEqual(
      new Set([
        'auth.signed_in',
        'auth.new_device',
        'auth.second_factor_due',
        'auth.stepped_up',
        'auth.sessions_revoked',
        'users.updated',
        'users.deactivated',
        'users.activated',
        'users.exported',
        'mfa.enrolment_started',
        'mfa.challenged',
        'mfa.factor_added',
        'mfa.backup_codes_made',
        'verification.sent',
        'verification.approved',
        'message.created',
      ]),
    );
    // From where somebody else acted is that other's.
    const byAdmin = events.find(({ action }: { action: string }) => action === 'users.deactivated');
    expect(byAdmin).toMatchObject({ actor_id: sender.company.admin.id, target_id: person.id, ip_address: null, user_agent: null });
    expect(events).toContainEqual(
      expect.objectContaining({ action: 'auth.second_factor_due', ip_address: person.address, user_agent: person.agent }),
    );

    const [row] = await sender.company.sql('select password_hash from user_account where id = $1', [person.id]);
    const states = await sender.company.sql('select state from mfa_factor where user_id = $1', [person.id]);
    const secrets = [row.password_hash, ...states.map(({ state }) => state), person.secret, person.refreshToken, ...person.backupCodes];
    for (const { body } of [mine, theirs])
      expect(found(JSON.stringify(body), [...secrets, ...colleague.words, colleague.id, sender.key])).toEqual([]);
    // Where codes go is masked; the number stands in the profile alone.
    expect(JSON.stringify({ ...theirs.body, profile: {} })).not.toContain(person.phone.slice(3));
    expect(mine.body.profile).toEqual(profile);
    const said = await sender.company.sql(
      `select actor_id from audit_event where action = 'users.exported' and target_id = $1 order by id`,
      [person.id],
    );
    expect(said.map(({ actor_id }) => actor_id)).toEqual([person.id, sender.company.admin.id]);
  });
});

describe('An erased person', () => {
  it('leaves no word in any table, while everybody else keeps theirs, and the chain verifies', { timeout: 120_000 }, async () => {
    const { company } = sender;
    const [person, colleague] = [await traced(), await traced()];
    await sentTo(person.phone, person.order);
    await sentTo(colleague.phone, colleague.order);
    await sealed(company);
    const before = await everyRow();
    // The numbers and what they ordered are sealed or masked, where they are not in the profile.
    expect(found(before, person.words)).toEqual(person.words);
    expect(found(before, colleague.words)).toEqual(colleague.words);
    expect((await verify(company)).report).toMatchObject({ ok: true });

    const { status, body } = await company.admin.post(`/api/users/${person.id}/erase`);
    expect([status, body]).toEqual([
      200,
      { sessions: expect.any(Number), factors: 3, verifications: 2, messages: 1, audit_events: expect.any(Number) },
    ]);
    expect(body.sessions).toBeGreaterThanOrEqual(3);
    expect(body.audit_events).toBeGreaterThanOrEqual(15);

    // At once, before the erasure itself has its place in the chain.
    const verified = await verify(company);
    expect([verified.code, verified.report]).toMatchObject([0, { ok: true, unsignedTail: 0 }]);
    expect(found(verified.text, person.words)).toEqual([]);
    const after = await everyRow();
    expect(found(after, person.words)).toEqual([]);
    expect(found(after, colleague.words)).toEqual(colleague.words);
    for (const table of ['session', 'sign_in', 'mfa_factor', 'verification'])
      expect([table, await company.sql(`select from ${table} where user_id = $1`, [person.id])]).toEqual([table, []]);
    expect((await world.superuser.query('select from directory.person where user_id = $1', [person.id])).rowCount).toBe(0);

    // Who did what stays, and from where those acted who are still here.
    const events = (await company.admin.get(`/api/audit?limit=100&action=users.deactivated`)).body.data;
    expect(events.find((event: any) => event.target_id === person.id)).toMatchObject({
      actor_id: company.admin.id,
      ip_address: '127.0.0.1',
      details: {},
      erased: ['details'],
    });
    const own = (await company.admin.get(`/api/audit?limit=100&actor_id=${person.id}`)).body.data;
    expect(own.length).toBeGreaterThan(5);
    for (const event of own)
      expect(event).toMatchObject({ ip_address: null, user_agent: null, erased: expect.arrayContaining(['origin']) });
    const [erasure] = (await company.admin.get('/api/audit?action=users.erased&limit=1')).body.data;
    expect(erasure).toMatchObject({ actor_id: company.admin.id, target_id: person.id, ip_address: '127.0.0.1' });

    // Nothing of theirs opens anything any more, and another with the same address begins anew.
    expect((await person.get('/api/users/me')).status).toBe(401);
    expect((await world.call('POST', '/api/auth/refresh', { body: { refresh_token: person.refreshToken } })).status).toBe(401);
    expect((await person.login()).status).toBe(401);
    expect((await company.admin.get(`/api/users/${person.id}/export`)).status).toBe(404);
    expect((await company.admin.post(`/api/users/${person.id}/erase`)).body.code).toBe('users.not_found');
  });

  it('takes along what went to an address that was theirs, and nothing of a number that they only wrote down', async () => {
    const { company } = sender;
    const stranger = newNumber();
    const sent = await sentTo(stranger, 'order of somebody else');
    const person = await company.person('user');
    await person.put('/api/users/me', { phone_number: stranger });
    await person.post('/api/auth/mfa/factors', { type: 'sms', recipient: stranger });
    const before = person.email;
    await world.call('POST', '/api/auth/forgot-password', { body: { email: before, company_domain: company.domain } });
    const mail = await eventually(async () => {
      const links = await company.sql<{ id: string }>('select id from account_link where email_canonical = $1', [before]);
      return links.length === 1 && links[0]!.id;
    });
    await company.sql(
      `update user_account set email = $1, email_canonical = $1, email_verified_at = now(),
              former_emails = jsonb_build_array(jsonb_build_object('email', $2::text, 'until', now())) where id = $3`,
      [`new-${before}`, before, person.id],
    );
    const { id: invitation } = (await company.admin.post('/api/users/invitations', { email: `guest-${before}`, role: 'user' })).body;
    const { body: own } = await person.get('/api/users/me/export');
    const ids = JSON.stringify([own.messages, own.verifications]);
    expect(ids).toContain(mail);
    expect(ids).not.toContain(sent.verification);
    expect(ids).not.toContain(sent.message);

    expect((await company.admin.post(`/api/users/${person.id}/erase`)).body).toMatchObject({ messages: 1 });
    expect(await company.sql('select from verification where id = $1', [sent.verification])).toHaveLength(1);
    expect(await company.sql('select from delivery where id = $1', [mail])).toEqual([]);
    expect(await company.sql('select from account_link where id = $1', [invitation])).toHaveLength(1);
  });

  it('may have been deleted before', async () => {
    const { company } = sender;
    const person = await traced();
    expect((await company.admin.delete(`/api/users/${person.id}`)).status).toBe(204);
    expect(found(await everyRow(), [person.agent, person.address])).toEqual([person.agent, person.address]);
    expect((await company.admin.post(`/api/users/${person.id}/erase`)).status).toBe(200);
    expect(found(await everyRow(), [person.agent, person.address])).toEqual([]);
    expect((await verify(company)).report).toMatchObject({ ok: true });
  });

  it('leaves no address in the first event of a company, either, if it was theirs', async () => {
    const company = await world.company();
    const second = await company.person('admin');
    const addresses = () =>
      company.sql(`select action from audit_event where ip_address is not null and actor_id is distinct from $1`, [second.id]);
    expect((await addresses()).map(({ action }) => action)).toContain('company.created');
    expect((await second.post(`/api/users/${company.admin.id}/erase`)).status).toBe(200);
    expect(await addresses()).toEqual([]);
  });

  it('waits for those of their events that are being sealed, so that none is sealed as it was and left as it is', async () => {
    const company = await world.company();
    const person = await company.person('user');
    await sealed(company);
    // Holds the next place in the chain, so that the sealer has read an event and waits to write its link.
    const holder = await world.owner.connect();
    try {
      await holder.query('begin');
      await holder.query(`select set_config('app.tenant', $1, true), set_config('app.bound', left($1, 36), true)`, [
        world.signTenant(company.id),
      ]);
      await holder.query(
        `insert into audit_chain (tenant_id, seq, event_id, prev_hash, hash) select $1, max(seq) + 1, gen_random_uuid(), '', '' from audit_chain`,
        [company.id],
      );
      const [{ pid }] = (await holder.query<{ pid: number }>('select pg_backend_pid() as pid')).rows as [{ pid: number }];
      const blocked = async (by: number) =>
        (await world.superuser.query<{ pid: number }>('select pid from pg_stat_activity where $1 = any (pg_blocking_pids(pid))', [by]))
          .rows[0]?.pid;
      await person.put('/api/users/me', { full_name: 'Read Before' });
      const sealer = await eventually(() => blocked(pid));
      let status: number | undefined;
      const erasing = company.admin.post(`/api/users/${person.id}/erase`).then((answer) => (status = answer.status));
      await eventually(async () => status !== undefined || (await blocked(sealer)) !== undefined);
      await holder.query('rollback');
      expect(await erasing).toBe(200);
    } finally {
      await holder.query('rollback').catch(() => {});
      holder.release();
    }
    await sealed(company);
    expect((await verify(company)).report).toMatchObject({ ok: true });
  });

  it('is never oneself, the last administrator, or somebody of another company; and only administrators erase', async () => {
    const company = await world.company();
    const other = await world.company();
    const [manager, user] = [await company.person('manager'), await company.person('user')];
    const erase = async (by: Person, id: string) => {
      const { status, body } = await by.post(`/api/users/${id}/erase`);
      return status < 300 ? status : [status, body.code];
    };
    expect(await erase(company.admin, company.admin.id)).toEqual([409, 'users.not_yourself']);
    expect(await erase(manager, user.id)).toEqual([403, 'auth.forbidden']);
    expect(await erase(user, user.id)).toEqual([403, 'auth.forbidden']);
    expect(await erase(company.admin, other.admin.id)).toEqual([404, 'users.not_found']);
    expect((await other.admin.get('/api/users/me')).status).toBe(200);
    const second = await company.person('admin');
    // Two who erase each other at once: one of them stays.
    const [locked] = await company.sql('select id from tenant');
    const answers = await world.race(company.id, 'tenant', locked.id, [
      () => erase(company.admin, second.id),
      () => erase(second, company.admin.id),
    ]);
    expect(answers.filter((answer) => answer === 200)).toHaveLength(1);
    expect(await company.sql(`select from user_account where role = 'admin'`)).toHaveLength(1);
  });
});

describe('The chain after an erasure', () => {
  async function erasedOne() {
    const company = await world.company();
    const person = await company.person('user');
    await person.put('/api/users/me', { full_name: 'Somebody Else' });
    await sealed(company);
    expect((await company.admin.post(`/api/users/${person.id}/erase`)).status).toBe(200);
    await sealed(company);
    expect((await verify(company)).report).toMatchObject({ ok: true });
    const [event] = await company.sql(
      `select c.seq::int, e.id from audit_event e join audit_chain c on c.event_id = e.id where e.action = 'users.updated' and e.actor_id = $1`,
      [person.id],
    );
    return { company, person, event };
  }

  it.each([
    ['a word of an erased event', 'altered', `update audit_event set outcome = 'failure' where id = '$id'`],
    ['its actor', 'altered', `update audit_event set actor_id = null where id = '$id'`],
    ['an address in the place of the one that went', 'altered', `update audit_event set ip_address = '10.0.0.1' where id = '$id'`],
    ['details in the place of those that went', 'altered', `update audit_event set details = '{"n":1}' where id = '$id'`],
    ['a salt in the place of the one that went', 'altered', `update audit_event set origin_salt = gen_random_uuid() where id = '$id'`],
    ['the hash of what went', 'altered', `update audit_chain set parts = sha256('') || sha256('') where event_id = '$id'`],
    ['the form of its seal', 'altered', `update audit_chain set parts = null where event_id = '$id'`],
    ['its seal, said to be of the first form', 'unexplained', `update audit_chain set parts = '' where event_id = '$id'`],
    [
      'the places that the erasure names',
      'altered',
      `update audit_event set details = '{}' where action = 'users.erased' and tenant_id = '$company'`,
    ],
    [
      'an event that nobody erased, wiped as if somebody had',
      'unexplained',
      `update audit_event set ip_address = null, user_agent = null, origin_salt = null where action = 'users.created' and tenant_id = '$company'`,
    ],
  ])('still tells of %s', async (_, kind, statement) => {
    const { company, event } = await erasedOne();
    await world.superuser.query(statement.replaceAll('$id', event.id).replaceAll('$company', company.id));
    const { code, report } = await verify(company);
    expect([code, report.problem?.kind]).toEqual([1, kind]);
  });

  it('verifies with what was sealed before there were parts, erased or not, and tells of a change of what is left', async () => {
    const company = await world.company();
    const person = await company.person('user');
    const old = (ip: string, actor: string) =>
      company.sql(
        `insert into audit_event (action, outcome, actor_id, ip_address, user_agent, details, origin_salt, details_salt)
         values ('old.event', 'success', $1, $2, 'OldGnuBrowser', '{"note":"old gnu"}', null, null)`,
        [actor, ip],
      );
    await old('198.51.100.7', person.id);
    await old('198.51.100.8', company.admin.id);
    await old('198.51.100.9', person.id);
    await sealed(company);
    expect(await company.sql(`select from audit_chain where parts is null`)).toHaveLength(3);
    expect((await verify(company)).report).toMatchObject({ ok: true });
    expect((await company.admin.post(`/api/users/${person.id}/erase`)).status).toBe(200);
    const { code, report, text } = await verify(company);
    expect([code, report]).toMatchObject([0, { ok: true }]);
    expect(found(text, ['198.51.100.7', '198.51.100.9'])).toEqual([]);
    expect(text).toContain('198.51.100.8');

    const of = async (ip: string | null) =>
      (
        await company.sql(`select id from audit_event where action = 'old.event' and ip_address is not distinct from $1 order by id`, [ip])
      )[0].id;
    for (const [statement, kind] of [
      [`update audit_event set outcome = 'failure' where id = '${await of(null)}'`, 'erasure_mismatch'],
      [`update audit_event set outcome = 'success' where id = '${await of(null)}'`, undefined],
      [`update audit_chain set hash = sha256('') where event_id = '${await of(null)}'`, 'unlinked'],
    ] as const) {
      await world.superuser.query(statement);
      expect((await verify(company)).report.problem?.kind).toBe(kind);
    }
  });
});
