import pg from 'pg';
import { type Answer, type Company, PASSWORD, type Person, World, earlyInAStep } from './support/world.js';

const codes = (answers: Answer[]) =>
  Object.fromEntries(
    Object.entries(Object.groupBy(answers, ({ status, body }) => (status === 200 ? 'accepted' : body.code))).map(([code, list]) => [
      code,
      list!.length,
    ]),
  );
const times = <T>(count: number, make: (at: number) => T): T[] => Array.from({ length: count }, (_, at) => make(at));

/** Two API processes, one database; every request of a race is seen waiting before any may go on. */
describe('When everybody comes at once', () => {
  let world: World;
  beforeAll(() => {
    world = new World();
  });
  afterAll(() => world.stop());

  const enrolled = async (): Promise<{ company: Company; admin: Person }> => {
    const company = await world.company();
    await company.admin.enablesTotp();
    return { company, admin: company.admin };
  };
  const hold = (table: string, id: string) => ({ text: `select from ${table} where id = $1 for update`, values: [id] });
  /** Beside the one that set the factor up. */
  const twoFactorSessions = async (company: Company) =>
    (await company.sql(`select from session where 'otp' = any (amr) and created_at > (select min(confirmed_at) from mfa_factor)`)).length;
  const signInOf = (token: string): string => JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()).jti;

  it('lets a careless check through ten times over, and a guarded one once: these races bite', async () => {
    const { company, admin } = await enrolled();
    const pool = new pg.Pool({ connectionString: world.stack.env.MIGRATION_DATABASE_URL, max: 10 });
    const as = async (guard: string): Promise<number> => {
      const client = await pool.connect();
      try {
        await client.query(`select set_config('app.bound', $1, false)`, [company.id]);
        const { rows } = await client.query('select version from mfa_factor where id = $1', [admin.factorId]);
        return (await client.query(`update mfa_factor set version = version + 1 where id = $1 ${guard}`, [admin.factorId, rows[0].version]))
          .rowCount!;
      } finally {
        client.release();
      }
    };
    const sum = (counts: number[]) => counts.reduce((a, b) => a + b, 0);
    try {
      expect(
        sum(
          await world.gate(
            company.id,
            hold('mfa_factor', admin.factorId),
            times(10, () => () => as('and $2::integer is not null')),
          ),
        ),
      ).toBe(10);
      expect(
        sum(
          await world.gate(
            company.id,
            hold('mfa_factor', admin.factorId),
            times(10, () => () => as('and version = $2')),
          ),
        ),
      ).toBe(1);
    } finally {
      await pool.end();
    }
  });

  it.each([1, 2, 3])('an authenticator code opens one session of ten (round %i)', async () => {
    const { company, admin } = await enrolled();
    const pending = await Promise.all(times(10, (at) => admin.pendingToken(at)));
    const code = await admin.code();
    const answers = await world.gate(
      company.id,
      hold('mfa_factor', admin.factorId),
      pending.map((token, at) => () => admin.verify(token, code, at)),
    );
    expect(codes(answers)).toEqual({ accepted: 1, 'mfa.wrong_code': 9 });
    expect(await twoFactorSessions(company)).toBe(1);
  });

  it('an authenticator code given with the password opens one session of ten', async () => {
    const { company, admin } = await enrolled();
    const code = await admin.code();
    const answers = await world.gate(
      company.id,
      hold('mfa_factor', admin.factorId),
      times(10, (at) => () => admin.login({ totp_code: code }, at)),
    );
    expect(codes(answers)).toEqual({ accepted: 1, 'mfa.wrong_code': 9 });
    expect(await twoFactorSessions(company)).toBe(1);
  });

  it('two right answers of two factors to one pending sign-in open one session', async () => {
    for (let round = 0; round < 3; round++) {
      const { company, admin } = await enrolled();
      const token = await admin.pendingToken();
      const answers = [await admin.code(), ...admin.backupCodes.slice(0, 4)];
      const moves = async () => (await company.sql('select sum(version)::integer as moves from mfa_factor'))[0].moves as number;
      const before = await moves();
      const outcomes = await world.gate(
        company.id,
        hold('sign_in', signInOf(token)),
        answers.map((code, at) => () => admin.verify(token, code, at)),
      );
      expect(codes(outcomes)).toEqual({ accepted: 1, 'mfa.sign_in_over': 4 });
      expect(await twoFactorSessions(company)).toBe(1);
      expect((await moves()) - before, 'one factor moved on, the other did not').toBe(1);
    }
  });

  it('two right authenticator codes to one pending sign-in open one session', async () => {
    const { company, admin } = await enrolled();
    await earlyInAStep();
    const token = await admin.pendingToken();
    const outcomes = await world.gate(
      company.id,
      hold('sign_in', signInOf(token)),
      times(5, (at) => () => admin.verify(token, admin.codeAt(at % 2), at)),
    );
    expect(outcomes.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(await twoFactorSessions(company)).toBe(1);
  });

  it.each([1, 2, 3])('a backup code opens one session of ten (round %i)', async () => {
    const { company, admin } = await enrolled();
    const pending = await Promise.all(times(10, (at) => admin.pendingToken(at)));
    const [backup] = await company.sql<{ id: string }>(`select id from mfa_factor where type = 'backup_codes'`);
    const answers = await world.gate(
      company.id,
      hold('mfa_factor', backup!.id),
      pending.map((token, at) => () => admin.verify(token, admin.backupCodes[0]!, at)),
    );
    expect(codes(answers)).toEqual({ accepted: 1, 'mfa.wrong_code': 9 });
    expect(await twoFactorSessions(company)).toBe(1);
    expect((await admin.get('/api/auth/mfa/backup-codes')).body.remaining).toBe(9);
  });

  it('two different backup codes at once are both good, and each is spent', async () => {
    const { company, admin } = await enrolled();
    const pending = await Promise.all(times(2, (at) => admin.pendingToken(at)));
    const [backup] = await company.sql<{ id: string }>(`select id from mfa_factor where type = 'backup_codes'`);
    const answers = await world.gate(
      company.id,
      hold('mfa_factor', backup!.id),
      pending.map((token, at) => () => admin.verify(token, admin.backupCodes[at]!, at)),
    );
    expect(codes(answers)).toEqual({ accepted: 2 });
    expect((await admin.get('/api/auth/mfa/backup-codes')).body.remaining).toBe(8);
    for (const code of admin.backupCodes.slice(0, 2))
      expect((await admin.verify(await admin.pendingToken(), code)).body.code).toBe('mfa.wrong_code');
  });

  it('ten different backup codes at once: as many are spent as sessions open, and who lost may try again', async () => {
    const { company, admin } = await enrolled();
    const pending = await Promise.all(times(9, (at) => admin.pendingToken(at)));
    const [backup] = await company.sql<{ id: string }>(`select id from mfa_factor where type = 'backup_codes'`);
    const answers = await world.gate(
      company.id,
      hold('mfa_factor', backup!.id),
      pending.map((token, at) => () => admin.verify(token, admin.backupCodes[at]!, at)),
    );
    const opened = answers.filter(({ status }) => status === 200).length;
    expect(opened).toBeGreaterThan(0);
    expect(await twoFactorSessions(company)).toBe(opened);
    expect((await admin.get('/api/auth/mfa/backup-codes')).body.remaining).toBe(10 - opened);
    await admin.hasFailed('mfa', 0);
    for (const [at, { status }] of answers.entries()) {
      await admin.hasFailed('mfa', 0);
      const again = await admin.verify(await admin.pendingToken(), admin.backupCodes[at]!);
      expect(again.status, 'spent codes are dead, the others alive').toBe(status === 200 ? 401 : 200);
    }
  });

  it('a guess that comes while the right code is being settled waits its turn: no deadlock', async () => {
    const { company, admin } = await enrolled();
    const [right, other] = [await admin.pendingToken(0), await admin.pendingToken(1)];
    const [code, wrong] = [await admin.code(), admin.wrongCode()];
    /** The right code has its factor and waits for its person. */
    const settling = async () =>
      (
        await world.superuser.query(
          `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query like '%factor_settle%'`,
        )
      ).rowCount! > 0;
    const answers = await world.gate(company.id, hold('user_account', admin.id), [
      () => admin.verify(right, code, 0),
      async () => {
        await vi.waitUntil(settling, { timeout: 30_000, interval: 5 });
        return admin.verify(other, wrong, 1);
      },
    ]);
    expect(answers.map(({ status, body }) => [status, body.code])).toEqual([
      [200, undefined],
      [401, 'mfa.wrong_code'],
    ]);
    expect(await company.sql('select failures from mfa_factor where id = $1', [admin.factorId])).toEqual([{ failures: 1 }]);
    expect((await admin.failures('mfa')).failures).toBe(1);
  });

  it('a code makes new backup codes once', async () => {
    const { company, admin } = await enrolled();
    const code = await admin.code();
    const doors = times(10, (at) => () => admin.post('/api/auth/mfa/backup-codes', { code }, at));
    const answers = await world.gate(company.id, hold('mfa_factor', admin.factorId), doors);
    expect(codes(answers)).toEqual({ accepted: 1, 'mfa.wrong_code': 9 });
    expect((await company.actions()).filter((action) => action === 'mfa.backup_codes_made')).toHaveLength(2); // the first, and these
  });

  it('an authenticator app is confirmed once', async () => {
    const company = await world.company();
    const { admin } = company;
    const { body } = await admin.post('/api/auth/mfa/setup');
    admin.secret = body.secret;
    const code = admin.codeAt();
    const answers = await world.gate(
      company.id,
      hold('mfa_factor', body.factor_id),
      times(10, (at) => () => admin.post('/api/auth/mfa/enable', { code }, at)),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ status }) => status >= 500)).toEqual([]);
    expect(await company.sql('select from mfa_factor where confirmed_at is not null')).toHaveLength(2); // the app and its backup codes
  });

  it('a refresh token has one successor, whoever asks and however often', async () => {
    const company = await world.company();
    const { admin } = company;
    const [session] = await company.sql<{ id: string }>('select id from session');
    const refresh = (at: number, refresh_token = admin.refreshToken) =>
      world.call('POST', '/api/auth/refresh', { body: { refresh_token }, at });
    const answers = await world.gate(
      company.id,
      hold('session', session!.id),
      times(10, (at) => () => refresh(at)),
    );
    expect(codes(answers)).toEqual({ accepted: 10 });
    expect(new Set(answers.map(({ body }) => body.refresh_token)).size).toBe(1);
    expect((await company.actions()).filter((action) => action === 'auth.session_refreshed')).toHaveLength(1);
    expect(await company.sql('select from session')).toHaveLength(1);
    const successor = answers[0]!.body.refresh_token;
    expect((await refresh(1, successor)).status).toBe(200);
    expect((await refresh(0)).status, 'the first token, two generations later').toBe(401);
    expect((await refresh(0, successor)).status, 'and with it the family').toBe(401);
  });

  it('a session that ends while it is being refreshed has ended', async () => {
    const company = await world.company();
    const { admin } = company;
    const [session] = await company.sql<{ id: string }>('select id from session');
    const refresh = (refresh_token: string, at: number) => world.call('POST', '/api/auth/refresh', { body: { refresh_token }, at });
    const requests = times(
      10,
      (at) => () => (at === 4 ? admin.delete(`/api/auth/sessions/${session!.id}`, undefined, at) : refresh(admin.refreshToken, at)),
    );
    const answers = await world.gate(company.id, hold('session', session!.id), requests);
    expect(answers[4]!.status).toBe(200);
    for (const { body } of answers) {
      if (body.refresh_token) expect((await refresh(body.refresh_token, 0)).status).toBe(401);
      if (body.access_token) expect((await world.call('GET', '/api/users/me', { token: body.access_token })).status).toBe(401);
    }
  });

  it('of 50 wrong codes to one pending sign-in five are looked at, and the right one after them is not', async () => {
    const { company, admin } = await enrolled();
    const token = await admin.pendingToken();
    const wrong = admin.wrongCode();
    const answers = await world.gate(
      company.id,
      hold('sign_in', signInOf(token)),
      times(50, (at) => () => admin.verify(token, wrong, at)),
      30,
    );
    expect(codes(answers)).toEqual({ 'mfa.wrong_code': 5, 'mfa.sign_in_over': 45 });
    expect(await company.sql('select attempts from sign_in where id = $1', [signInOf(token)])).toEqual([{ attempts: 5 }]);
    expect(await company.sql('select failures from mfa_factor where id = $1', [admin.factorId])).toEqual([{ failures: 5 }]);
    expect((await admin.failures('mfa')).failures).toBe(5);
    expect((await admin.verify(token, await admin.code())).body.code).toBe('mfa.sign_in_over');
  });

  it('of 50 wrong codes to ten pending sign-ins ten are looked at', async () => {
    const { company, admin } = await enrolled();
    const pending = await Promise.all(times(10, (at) => admin.pendingToken(at)));
    const wrong = admin.wrongCode();
    const answers = await world.gate(
      company.id,
      hold('mfa_factor', admin.factorId),
      times(50, (at) => () => admin.verify(pending[at % 10]!, wrong, at)),
      30,
    );
    const counts = codes(answers);
    expect(counts['mfa.wrong_code']).toBe(10);
    expect(counts['mfa.too_many_attempts']! + (counts['mfa.sign_in_over'] ?? 0)).toBe(40);
    expect(await company.sql('select failures from mfa_factor where id = $1', [admin.factorId])).toEqual([{ failures: 10 }]);
    const right = await admin.verify(await admin.pendingToken(), await admin.code());
    expect(right.body.code).toBe('mfa.too_many_attempts');
    expect(Number(right.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  it('of 100 wrong passwords ten are looked at, and the right one after them is not', async () => {
    const company = await (await world.company()).isUnknownHere();
    const { admin } = company;
    await admin.hasFailed('password', 0);
    const attempt = {
      text: `select from directory.attempt where key = private.attempt_key($1, 'password', $2) for update`,
      values: [company.id, admin.email],
    };
    const answers = await world.gate(
      company.id,
      attempt,
      times(100, (at) => () => admin.login({ password: `${PASSWORD}${at}` }, at)),
      30,
    );
    expect(codes(answers)).toEqual({ 'auth.invalid_credentials': 10, 'auth.too_many_attempts': 90 });
    for (const { status, headers } of answers.filter(({ status }) => status !== 401))
      expect([status, Number(headers.get('retry-after')) > 0]).toEqual([429, true]);
    expect((await admin.failures('password')).failures).toBe(10);
    const right = await admin.login();
    expect([right.status, right.body.code, Number(right.headers.get('retry-after')) > 0]).toEqual([429, 'auth.too_many_attempts', true]);
  });

  it('two administrators who shut each other out leave one of them', async () => {
    const company = await world.company();
    const { admin } = company;
    const other = await company.person('admin');
    const shuts = (who: Person, whom: Person, at: number) => () => who.post(`/api/users/${whom.id}/deactivate`, {}, at);
    const answers = await world.gate(
      company.id,
      hold('tenant', company.id),
      times(10, (at) => (at % 2 ? shuts(admin, other, at) : shuts(other, admin, at))),
    );
    expect(codes(answers)).toEqual({ accepted: 5, 'users.last_admin': 5 });
    expect(await company.sql(`select from user_account where role = 'admin' and is_active`)).toHaveLength(1);
  });

  it('two administrators who demote or delete each other leave one of them', async () => {
    const company = await world.company();
    const { admin } = company;
    const other = await company.person('admin');
    const answers = await world.gate(company.id, hold('tenant', company.id), [
      () => admin.put(`/api/users/${other.id}/role`, { role: 'user' }, 0),
      () => other.delete(`/api/users/${admin.id}`, undefined, 1),
    ]);
    expect(answers.map(({ status }) => status).toSorted()).toEqual([expect.toBeOneOf([200, 204]), 409]);
    expect(await company.sql(`select from user_account where role = 'admin' and is_active`)).toHaveLength(1);
  });

  it('an account that is disabled between password and code stays shut', async () => {
    const { company, admin } = await enrolled();
    const token = await admin.pendingToken();
    const code = await admin.code();
    const disables = { text: 'update user_account set is_active = false where id = $1', values: [admin.id] };
    const [answer] = await world.gate(company.id, disables, [() => admin.verify(token, code, 1)]);
    expect([answer!.status, answer!.body.code]).toEqual([401, 'mfa.sign_in_over']);
    expect(await twoFactorSessions(company)).toBe(0);
    expect(await company.sql('select failures from mfa_factor where id = $1', [admin.factorId]), 'the attempt stays counted').toEqual([
      { failures: 1 },
    ]);
  });

  /** Somebody whose first factor is about to be confirmed. */
  const enrolling = async () => {
    const company = await world.company();
    const person = await company.person();
    const { body } = await person.post('/api/auth/mfa/setup');
    person.secret = body.secret;
    const { sid } = JSON.parse(Buffer.from(person.token.split('.')[1]!, 'base64url').toString());
    return { company, person, sid: sid as string, confirms: () => person.post('/api/auth/mfa/enable', { code: person.codeAt() }) };
  };

  it('a session that ends while it confirms a factor confirms none', async () => {
    const { company, person, sid, confirms } = await enrolling();
    const ends = { text: 'update session set revoked_at = now() where id = $1', values: [sid] };
    const [answer] = await world.gate(company.id, ends, [confirms]);
    expect([answer!.status, answer!.body.code]).toEqual([401, 'mfa.sign_in_over']);
    expect(await company.sql('select from mfa_factor where user_id = $1 and confirmed_at is not null', [person.id])).toHaveLength(0);
    expect(await company.actions()).not.toContain('auth.stepped_up');
  });

  it.each(['mfa/reset', 'deactivate'])('a first factor that is confirmed at the time of %s stops neither', async (what) => {
    const { company, person, sid, confirms } = await enrolling();
    const ends = () => company.admin.post(`/api/users/${person.id}/${what}`);
    const [ended, confirmed] = await world.gate(company.id, hold('session', sid), [ends, confirms]);
    expect(ended!.status, JSON.stringify(ended!.body)).toBeLessThan(300);
    expect(confirmed!.status, JSON.stringify(confirmed!.body)).toBeLessThan(500);
    expect((await person.get('/api/users/me')).status).toBe(401);
  });

  it('a password that changes while its sign-in is under way opens nothing', async () => {
    const company = await world.company();
    const { admin } = company;
    const changes = {
      text: `update user_account set password_hash = '$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' where id = $1`,
      values: [admin.id],
    };
    const answers = await world.gate(
      company.id,
      changes,
      times(4, (at) => () => admin.login({}, at)),
    );
    expect(codes(answers)).toEqual({ 'auth.invalid_credentials': 4 });
    expect(await company.sql('select from session')).toHaveLength(1);
  });
});
