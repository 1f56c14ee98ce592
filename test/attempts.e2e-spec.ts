import { type Answer, bare, type Company, PASSWORD, type Person, World } from './support/world.js';

const WRONG = `${PASSWORD}!`;

/** Guesses are counted before they are looked at, per account and per factor, whichever door they come through. */
describe('Guessing', () => {
  let world: World;
  beforeAll(() => {
    world = new World();
  });
  afterAll(() => world.stop());

  /** Whose people sign in from elsewhere: here, whoever knocks is a stranger. */
  const elsewhere = async () => (await world.company()).isUnknownHere();
  const enrolled = async (): Promise<Person> => {
    const { admin } = await elsewhere();
    await admin.enablesTotp();
    return admin;
  };
  const outcome = ({ status, body }: Answer) => (status < 300 ? 'accepted' : body.code);
  const retryAfter = ({ headers }: Answer) => Number(headers.get('retry-after'));
  const failures = async (person: Person, kind: 'password' | 'mfa') => (await person.failures(kind)).failures;
  const login = (body: object, headers: Record<string, string> = {}, at = 0) =>
    world.call('POST', '/api/auth/login', { body: { password: WRONG, ...body }, headers, at });
  const times = async <T>(count: number, make: (at: number) => Promise<T>): Promise<T[]> => {
    const results: T[] = [];
    for (let at = 0; at < count; at++) results.push(await make(at));
    return results;
  };

  describe('a password', () => {
    it('is free ten times in a row, over both processes, and must wait after the tenth', async () => {
      const { admin } = await elsewhere();
      const first = await times(10, (at) => admin.login({ password: WRONG }, at));
      expect(first.map(outcome)).toEqual(Array(10).fill('auth.invalid_credentials'));
      expect(await admin.failures('password')).toEqual({
        failures: 10,
        seconds: expect.toSatisfy((seconds: number) => seconds > 25 && seconds <= 30),
      });
      const eleventh = await admin.login({ password: WRONG }, 1);
      expect(eleventh.body).toMatchObject({ status: 429, code: 'auth.too_many_attempts' });
      expect(retryAfter(eleventh)).toSatisfy((seconds: number) => seconds > 25 && seconds <= 30);
      const right = await admin.login();
      expect([right.status, outcome(right)], 'the right one is not looked at').toEqual([429, 'auth.too_many_attempts']);
      expect(await failures(admin, 'password'), 'and nothing is counted meanwhile').toBe(10);
    });

    it('must wait longer after each further failure, up to an hour', async () => {
      const { admin } = await elsewhere();
      for (const [before, wait] of [
        [9, 30],
        [10, 60],
        [11, 120],
        [12, 240],
        [13, 480],
        [14, 960],
        [15, 1920],
        [16, 3600],
        [17, 3600],
        [99, 3600],
      ] as const) {
        await admin.hasFailed('password', before);
        expect(outcome(await admin.login({ password: WRONG }))).toBe('auth.invalid_credentials');
        const { failures: counted, seconds } = await admin.failures('password');
        expect([counted, seconds > wait - 5 && seconds <= wait], `${seconds} s after ${counted} failures`).toEqual([before + 1, true]);
        expect(retryAfter(await admin.login())).toSatisfy((told: number) => told > wait - 5 && told <= wait);
      }
    });

    it('that is right ends the count, once the wait is over', async () => {
      const { admin } = await elsewhere();
      await admin.hasFailed('password', 12);
      expect(outcome(await admin.login())).toBe('accepted');
      expect(await admin.failures('password')).toEqual({ failures: 0, seconds: 0 });
      expect((await times(9, () => admin.login({ password: WRONG }))).map(outcome)).toEqual(Array(9).fill('auth.invalid_credentials'));
      expect(outcome(await admin.login())).toBe('accepted');
      expect(await failures(admin, 'password')).toBe(0);
    });

    it('of an account there is not counts alike and is answered alike, byte for byte', async () => {
      const { admin, domain } = await elsewhere();
      const inactive = await admin.company.person();
      await admin.company.isUnknownHere();
      await admin.post(`/api/users/${inactive.id}/deactivate`);
      const accounts = [
        { email: admin.email },
        { email: `nobody@${domain}` },
        { email: inactive.email, password: PASSWORD },
        { email: `somebody@${domain}`, company_domain: undefined },
        { email: `anybody@${domain}`, company_domain: `no-company-${domain}` },
      ];
      const told = await Promise.all(accounts.map((body) => times(12, (at) => login({ company_domain: domain, ...body }, {}, at))));
      const seen = told.map((answers) => answers.map((answer) => ({ ...bare(answer), headers: [...answer.headers.keys()].toSorted() })));
      expect(seen[0]!.map(({ status }) => status)).toEqual([...Array(10).fill(401), 429, 429]);
      for (const other of seen.slice(1)) expect(other).toEqual(seen[0]);
      for (const answers of told)
        for (const answer of answers.slice(10)) expect(retryAfter(answer)).toSatisfy((seconds: number) => seconds > 20 && seconds <= 30);
    });

    it('has one count, however the account is spelled', async () => {
      const { admin, id, domain } = await elsewhere();
      const [name, host] = admin.email.split('@') as [string, string];
      const spellings: [object, Record<string, string>?][] = [
        [{ email: admin.email }],
        [{ email: admin.email.toUpperCase() }],
        [{ email: `  ${name}@${host.toUpperCase()}  ` }],
        [{ email: admin.email, company_domain: domain }],
        [{ email: admin.email, company_domain: ` ${domain.toUpperCase()}. ` }],
        [{ email: admin.email }, { 'x-tenant-id': id }],
        [{ email: admin.email }, { 'x-tenant-id': id.toUpperCase() }],
        [{ email: admin.email }, { 'x-tenant-id': domain }],
        [{ email: admin.email, totp_code: '123456' }],
        [
          { email: admin.email, device_name: 'Another', company_domain: domain },
          { 'x-tenant-id': 'elsewhere.test', 'x-forwarded-for': '203.0.113.7' },
        ],
      ];
      for (const [body, headers] of spellings)
        expect(outcome(await login(body, headers)), JSON.stringify([body, headers])).toBe('auth.invalid_credentials');
      expect(await failures(admin, 'password')).toBe(spellings.length);
      for (const [body, headers] of spellings)
        expect(outcome(await login({ ...body, password: PASSWORD }, headers)), JSON.stringify([body, headers])).toBe(
          'auth.too_many_attempts',
        );
    });

    it('is counted for the address, so that the count tells nobody which company it belongs to', async () => {
      const { admin, domain } = await elsewhere();
      const other = await elsewhere();
      const nobody = `nobody@${domain}`;
      for (const email of [admin.email, nobody]) {
        const tries = [
          ...(await times(5, () => login({ email, company_domain: domain }))),
          ...(await times(3, () => login({ email, company_domain: other.domain }))),
          ...(await times(2, () => login({ email }))),
        ];
        expect(tries.map(outcome), email).toEqual(Array(10).fill('auth.invalid_credentials'));
        for (const company_domain of [domain, other.domain, 'no-such-company.test', undefined])
          expect(outcome(await login({ email, company_domain })), `${email} ${company_domain}`).toBe('auth.too_many_attempts');
      }
    });

    it('that is right in one company ends no count of another, whoever has the same e-mail there', async () => {
      const { admin, domain } = await elsewhere();
      const own = await elsewhere();
      const twin = await own.person('user', 'twin');
      await own.sql('update user_account set email = $2, email_canonical = $2 where id = $1', [twin.id, admin.email]);
      const signsInAtTheirOwn = () => login({ email: admin.email, password: PASSWORD, company_domain: own.domain });
      await times(4, () => login({ email: admin.email, company_domain: domain }));
      await times(3, () => login({ email: admin.email, company_domain: own.domain }));
      await times(2, () => login({ email: admin.email }));
      expect(await failures(admin, 'password')).toBe(9);
      expect(outcome(await signsInAtTheirOwn())).toBe('accepted');
      expect(await failures(admin, 'password'), 'its own are gone; those that named none were for whoever had the address first').toBe(6);
      await times(6, () => login({ email: admin.email, company_domain: domain }));
      await own.isUnknownHere();
      expect(outcome(await signsInAtTheirOwn()), 'the count is one').toBe('auth.too_many_attempts');
      await admin.hasFailed('password', 12);
      expect(outcome(await signsInAtTheirOwn()), 'once the wait is over').toBe('accepted');
      expect(await admin.failures('password'), 'which ends the wait and not the count').toEqual({ failures: 12, seconds: 0 });
      expect(outcome(await login({ email: admin.email, company_domain: domain })), 'one guess').toBe('auth.invalid_credentials');
      await own.isUnknownHere();
      expect(outcome(await signsInAtTheirOwn()), 'and then as long a wait as ever').toBe('auth.too_many_attempts');
      await admin.hasFailed('password', 12);
      expect(outcome(await admin.login())).toBe('accepted');
      expect(await failures(admin, 'password')).toBe(0);
    });

    it('of others cannot push an account out of the book', async () => {
      const { admin, domain } = await elsewhere();
      await admin.hasFailed('password', 7);
      await Promise.all(Array.from({ length: 20 }, (_, at) => login({ email: `flood-${at}@${domain}`, company_domain: domain }, {}, at)));
      expect(await failures(admin, 'password')).toBe(7);
    });
  });

  describe('a code', () => {
    it('is counted over one pending sign-in and the next, and a right password does not end the count', async () => {
      const person = await enrolled();
      for (const pending of [await person.pendingToken(), await person.pendingToken(1)]) {
        const answers = await times(6, (at) => person.verify(pending, person.wrongCode(), at));
        expect(answers.map(outcome)).toEqual([...Array(5).fill('mfa.wrong_code'), 'mfa.sign_in_over']);
      }
      expect(await person.failures('mfa')).toEqual({
        failures: 10,
        seconds: expect.toSatisfy((seconds: number) => seconds > 25 && seconds <= 30),
      });
      expect(await failures(person, 'password')).toBe(0);
      const blocked = await person.verify(await person.pendingToken(), await person.code());
      expect(blocked.body).toMatchObject({ status: 429, code: 'mfa.too_many_attempts' });
      expect(retryAfter(blocked)).toSatisfy((seconds: number) => seconds > 20 && seconds <= 30);
      expect(outcome(await person.login({ totp_code: await person.code() })), 'nor with the password').toBe('mfa.too_many_attempts');
      expect(outcome(await person.verify(await person.pendingToken(), person.backupCodes[0]!)), 'nor with a backup code').toBe(
        'mfa.too_many_attempts',
      );
      await person.hasFailed('mfa', 10);
      expect(outcome(await person.verify(await person.pendingToken(), await person.code())), 'when the wait is over').toBe('accepted');
      expect(await failures(person, 'mfa')).toBe(0);
    });

    it('is counted on when a new secret is made: that buys no fresh guesses', async () => {
      const person = await enrolled();
      await person.signsIn();
      await person.hasFailed('mfa', 9);
      const { body } = await person.post('/api/auth/mfa/setup');
      expect(outcome(await person.post('/api/auth/mfa/enable', { code: person.wrongCode() }))).toBe('mfa.wrong_code');
      await person.post('/api/auth/mfa/setup');
      expect(outcome(await person.post('/api/auth/mfa/enable', { code: '000000' }))).toBe('mfa.too_many_attempts');
      expect(body.factor_id).toBeDefined();
      expect(await failures(person, 'mfa')).toBe(10);
    });

    it('must wait longer after each further failure, up to an hour', async () => {
      const person = await enrolled();
      for (const [before, wait] of [
        [9, 30],
        [10, 60],
        [13, 480],
        [16, 3600],
        [80, 3600],
      ] as const) {
        await person.hasFailed('mfa', before);
        expect(outcome(await person.post('/api/auth/mfa/backup-codes', { code: person.wrongCode() }))).toBe('mfa.wrong_code');
        const blocked = await person.post('/api/auth/mfa/backup-codes', { code: await person.code() });
        expect(
          [blocked.status, retryAfter(blocked) > wait - 5 && retryAfter(blocked) <= wait],
          `${before}: ${retryAfter(blocked)}`,
        ).toEqual([429, true]);
      }
    });

    it('wrong a hundred times in a row rests the factor, and a backup code still opens the door', async () => {
      const person = await enrolled();
      const { company } = person;
      const list = async () =>
        (await person.get('/api/auth/mfa/factors')).body.data.map(({ type, disabled }: { type: string; disabled: boolean }) => [
          type,
          disabled,
        ]);
      await company.sql('update mfa_factor set failures = 98 where id = $1', [person.factorId]);
      expect(outcome(await person.verify(await person.pendingToken(), person.wrongCode()))).toBe('mfa.wrong_code');
      expect(await list()).toEqual([
        ['totp', false],
        ['backup_codes', false],
      ]);
      expect(outcome(await person.verify(await person.pendingToken(), person.wrongCode()))).toBe('mfa.wrong_code');
      expect(await list()).toEqual([
        ['totp', true],
        ['backup_codes', false],
      ]);
      expect(
        await company.sql('select failures, disabled_at is not null as disabled from mfa_factor where id = $1', [person.factorId]),
      ).toEqual([{ failures: 100, disabled: true }]);

      const due = await person.login();
      expect(due.body).toMatchObject({ mfa_required: true, factors: [{ type: 'backup_codes' }] });
      expect(outcome(await person.verify(due.body.mfa_token, await person.code())), 'the right code of a resting factor').toBe(
        'mfa.wrong_code',
      );
      const opened = await person.verify(due.body.mfa_token, person.backupCodes[0]!);
      expect(outcome(opened)).toBe('accepted');
      person.token = opened.body.access_token;
      expect(await list(), 'which does not wake it').toEqual([
        ['totp', true],
        ['backup_codes', false],
      ]);
      await person.enablesTotp();
      expect(await list(), 'setting it up again does').toEqual(
        expect.arrayContaining([
          ['totp', false],
          ['backup_codes', false],
        ]),
      );
      expect(outcome(await person.verify(await person.pendingToken(), await person.code()))).toBe('accepted');
    });

    it('right at the hundredth try is right, and ends the count of its factor alone', async () => {
      const person = await enrolled();
      await person.company.sql('update mfa_factor set failures = 99');
      expect(outcome(await person.verify(await person.pendingToken(), await person.code()))).toBe('accepted');
      expect(await person.company.sql('select type, failures, disabled_at from mfa_factor order by type')).toEqual([
        { type: 'backup_codes', failures: 99, disabled_at: null },
        { type: 'totp', failures: 0, disabled_at: null },
      ]);
    });

    it('in the form of a backup code counts against the backup codes; of no form at all, against every factor', async () => {
      const person = await enrolled();
      const counted = async () =>
        Object.fromEntries(
          (await person.company.sql('select type, failures from mfa_factor')).map(({ type, failures: count }) => [type, count]),
        );
      await person.verify(await person.pendingToken(), 'AAAA-AAAA-AAAA-AAAA');
      expect(await counted()).toEqual({ totp: 0, backup_codes: 1 });
      await person.verify(await person.pendingToken(), person.wrongCode());
      expect(await counted()).toEqual({ totp: 1, backup_codes: 1 });
      await person.verify(await person.pendingToken(), 'neither');
      expect(await counted()).toEqual({ totp: 2, backup_codes: 2 });
      expect(await failures(person, 'mfa')).toBe(3);
    });

    it('of one person is not counted against another', async () => {
      const person = await enrolled();
      const colleague = await person.company.person();
      await colleague.enablesTotp();
      await person.hasFailed('mfa', 10, 60);
      expect(outcome(await colleague.verify(await colleague.pendingToken(), await colleague.code()))).toBe('accepted');
      expect(outcome(await person.verify(await person.pendingToken(), await person.code()))).toBe('mfa.too_many_attempts');
    });
  });

  describe('at every door', () => {
    /** Doors of one route, by what is guessed there. A new route that takes a code or a password belongs here. */
    type Door = (person: Person, guess: string) => Promise<Answer>;
    const codeDoors: Record<string, Door> = {
      'POST /api/auth/verify-mfa': async (person, code) => person.verify(await person.pendingToken(), code),
      'POST /api/auth/login': (person, totp_code) => person.login({ totp_code }),
      'POST /api/auth/mfa/disable': (person, code) => person.post('/api/auth/mfa/disable', { password: PASSWORD, code }),
      'POST /api/auth/mfa/backup-codes': (person, code) => person.post('/api/auth/mfa/backup-codes', { code }),
      'POST /api/auth/step-up': (person, code) => person.post('/api/auth/step-up', { code }),
      'DELETE /api/auth/mfa/factors/{id}': (person, code) => person.delete(`/api/auth/mfa/factors/${person.factorId}`, { code }),
    };
    /** Where a factor just set up is confirmed. */
    const confirmDoors: Record<string, (person: Person, guess: string, factorId: string) => Promise<Answer>> = {
      'POST /api/auth/mfa/enable': (person, code) => person.post('/api/auth/mfa/enable', { code }),
      'POST /api/auth/mfa/activate': (person, totp_code) => person.post('/api/auth/mfa/activate', { totp_code }),
      'POST /api/auth/mfa/factors/{id}/confirm': (person, code, id) => person.post(`/api/auth/mfa/factors/${id}/confirm`, { code }),
    };
    const passwordDoors: Record<string, Door> = {
      'POST /api/auth/login': (person, password) => person.login({ password }),
      'POST /api/auth/change-password': (person, current_password) =>
        person.post('/api/auth/change-password', { current_password, new_password: 'another long walk, by day' }),
      'POST /api/auth/mfa/disable': async (person, password) => person.post('/api/auth/mfa/disable', { password, code: '000000' }),
      'POST /api/auth/step-up': (person, password) => person.post('/api/auth/step-up', { password }),
      'POST /api/users/me/email': (person, password) => person.post('/api/users/me/email', { new_email: 'new@acme.test', password }),
    };
    const state = async (company: Company) => company.sql('select id, version, state from mfa_factor order by id');

    it.each(Object.entries(codeDoors))('a wrong code is counted, and a right one not looked at after ten: %s', async (_, door) => {
      const person = await enrolled();
      expect(outcome(await door(person, person.wrongCode()))).toBe('mfa.wrong_code');
      expect(await failures(person, 'mfa')).toBe(1);
      expect(await person.company.sql('select failures from mfa_factor where id = $1', [person.factorId])).toEqual([{ failures: 1 }]);
      expect(outcome(await door(person, 'AAAA-AAAA-AAAA-AAAA'))).toBe('mfa.wrong_code');
      expect(await failures(person, 'mfa')).toBe(2);
      await person.hasFailed('mfa', 10, 60);
      const code = await person.code();
      const before = await state(person.company);
      const blocked = await door(person, code);
      expect(blocked.body).toMatchObject({ status: 429, code: 'mfa.too_many_attempts' });
      expect(retryAfter(blocked)).toSatisfy((seconds: number) => seconds > 50 && seconds <= 60);
      expect(await failures(person, 'mfa')).toBe(10);
      expect(await state(person.company), 'nothing is spent').toEqual(before);
      await person.hasFailed('mfa', 10);
      expect(outcome(await door(person, code))).toBe('accepted');
      expect(await failures(person, 'mfa')).toBe(0);
    });

    it.each(Object.entries(confirmDoors))('a wrong first code is counted, and a right one not looked at after ten: %s', async (_, door) => {
      const person = await enrolled();
      await person.signsIn();
      const { body } = await person.post('/api/auth/mfa/setup');
      person.secret = body.secret;
      expect(outcome(await door(person, person.wrongCode(), body.factor_id))).toBe('mfa.wrong_code');
      expect(await failures(person, 'mfa')).toBe(1);
      expect(await person.company.sql('select failures from mfa_factor where id = $1', [body.factor_id])).toEqual([{ failures: 1 }]);
      await person.hasFailed('mfa', 10, 60);
      expect(outcome(await door(person, person.codeAt(), body.factor_id))).toBe('mfa.too_many_attempts');
      await person.hasFailed('mfa', 10);
      await person.company.sql('update mfa_factor set failures = 99 where id = $1', [body.factor_id]);
      expect(outcome(await door(person, person.wrongCode(), body.factor_id))).toBe('mfa.wrong_code');
      await person.hasFailed('mfa', 0);
      expect(outcome(await door(person, person.codeAt(), body.factor_id)), 'after a hundred it must be set up anew').toBe('mfa.wrong_code');
    });

    it.each(Object.entries(passwordDoors))('a wrong password is counted, and a right one not looked at after ten: %s', async (_, door) => {
      const { admin } = await elsewhere();
      const before = await failures(admin, 'password');
      expect(outcome(await door(admin, WRONG))).toBeOneOf(['auth.invalid_credentials', 'auth.wrong_password']);
      expect(await failures(admin, 'password')).toBe(before + 1);
      await admin.hasFailed('password', 9);
      expect(outcome(await door(admin, WRONG))).toBeOneOf(['auth.invalid_credentials', 'auth.wrong_password']);
      const blocked = await door(admin, PASSWORD);
      expect([blocked.status, outcome(blocked), retryAfter(blocked) > 25]).toEqual([429, 'auth.too_many_attempts', true]);
      expect(await failures(admin, 'password')).toBe(10);
    });

    it('there is: every route that takes a code or a password of an account is tested here', async () => {
      const { body: api } = await world.call('GET', '/openapi.json');
      const schemaOf = (schema: any): any => (schema?.$ref ? schemaOf(api.components.schemas[schema.$ref.split('/').at(-1)]) : schema);
      const asks = (operation: any) =>
        Object.keys(schemaOf(operation.requestBody?.content?.['application/json']?.schema)?.properties ?? {});
      const doors = Object.entries<Record<string, any>>(api.paths).flatMap(([path, methods]) =>
        Object.entries(methods).flatMap(([method, operation]) =>
          asks(operation).some((name) => ['code', 'totp_code', 'mfa_code', 'password', 'current_password', 'credential'].includes(name))
            ? [`${method.toUpperCase()} ${path}`]
            : [],
        ),
      );
      const ofAccounts = doors.filter((door) => / \/api\/(auth|sms-mfa|users)\//.test(door));
      /** What sets a first password guesses nothing. */
      const none = [
        'POST /api/auth/register',
        'POST /api/auth/accept-invitation',
        // Codes of 256 bits, of an outside sign-in.
        'POST /api/auth/oidc/exchange',
        'POST /api/auth/identities',
      ];
      /** Codes by text are counted where there are texts: delivered-factors.e2e-spec.ts. */
      const elsewhere = [
        'POST /api/sms-mfa/disable',
        'POST /api/sms-mfa/verify',
        // passkeys.e2e-spec.ts
        'POST /api/auth/passkey/login',
      ];
      const tested = new Set([codeDoors, confirmDoors, passwordDoors].flatMap((kind) => Object.keys(kind)));
      expect(ofAccounts.filter((door) => ![...none, ...elsewhere].includes(door)).toSorted()).toEqual([...tested].toSorted());
    });
  });
});
