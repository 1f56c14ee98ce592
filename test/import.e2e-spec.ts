import { execFileSync } from 'node:child_process';
import { argon2Sync, createHash, pbkdf2Sync, randomBytes, scryptSync } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ENTRY, launch } from './support/stack.js';
import { type Company, ran, World } from './support/world.js';

const PASSWORD = 'correct horse battery 9';
/** Made by libxcrypt, at cost 4. */
const BCRYPT = 'Z6FQYRqyxExIV1Y1QdAbcfzTcbeBCEa';
const bcrypt = (version: string, tail = BCRYPT) => `$${version}$04$abcdefghijklmnopqrstuu${tail}`;
/** The same, of sixty times é: 120 bytes, of which bcrypt read 72. */
const LONG = 'é'.repeat(60);
const BCRYPT_OF_LONG = bcrypt('2b', 'KiIlCeXB6chNXkLyAo8C7XcLPzh6zUe');

const unpadded = (bytes: Buffer) => bytes.toString('base64').replace(/=+$/, '');
const salt = Buffer.from('0f1e2d3c4b5a69788796a5b4c3d2e1f0', 'hex');
const scrypted = (password = PASSWORD) => scryptSync(password, salt, 32, { N: 16_384, r: 8, p: 1 });
const derived = (digest: string, length: number, password = PASSWORD) => pbkdf2Sync(password, salt, 10_000, length, digest);
const argon2 = (memory: number, passes: number) =>
  `$argon2id$v=19$m=${memory},t=${passes},p=1$${unpadded(salt)}$${unpadded(
    argon2Sync('argon2id', { message: PASSWORD, nonce: salt, memory, passes, parallelism: 1, tagLength: 32 }),
  )}`;

const hasOathtool = (() => {
  try {
    return execFileSync('oathtool', ['--version'], { stdio: 'ignore' }) === null;
  } catch {
    console.warn('Imported authenticators are not tested: oathtool cannot be found here (Debian: oathtool).');
    return false;
  }
})();

let world: World;
let folder: string;
beforeAll(() => {
  world = new World();
  folder = mkdtempSync(join(tmpdir(), 'watchword-import-'));
});
afterAll(async () => {
  await world.stop();
  rmSync(folder, { recursive: true, force: true });
});

const file = (rows: (object | string | Buffer)[]) => {
  const name = join(folder, `${randomBytes(6).toString('hex')}.ndjson`);
  const lines = rows.map((row) => (Buffer.isBuffer(row) ? row : Buffer.from(typeof row === 'string' ? row : JSON.stringify(row))));
  writeFileSync(name, Buffer.concat(lines.flatMap((line) => [line, Buffer.from('\n')])));
  return name;
};
const importing = (name: string, company: { domain: string }, ...more: string[]) =>
  ran(ENTRY('cli'), world.stack.env, ['users', 'import', name, '--company', company.domain, ...more]);
const signsIn = (company: Company, email: string, password = PASSWORD) =>
  world.call('POST', '/api/auth/login', { body: { email, password, company_domain: company.domain } });
const hashOf = async (company: Company, email: string): Promise<string> =>
  (await company.sql('select password_hash from user_account where email_canonical = $1', [email]))[0].password_hash;
