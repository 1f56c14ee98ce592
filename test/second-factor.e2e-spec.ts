import { v7 as uuidv7 } from 'uuid';
import { type Answer, PASSWORD, type Person, World, earlyInAStep } from './support/world.js';

describe('The second factor', () => {
  let world: World;
  beforeAll(() => {
    world = new World();
  });
  afterAll(() => world.stop());

  const enrolled = async (): Promise<Person> => {
    const { admin } = await world.company();
    await admin.enablesTotp();
    return admin;
  };
  const outcome = ({ status, body }: Answer) => (status === 200 ? 'accepted' : body.code);
  const answered = async (person: Person, code: string) => outcome(await person.verify(await person.pendingToken(), code));
  const inform = (person: Person, offsets: number[]) =>
    offsets.reduce(
      async (before, offset) => {
        const list = await before;
        await person.forgetsLastStep();
        return [...list, await answered(person, person.codeAt(offset))];
      },
      Promise.resolve([] as string[]),
    );

  describe('in an authenticator app', () => {
    it('is right one step early or late and no further', async () => {
      const person = await enrolled();
      await earlyInAStep();
      expect(await inform(person, [-2, -1, 0, 1, 2])).toEqual(['mfa.wrong_code', 'accepted', 'accepted', 'accepted', 'mfa.wrong_code']);
    });

    it('is right in its own step only, where the company says so', async () => {
      const person = await enrolled();
      const { body } = await person.patch('/api/company', { policy: { totp_window: 0 } });
      expect(body.policy.totp_window).toBe(0);
      await earlyInAStep();
      expect(await inform(person, [-1, 0, 1])).toEqual(['mfa.wrong_code', 'accepted', 'mfa.wrong_code']);
      await person.patch('/api/company', { policy: { totp_window: 1 } });
      expect(await inform(person, [-1])).toEqual(['accepted']);
      expect((await person.patch('/api/company', { policy: { totp_window: 2 } })).status).toBe(400);
    });

    it('works once, in its own step and in the one that trails it', async () => {
      const person = await enrolled();
      await earlyInAStep();
      const [before, now, next] = [-1, 0, 1].map((offset) => person.codeAt(offset)) as [string, string, string];
      expect(await answered(person, now)).toBe('accepted');
      expect(await answered(person, now)).toBe('mfa.wrong_code');
      expect(await answered(person, ` ${now} `), 'the same code with blanks round it').toBe('mfa.wrong_code');
      expect(await answered(person, before), 'an earlier one after it').toBe('mfa.wrong_code');
      expect(await answered(person, next)).toBe('accepted');
      expect(await answered(person, now)).toBe('mfa.wrong_code');
      expect(await answered(person, next)).toBe('mfa.wrong_code');
    });

    it('that was spent at one door is spent at all of them', async () => {
      const person = await enrolled();
      await earlyInAStep();
      const code = person.codeAt();
      expect(outcome(await person.login({ totp_code: code }))).toBe('accepted');
      const { body } = await person.get('/api/auth/mfa/factors');
      const doors = [
        person.login({ totp_code: code }),
        person.post('/api/auth/mfa/backup-codes', { code }),
        person.post('/api/auth/mfa/disable', { password: PASSWORD, code }),
        person.delete(`/api/auth/mfa/factors/${body.data[0].id}`, { code }),
      ];
      for (const door of doors) expect(outcome(await door)).toBe('mfa.wrong_code');
      expect(await answered(person, code)).toBe('mfa.wrong_code');
    });

    it('that was used to set it up is no code to sign in with', async () => {
      const { admin } = await world.company();
      await earlyInAStep();
      const setup = await admin.post('/api/auth/mfa/setup');
      admin.secret = setup.body.secret;
      const code = admin.codeAt();
      expect((await admin.post('/api/auth/mfa/activate', { totp_code: code })).body.backup_codes).toHaveLength(10);
      expect(await answered(admin, code)).toBe('mfa.wrong_code');
      expect(await answered(admin, admin.codeAt(1))).toBe('accepted');
    });

    it.each([
      ['', 400, 'request.invalid'],
      ['   ', 400, 'request.invalid'],
      ['x'.repeat(65), 400, 'request.invalid'],
      [123456, 400, 'request.invalid'],
      [['123456'], 400, 'request.invalid'],
      [null, 400, 'request.invalid'],
      ['12345', 401, 'mfa.wrong_code'],
      ['1234567', 401, 'mfa.wrong_code'],
      ['１２３４５６', 401, 'mfa.wrong_code'],
      ['12 34 56', 401, 'mfa.wrong_code'],
      ['123456\u0000', 400, 'request.invalid'],
      ["' or 1=1 --", 401, 'mfa.wrong_code'],
    ])('does not take %j', async (code, status, expected) => {
      const person = await enrolled();
      const answer = await person.verify(await person.pendingToken(), code as string);
      expect(answer.body).toMatchObject({ status, code: expected });
    });

    it('is six digits, not a number: full-width digits and blanks inside the right code are refused', async () => {
      const person = await enrolled();
      await earlyInAStep();
      const code = person.codeAt();
      const wide = [...code].map((digit) => String.fromCodePoint(digit.codePointAt(0)! + 0xfee0)).join('');
      for (const odd of [wide, `${code.slice(0, 3)} ${code.slice(3)}`, `0${code}`, `+${code}`, `${code}.0`])
        expect(await answered(person, odd), odd).toBe('mfa.wrong_code');
      expect(await answered(person, code)).toBe('accepted');
    });

    it('has a secret of 160 bits, shown once and stored sealed', async () => {
      const { company } = await enrolled();
      const other = await company.person();
      const { body } = await other.post('/api/auth/mfa/setup');
      expect(body.secret).toMatch(/^[A-Z2-7]{32}$/);
      expect(body.secret).not.toBe(company.admin.secret);
      const factors = await other.get('/api/auth/mfa/factors');
      expect(factors.body.data).toMatchObject([{ id: body.factor_id, type: 'totp', confirmed: false, disabled: false }]);
      expect(JSON.stringify(factors.body)).not.toContain(body.secret);
      const stored = JSON.stringify(await company.sql('select f::text from mfa_factor f'));
      for (const secret of [body.secret, company.admin.secret]) expect(stored).not.toContain(secret);
    });

    it('is another one for another person of the same company', async () => {
      const person = await enrolled();
      const colleague = await person.company.person();
      await colleague.enablesTotp();
      expect(await answered(colleague, await person.code())).toBe('mfa.wrong_code');
      expect(await answered(colleague, await colleague.code())).toBe('accepted');
    });

    it('set up again leaves the old one good until the new one is confirmed', async () => {
      const person = await enrolled();
      await person.signsIn();
      const old = person.secret;
      const { body } = await person.post('/api/auth/mfa/setup');
      expect(await answered(person, await person.code())).toBe('accepted');
      person.secret = body.secret;
      expect(await answered(person, person.codeAt()), 'the new one, not yet confirmed').toBe('mfa.wrong_code');
      const confirmed = await person.post(`/api/auth/mfa/factors/${body.factor_id}/confirm`, { code: person.codeAt() });
      expect(confirmed.status).toBe(200);
      expect(confirmed.body.backup_codes, 'the ones there are stay').toBeUndefined();
      person.factorId = body.factor_id;
      await person.forgetsLastStep();
      expect(await answered(person, person.codeAt())).toBe('accepted');
      person.secret = old;
      expect(await answered(person, person.codeAt()), 'the old one').toBe('mfa.wrong_code');
      expect((await person.get('/api/auth/mfa/factors')).body.data).toHaveLength(2);
    });

    it('raises the session that sets the first one up, and no other of the person', async () => {
      const person = await (await world.company()).person();
      const other = person.token;
      await person.signsIn();
      const sessions = () =>
        person.company.sql<{ amr: string; acr: string; auth_time: Date }>(
          'select amr, acr, auth_time from session where user_id = $1 order by id',
          [person.id],
        );
      const before = await sessions();
      await person.enablesTotp();
      const [first, second] = before as [(typeof before)[0], (typeof before)[0]];
      expect(await sessions(), 'since when is as it was').toEqual([
        first,
        { ...second, amr: ['pwd', 'otp', 'mfa'], acr: 'urn:watchword:acr:2' },
      ]);
      const another = (token: string) => world.call('POST', '/api/auth/mfa/factors', { token, body: { type: 'webauthn' } });
      expect((await another(person.token)).status, 'with no code asked again').toBe(201);
      expect(outcome(await another(other))).toBe('mfa.fresh_sign_in_required');
      expect(
        (await person.company.sql(`select details from audit_event where action = 'auth.stepped_up'`)).map(({ details }) => details),
      ).toEqual([{ amr: ['pwd', 'otp', 'mfa'], acr: 'urn:watchword:acr:2' }]);
    });

    it('is not replaced by a session that the password alone opened', async () => {
      const company = await world.company();
      const person = await company.person();
      const thief = person.token; // opened before there was a second factor, and still good
      await person.signsIn();
      await person.enablesTotp();
      for (const [path, body] of [
        ['/api/auth/mfa/setup', {}],
        ['/api/auth/mfa/factors', { type: 'totp' }],
        ['/api/auth/mfa/enable', { code: '000000' }],
        ['/api/auth/mfa/activate', { totp_code: '000000' }],
        [`/api/auth/mfa/factors/${person.factorId}/confirm`, { code: '000000' }],
      ] as const)
        expect(outcome(await world.call('POST', path, { token: thief, body })), path).toBe('mfa.fresh_sign_in_required');
      expect(await answered(person, await person.code())).toBe('accepted');
    });

    it('begun anew forgets the start before', async () => {
      const { admin } = await world.company();
      const [first, second] = [
        await admin.post('/api/auth/mfa/setup'),
        await admin.post('/api/auth/mfa/factors', { type: 'totp', label: 'My phone' }),
      ];
      expect([second.status, second.body.qr_code.slice(0, 22)]).toEqual([201, 'data:image/png;base64,']);
      admin.secret = first.body.secret;
      expect(outcome(await admin.post('/api/auth/mfa/enable', { code: admin.codeAt() }))).toBe('mfa.wrong_code');
      expect(outcome(await admin.post(`/api/auth/mfa/factors/${first.body.factor_id}/confirm`, { code: admin.codeAt() }))).toBe(
        'mfa.not_found',
      );
      admin.secret = second.body.secret;
      expect(outcome(await admin.post('/api/auth/mfa/enable', { code: admin.codeAt() }))).toBe('accepted');
      expect((await admin.get('/api/auth/mfa/factors')).body.data).toMatchObject([
        { label: 'My phone', confirmed: true },
        { type: 'backup_codes' },
      ]);
      admin.factorId = second.body.factor_id;
      await admin.forgetsLastStep();
      await admin.signsIn();
      expect(outcome(await admin.post('/api/auth/mfa/enable', { code: admin.codeAt(1) })), 'nothing waits any more').toBe(
        'mfa.not_pending',
      );
    });
  });

  describe('on paper: backup codes', () => {
    it('are ten, of 80 bits, and each works once', async () => {
      const person = await enrolled();
      expect(new Set(person.backupCodes).size).toBe(10);
      for (const code of person.backupCodes) expect(code).toMatch(/^([A-Z2-7]{4}-){3}[A-Z2-7]{4}$/);
      for (const [used, code] of person.backupCodes.slice(0, 3).entries()) {
        expect(await answered(person, code)).toBe('accepted');
        expect(await answered(person, code)).toBe('mfa.wrong_code');
        expect((await person.get('/api/auth/mfa/backup-codes')).body).toEqual({
          remaining: 9 - used,
          created_at: expect.stringMatching(/Z$/),
        });
      }
    });

    it('may be typed without dashes, in small letters, with blanks – and are spent in every spelling', async () => {
      const person = await enrolled();
      const [a, b, c] = person.backupCodes as [string, string, string];
      expect(await answered(person, a.replaceAll('-', ''))).toBe('accepted');
      expect(await answered(person, b.toLowerCase())).toBe('accepted');
      expect(await answered(person, ` ${c.replaceAll('-', ' ').toLowerCase()} `)).toBe('accepted');
      for (const spent of [a, a.toLowerCase(), b, c.replaceAll('-', '')]) expect(await answered(person, spent)).toBe('mfa.wrong_code');
    });

    it('of another person are refused, and stay good for their owner', async () => {
      const person = await enrolled();
      const colleague = await person.company.person();
      await colleague.enablesTotp();
      const stranger = await enrolled();
      for (const other of [colleague, stranger]) {
        expect(await answered(person, other.backupCodes[0]!)).toBe('mfa.wrong_code');
        expect(await answered(other, other.backupCodes[0]!)).toBe('accepted');
      }
    });

    it('work at the door of the password, too', async () => {
      const person = await enrolled();
      const { body } = await person.login({ totp_code: person.backupCodes[0] });
      expect(body.mfa_required).toBe(false);
      expect(outcome(await person.login({ totp_code: person.backupCodes[0] }))).toBe('mfa.wrong_code');
    });

    it('are made anew for a fresh code, and the old ones are dead', async () => {
      const person = await enrolled();
      expect(outcome(await person.post('/api/auth/mfa/backup-codes', { code: person.wrongCode() }))).toBe('mfa.wrong_code');
      const { body } = await person.post('/api/auth/mfa/backup-codes', { code: await person.code() });
      expect(new Set([...body.backup_codes, ...person.backupCodes]).size).toBe(20);
      expect(await answered(person, person.backupCodes[0]!)).toBe('mfa.wrong_code');
      expect(await answered(person, body.backup_codes[0])).toBe('accepted');
    });

    it('are counted for their owner, never shown again', async () => {
      const person = await enrolled();
      const { body } = await person.get('/api/auth/mfa/backup-codes');
      expect(Object.keys(body).toSorted()).toEqual(['created_at', 'remaining']);
      const { admin } = await world.company();
      expect((await admin.get('/api/auth/mfa/backup-codes')).body).toEqual({ remaining: 0, created_at: null });
    });

    it('are no factor of their own: nobody starts with them', async () => {
      const { admin } = await world.company();
      for (const type of ['backup_codes', 'no-such-thing', '__proto__', 'constructor'])
        expect((await admin.post('/api/auth/mfa/factors', { type })).body, type).toMatchObject({
          status: 400,
          code: 'mfa.unknown_factor',
          errors: [{ field: 'type' }],
        });
    });
  });

  describe('is gone', () => {
    it('for the password and a fresh code together, and for neither alone', async () => {
      const person = await enrolled();
      const disable = (body: object) => person.post('/api/auth/mfa/disable', body);
      expect((await disable({ password: PASSWORD })).status).toBe(400);
      expect(outcome(await disable({ password: `${PASSWORD}!`, code: await person.code() }))).toBe('auth.wrong_password');
      expect(outcome(await disable({ password: PASSWORD, code: person.wrongCode() }))).toBe('mfa.wrong_code');
      expect((await person.get('/api/users/me')).body.mfa_enabled).toBe(true);
      expect((await disable({ password: PASSWORD, code: await person.code() })).body).toEqual({
        message: 'MFA successfully disabled',
        detail: null,
      });
      expect((await person.get('/api/auth/mfa/factors')).body.data).toEqual([]);
      expect((await person.login()).body.mfa_required).toBe(false);
    });

    it('with its backup codes, when the last one is removed for a fresh code', async () => {
      const person = await enrolled();
      const remove = (body?: object) => person.delete(`/api/auth/mfa/factors/${person.factorId}`, body);
      expect((await remove()).status).toBe(400);
      expect(outcome(await remove({ code: person.wrongCode() }))).toBe('mfa.wrong_code');
      expect(outcome(await remove({ code: await person.code() }))).toBe('accepted');
      expect((await person.get('/api/auth/mfa/factors')).body.data).toEqual([]);
      expect((await person.login()).body.mfa_required).toBe(false);
    });

    it('for nobody else: the id of a factor opens nothing', async () => {
      const person = await enrolled();
      const thief = await person.company.person();
      await thief.enablesTotp();
      await Promise.all([person.signsIn(), thief.signsIn()]);
      const pendingSetup = (await person.post('/api/auth/mfa/setup')).body;
      expect(outcome(await thief.delete(`/api/auth/mfa/factors/${person.factorId}`, { code: await thief.code() }))).toBe('mfa.not_found');
      expect(outcome(await thief.post(`/api/auth/mfa/factors/${pendingSetup.factor_id}/confirm`, { code: await thief.code() }))).toBe(
        'mfa.not_found',
      );
      const named = await world.call('POST', '/api/auth/verify-mfa', {
        token: await thief.pendingToken(),
        body: { code: await person.code(), factor_id: person.factorId },
      });
      expect(outcome(named)).toBe('mfa.wrong_code');
      expect((await person.get('/api/auth/mfa/factors')).body.data).toHaveLength(3);
    });
  });

  it('may be named, and then no other answers for it', async () => {
    const person = await enrolled();
    const { body } = await person.get('/api/auth/mfa/factors');
    const [totp, backup] = body.data as { id: string }[];
    const verify = async (code: string, factor_id: string) =>
      outcome(await world.call('POST', '/api/auth/verify-mfa', { token: await person.pendingToken(), body: { code, factor_id } }));
    expect(await verify(person.backupCodes[0]!, totp!.id)).toBe('mfa.wrong_code');
    expect(await verify(await person.code(), backup!.id)).toBe('mfa.wrong_code');
    expect(await verify(await person.code(), uuidv7())).toBe('mfa.wrong_code');
    expect(await verify(person.backupCodes[0]!, backup!.id)).toBe('accepted');
    expect(await verify(await person.code(), totp!.id)).toBe('accepted');
  });

  it('leaves a trail that names what happened and holds no code', async () => {
    const person = await enrolled();
    const wrong = person.wrongCode();
    await answered(person, wrong);
    await answered(person, person.backupCodes[0]!);
    const trail = await person.company.sql('select action, details::text from audit_event order by id');
    const actions = trail.map(({ action }) => action);
    for (const action of ['mfa.enrolment_started', 'mfa.factor_added', 'mfa.backup_codes_made', 'mfa.code_refused', 'auth.signed_in'])
      expect(actions).toContain(action);
    const text = JSON.stringify(trail);
    for (const secret of [wrong, person.secret, ...person.backupCodes]) expect(text).not.toContain(secret);
  });
});