const rejectedOf = (name: string): { line: number; field: string; reason: string; input: string }[] =>
  readFileSync(`${name}.rejected`, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

const OURS = /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/;

describe('A person from elsewhere', () => {
  const tag64 = { salt: salt.toString('base64'), encoding: 'base64' };
  const HASHES: [name: string, hash: unknown, password?: string][] = [
    ['argon2 of other parameters', argon2(8_192, 3)],
    [
      'argon2 in fields',
      {
        algorithm: 'argon2id',
        memory: 4_096,
        iterations: 3,
        parallelism: 1,
        ...tag64,
        hash: argon2(4_096, 3).split('$').at(-1),
      },
    ],
    ['bcrypt $2a$', bcrypt('2a')],
    ['bcrypt $2b$', bcrypt('2b')],
    ['bcrypt $2y$ in fields', { algorithm: 'bcrypt', hash: bcrypt('2y') }],
    ['bcrypt of a password longer than it reads', BCRYPT_OF_LONG, LONG],
    ['scrypt', `$scrypt$ln=14,r=8,p=1$${unpadded(salt)}$${unpadded(scrypted())}`],
    [
      'scrypt in fields',
      { algorithm: 'scrypt', n: 16_384, r: 8, p: 1, salt: salt.toString('hex'), hash: scrypted().toString('hex'), encoding: 'hex' },
    ],
    ['PBKDF2 as PHC writes it', `$pbkdf2-sha256$i=10000,l=32$${unpadded(salt)}$${unpadded(derived('sha256', 32))}`],
    [
      'PBKDF2 as passlib writes it',
      `$pbkdf2-sha512$10000$${unpadded(salt).replaceAll('+', '.')}$${unpadded(derived('sha512', 64)).replaceAll('+', '.')}`,
    ],
    [
      'PBKDF2 as Django writes it',
      `pbkdf2_sha256$10000$NaClNaCl$${pbkdf2Sync(PASSWORD, 'NaClNaCl', 10_000, 32, 'sha256').toString('base64')}`,
    ],
    [
      'PBKDF2 in fields',
      { algorithm: 'pbkdf2', digest: 'sha1', iterations: 10_000, ...tag64, hash: derived('sha1', 20).toString('base64') },
    ],
    // The other system took what was typed as it was: é as e and an accent.
    [
      'PBKDF2 of letters that are not composed',
      `$pbkdf2-sha256$i=10000$${unpadded(salt)}$${unpadded(derived('sha256', 32, 'cafe\u0301 noir 99'))}`,
      'cafe\u0301 noir 99',
    ],
  ];
  let company: Company;
  let name: string;
  let imported: Awaited<ReturnType<typeof importing>>;
  const address = (at: number) => `person${at}@${company.domain}`;
  beforeAll(async () => {
    company = await world.company();
    name = file(HASHES.map(([, password_hash], at) => ({ email: address(at), password_hash })));
    imported = await importing(name, company);
  });

  it('comes with a line of the file, and nothing is left beside it', () => {
    const { code, output, stdout } = imported;
    expect([code, output]).toEqual([0, stdout]);
    expect(stdout).toBe(`${HASHES.length} lines: ${HASHES.length} people imported, 0 were there already, 0 lines refused.\n`);
    expect([existsSync(`${name}.progress`), existsSync(`${name}.rejected`)]).toEqual([false, false]);
  });

  it.each(HASHES.map(([name, , password], at) => [name, at, password ?? PASSWORD] as const))(
    'signs in with the password of a hash by %s, which is ours from then on',
    async (_, at, password) => {
      const before = await hashOf(company, address(at));
      expect((await signsIn(company, address(at), `${password.slice(0, 20)}?`)).status).toBe(401);
      expect(await hashOf(company, address(at))).toBe(before);
      expect((await signsIn(company, address(at), password)).status).toBe(200);
      const after = await hashOf(company, address(at));
      expect(after).toMatch(OURS);
      expect((await signsIn(company, address(at), password)).status).toBe(200);
      expect(await hashOf(company, address(at))).toBe(after);
      expect((await signsIn(company, address(at), `${password.slice(0, 20)}?`)).status).toBe(401);
    },
  );

  it('with a password longer than bcrypt reads is let in as before, and from then on by all of it', async () => {
    const [whole, other] = [LONG, `${LONG.slice(0, 36)}another end`];
    const { code } = await importing(file([{ email: `long@${company.domain}`, password_hash: BCRYPT_OF_LONG }]), company);
    expect(code).toBe(0);
    expect((await signsIn(company, `long@${company.domain}`, whole)).status).toBe(200);
    expect((await signsIn(company, `long@${company.domain}`, other)).status).toBe(401);
  });

  it.skipIf(!hasOathtool)('brings their authenticator along, and it works once', async () => {
    // 80 bits, as many were set up with, and 160; as people copy them.
    for (const [at, secret] of ['JBSW Y3DP EHPK 3PXP', 'gezdgnbvgy3tqojqgezdgnbvgy3tqojq'].entries()) {
      const email = `totp${at}@${company.domain}`;
      const row = { email, password_hash: bcrypt('2b'), totp: { secret, digits: 6, period: 30, algorithm: 'SHA-1', label: 'Old phone' } };
      expect((await importing(file([row]), company)).code).toBe(0);
      const first = await signsIn(company, email);
      expect(first.body).toMatchObject({ mfa_required: true, factors: [{ type: 'totp', label: 'Old phone' }] });
      expect(await hashOf(company, email)).toMatch(OURS);
      const code = execFileSync('oathtool', ['--totp', '-b', secret.replaceAll(' ', '').toUpperCase()], { encoding: 'utf8' }).trim();
      const answer = (token: string) => world.call('POST', '/api/auth/verify-mfa', { token, body: { code } });
      const second = await answer(first.body.mfa_token);
      expect(second.status, JSON.stringify(second.body)).toBe(200);
      expect((await answer((await signsIn(company, email)).body.mfa_token)).body.code).toBe('mfa.wrong_code');
      const rows = await world.superuser.query(`select t::text as row from mfa_factor t where tenant_id = $1`, [company.id]);
      expect(JSON.stringify(rows.rows)).not.toContain(secret.replaceAll(' ', '').toUpperCase());
    }
  });

  it('keeps role, name, number, confirmations and whether they may sign in; without a hash nobody can', async () => {
    const email = `Grace@${company.domain}`;
    const told = {
      email,
      full_name: 'Grace Hopper',
      role: 'manager',
      phone_number: '+34 612 345 678',
      email_verified: true,
      is_active: false,
      created_at: '2019-03-01T10:00:00Z',
      password_hash: bcrypt('2b'),
    };
    expect((await importing(file([told, { email: `bare@${company.domain}` }]), company)).code).toBe(0);
    const people = (await company.admin.get('/api/users?limit=100')).body.data;
    const { password_hash: _, ...view } = told;
    expect(people.find((each: any) => each.email === email)).toMatchObject({
      ...view,
      phone_number: '+34612345678',
      created_at: '2019-03-01T10:00:00.000Z',
      mfa_enabled: false,
    });
    expect(people.find((each: any) => each.email === `bare@${company.domain}`)).toMatchObject({
      full_name: `bare@${company.domain}`,
      role: 'user',
    });
    expect((await signsIn(company, email)).status).toBe(401);
    expect((await signsIn(company, `bare@${company.domain}`)).status).toBe(401);
  });

  it('stands in the audit trail, by id, in the event of their batch', async () => {
    const events = (await company.admin.get('/api/audit?limit=100&action=users.imported')).body.data;
    const named = events.flatMap(({ details }: any) => details.people as string[]);
    const kept = await company.sql('select id from user_account where id <> $1', [company.admin.id]);
    expect(named.toSorted()).toEqual(kept.map(({ id }) => id).toSorted());
    for (const event of events) expect(event).toMatchObject({ actor_type: 'system', actor_id: null, ip_address: null });
  });
});

describe('An import', () => {
  const person = (company: Company, at: number) => ({ email: `p${at}@${company.domain}`, password_hash: bcrypt('2b') });

  it('names the line and the field of what is wrong, leaves it out, and shows none of it on the terminal', async () => {
    const company = await world.company();
    const email = (name: string) => `${name}@${company.domain}`;
    const CANARY = 'Quokka7Secret';
    const BAD: [row: object | string | Buffer, field: string, reason: RegExp][] = [
      [`{"email": "${CANARY}`, '(line)', /not JSON/],
      [`["${CANARY}"]`, '(line)', /./],
      [Buffer.from([0x7b, 0xff, 0xfe, 0x7d]), '(line)', /UTF-8/],
      [{ email: email('wide'), full_name: CANARY.repeat(6_000) }, '(line)', /64 KiB/],
      [{ email: `${CANARY}` }, 'email', /./],
      [{ full_name: CANARY }, 'email', /./],
      [{ email: email('field'), [CANARY]: 1 }, '(line)', /docs\/import\.md/],
      [{ email: email('role'), role: CANARY }, 'role', /./],
      [{ email: email('phone'), phone_number: CANARY }, 'phone_number', /international/],
      [{ email: email('created'), created_at: '2999-01-01T00:00:00Z' }, 'created_at', /now/],
      [{ email: email('hash'), password_hash: CANARY }, 'password_hash', /no argon2, bcrypt, scrypt or PBKDF2/],
      [{ email: email('md5'), password_hash: { algorithm: CANARY, hash: 'x' } }, 'password_hash.algorithm', /./],
      [
        { email: email('salt'), password_hash: { algorithm: 'pbkdf2', digest: 'sha256', iterations: 1, salt: '!', hash: 'aaaa' } },
        'password_hash.salt',
        /base64/,
      ],
      [{ email: email('totp'), totp: { secret: `${CANARY}1890` } }, 'totp.secret', /base32/],
      [{ email: email('short'), totp: { secret: 'JBSWY3DP' } }, 'totp.secret', /80/],
      [{ email: email('digits'), totp: { secret: 'JBSWY3DPEHPK3PXP', digits: 8 } }, 'totp.digits', /6 digits/],
      [{ email: email('period'), totp: { secret: 'JBSWY3DPEHPK3PXP', period: 60 } }, 'totp.period', /30 seconds/],
      [{ email: email('sha'), totp: { secret: 'JBSWY3DPEHPK3PXP', algorithm: 'SHA256' } }, 'totp.algorithm', /SHA1/],
      [{ email: email('p0').toUpperCase() }, 'email', /already/],
    ];
    const name = file([person(company, 0), '', ...BAD.map(([row]) => row), person(company, 1)]);
    const dry = await importing(name, company, '--dry-run');
    expect(dry.code).toBe(1);
    expect(dry.stdout).toMatch(/^22 lines: 3 people would be imported, 0 were there already, 18 lines refused. Nothing was changed.\n$/);
    expect([existsSync(`${name}.rejected`), existsSync(`${name}.progress`)]).toEqual([false, false]);
    expect(await company.sql('select from user_account')).toHaveLength(1);

    const { code, stdout, stderr } = await importing(name, company);
    expect([code, stdout]).toEqual([
      1,
      `22 lines: 2 people imported, 1 were there already, 18 lines refused. What was left out is in ${name}.rejected.\n`,
    ]);
    const rejected = rejectedOf(name);
    expect(rejected.map(({ line, field }) => [line, field])).toEqual(BAD.map(([, field], at) => [at + 3, field]));
    for (const [at, [, field, reason]] of BAD.entries()) {
      expect(rejected[at]!.reason).toMatch(reason);
      expect(stderr).toContain(`line ${at + 3}: ${field}: ${rejected[at]!.reason}\n`);
    }
    expect(rejected[10]!.input).toBe(JSON.stringify(BAD[10]![0]));
    expect(statSync(`${name}.rejected`).mode & 0o777).toBe(0o600);
    for (const shown of [dry.output, stdout + stderr]) {
      expect(shown.toLowerCase()).not.toContain(CANARY.toLowerCase());
      expect(shown).not.toContain(company.domain);
    }
    expect(await company.sql('select from user_account')).toHaveLength(3);
  });

  it.each<[string, object | string, string, RegExp]>([
    [
      'memory of Argon2',
      '$argon2id$v=19$m=1048576,t=1,p=1$c29tZXNhbHQ$c29tZWhhc2hzb21laGFzaA',
      'password_hash',
      /1048576 KiB .* 262144 KiB/,
    ],
    [
      'memory of Argon2 that wraps round 32 bits',
      '$argon2id$v=19$m=4294967360,t=1,p=1$c29tZXNhbHQ$c29tZWhhc2hzb21laGFzaA',
      'password_hash',
      /more memory/,
    ],
    ['passes of Argon2', '$argon2id$v=19$m=65536,t=100,p=1$c29tZXNhbHQ$c29tZWhhc2hzb21laGFzaA', 'password_hash', /100 passes.*1048576/],
    ['lanes of Argon2', '$argon2id$v=19$m=65536,t=1,p=64$c29tZXNhbHQ$c29tZWhhc2hzb21laGFzaA', 'password_hash', /parallelism of 64/],
    ['cost of bcrypt', bcrypt('2b').replace('$04$', '$15$'), 'password_hash', /cost of 15 .* 14/],
    ['iterations of PBKDF2', '$pbkdf2-sha256$i=2000001$c29tZXNhbHQ$c29tZWhhc2hzb21laGFzaA', 'password_hash', /2000001 .* 2000000/],
    [
      'blocks of PBKDF2',
      { algorithm: 'pbkdf2', digest: 'sha1', iterations: 1_000_000, salt: 'c29tZXNhbHQ=', hash: Buffer.alloc(64).toString('base64') },
      'password_hash.iterations',
      /4 blocks/,
    ],
    ['memory of scrypt', '$scrypt$ln=20,r=8,p=1$c29tZXNhbHQ$c29tZWhhc2hzb21laGFzaA', 'password_hash', /N=1048576.*256 MiB/],
    [
      'work of scrypt',
      { algorithm: 'scrypt', n: 131_072, r: 8, p: 16, salt: 'c29tZXNhbHQ=', hash: Buffer.alloc(32).toString('base64') },
      'password_hash.p',
      /p=16/,
    ],
    [
      'N of scrypt that is no power of two',
      { algorithm: 'scrypt', n: 1_000, r: 8, p: 1, salt: 'c29tZXNhbHQ=', hash: Buffer.alloc(32).toString('base64') },
      'password_hash.n',
      /power of two/,
    ],
    [
      'hash too short to mean anything',
      `$pbkdf2-sha256$i=1000$c29tZXNhbHQ$${unpadded(Buffer.alloc(8))}`,
      'password_hash',
      /16 to 128 bytes, not 8/,
    ],
  ])('refuses what would make each sign-in an attack: %s', async (_, password_hash, field, reason) => {
    const company = await shared();
    const name = file([{ email: `dear@${company.domain}`, password_hash }]);
    const { code } = await importing(name, company);
    expect(code).toBe(1);
    expect(rejectedOf(name)).toEqual([expect.objectContaining({ line: 1, field, reason: expect.stringMatching(reason) })]);
    expect(await company.sql('select from user_account where email_canonical = $1', [`dear@${company.domain}`])).toEqual([]);
  });
  let one: Promise<Company> | undefined;
  const shared = () => (one ??= world.company());

  it('that was killed goes on where it was: each person once, nobody lost', { timeout: 180_000 }, async () => {
    const company = await world.company();
    const rows = Array.from({ length: 1_300 }, (_, at) => ([100, 600].includes(at) ? { email: `bad ${at}` } : person(company, at)));
    const name = file(rows);
    // Holds the person of line 701, so that the second batch waits in the middle of its transaction.
    const holder = await world.owner.connect();
    await holder.query('begin');
    await holder.query(`select set_config('app.tenant', $1, true), set_config('app.bound', left($1, 36), true)`, [
      world.signTenant(company.id),
    ]);
    await holder.query(
      `insert into user_account (id, tenant_id, email, email_canonical, full_name, role) values (gen_random_uuid(), $2, $1, $1, 'Held', 'user')`,
      [`p700@${company.domain}`, company.id],
    );
    const [{ pid }] = (await holder.query('select pg_backend_pid() as pid')).rows;
    const child = launch(ENTRY('cli'), world.stack.env, ['users', 'import', name, '--company', company.domain]);
    const exited = once(child, 'exit');
    const count = async () => (await company.sql(`select count(*)::int as n from user_account where email like 'p%'`))[0].n;
    try {
      // Others may wait for the holder, too: it is the import once its first batch is in.
      const waits = async () =>
        (await count()) === 499 &&
        (await world.superuser.query('select from pg_stat_activity where $1 = any (pg_blocking_pids(pid))', [pid])).rowCount! > 0;
      for (const deadline = Date.now() + 90_000; !(await waits()); await sleep(25))
        if (Date.now() > deadline) throw new Error('Nobody waits.');
      child.kill('SIGKILL');
      expect((await exited)[1]).toBe('SIGKILL');
    } finally {
      await holder.query('rollback');
      holder.release();
    }
    expect(await count()).toBe(499);
    // The first batch had committed, and nobody had written that down: the database knows.
    const { done, next } = JSON.parse(readFileSync(`${name}.progress`, 'utf8'));
    expect([done.line, next.line]).toEqual([0, 500]);

    const again = await importing(name, company);
    expect(again.stderr).toContain('Going on after line 500.\n');
    expect([again.code, again.stdout]).toEqual([
      1,
      `1,300 lines: 1,298 people imported, 0 were there already, 2 lines refused. What was left out is in ${name}.rejected.\n`,
    ]);
    expect(await count()).toBe(1_298);
    expect(rejectedOf(name).map(({ line }) => line)).toEqual([101, 601]);
    const batches = await company.sql(`select details from audit_event where action = 'users.imported' order by id`);
    expect(batches.map(({ details }) => [details.first_line, details.last_line, details.people.length])).toEqual([
      [1, 500, 499],
      [501, 1_000, 499],
      [1_001, 1_300, 300],
    ]);
    expect(existsSync(`${name}.progress`)).toBe(false);

    const thrice = await importing(name, company);
    expect(thrice.stdout).toMatch(/^1,300 lines: 0 people imported, 1,298 were there already, 2 lines refused\./);
    expect(await count()).toBe(1_298);
  });

  it('believes nothing of a batch that was prepared and never committed', { timeout: 120_000 }, async () => {
    const company = await world.company();
    const rows = Array.from({ length: 3 }, (_, at) => person(company, at));
    const name = file([...rows, { email: 'bad' }]);
    const begun = file(rows);
    const { code } = await importing(begun, company);
    expect(code).toBe(0);
    await company.sql('delete from user_account where id <> $1', [company.admin.id]);
    // As a process leaves it that was killed after it wrote this and before PostgreSQL heard of it.
    const beginning = createHash('sha256').update(readFileSync(name)).digest('hex');
    const start = { offset: 0, line: 0, imported: 0, existing: 0, rejected: 0, rejectedBytes: 0 };
    const next = { offset: statSync(name).size, line: 4, imported: 3, existing: 0, rejected: 1, rejectedBytes: 70 };
    writeFileSync(`${name}.progress`, JSON.stringify({ company: company.id, run: 'never-committed', beginning, done: start, next }));
    writeFileSync(`${name}.rejected`, `${'x'.repeat(69)}\n`);
    const { stdout } = await importing(name, company);
    expect(stdout).toMatch(/^4 lines: 3 people imported, 0 were there already, 1 lines refused\./);
    expect(rejectedOf(name).map(({ line }) => line)).toEqual([4]);
  });

  it('touches nobody of another company, though they have the same addresses', async () => {
    const [company, other] = [await world.company(), await world.company()];
    const theirs = await other.person();
    const before = await other.sql('select to_jsonb(u) as row from user_account u order by id');
    const name = file([{ email: theirs.email, full_name: 'Namesake', password_hash: bcrypt('2b') }]);
    expect((await importing(name, company)).stdout).toMatch(/^1 lines: 1 people imported/);
    expect(await other.sql('select to_jsonb(u) as row from user_account u order by id')).toEqual(before);
    expect((await signsIn(company, theirs.email)).status).toBe(200);
    expect((await signsIn(other, theirs.email, 'wrong')).status).toBe(401);
    expect(await other.sql(`select from audit_event where action = 'users.imported'`)).toEqual([]);
  });

  it.each<[string, (name: string, domain: string) => string[], RegExp]>([
    ['no company', (name) => [name], /One file and --company/],
    ['an unknown company', (name) => [name, '--company', 'nobody.example'], /no company nobody\.example/],
    ['no file', (_, domain) => ['--company', domain], /One file/],
    ['a file that is not there', (_, domain) => ['/nowhere.ndjson', '--company', domain], /no file/],
    ['an unknown option', (name, domain) => [name, '--company', domain, '--fast'], /--fast/],
  ])('with %s says what is missing and does nothing', async (_, args, why) => {
    const company = await shared();
    const { code, stdout, stderr } = await ran(ENTRY('cli'), world.stack.env, [
      'users',
      'import',
      ...args(file([person(company, 0)]), company.domain),
    ]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(why);
  });
});
