import { randomBytes } from 'node:crypto';
import { inject } from 'vitest';
import { ownApi } from './support/own-process.js';
import { ENTRY } from './support/stack.js';
import { anotherDatabase, type AnotherDatabase, ran } from './support/world.js';

const secret = () => randomBytes(32).toString('base64');

describe('Starting', () => {
  const stack = inject('stack');
  let database: AnotherDatabase;
  let empty: AnotherDatabase;
  const roles: string[] = [];
  const role = async (attributes: string) => {
    const [name, password] = [`role_${randomBytes(4).toString('hex')}`, randomBytes(12).toString('hex')];
    roles.push(name);
    await database.sql(`create role ${name} login password '${password}' ${attributes}`);
    return database.as(name, password);
  };

  beforeAll(async () => {
    [database, empty] = await Promise.all([anotherDatabase(stack), anotherDatabase(stack, { migrated: false })]);
  });
  afterAll(async () => {
    for (const name of roles) await database.sql(`drop role ${name}`);
    await Promise.all([database.drop(), empty.drop()]);
  });

  /** The process must end by itself, with 1, a sentence and no stack trace; and say none of the values it was given. */
  async function refusal(entry: 'api' | 'worker' | 'cli', changes: Record<string, string>, args: string[] = []): Promise<string> {
    const { code, output } = await ran(ENTRY(entry), { ...database.env, PORT: '0', LOG_LEVEL: 'warn', ...changes }, args);
    expect(code, output).toBe(1);
    expect(output).toMatch(/^("\w+"|The (API|worker)) cannot start\. /);
    expect(output).not.toMatch(/^\s+at |\bError:|node_modules|\[object/m);
    const secrets = ['DATABASE_URL', 'MIGRATION_DATABASE_URL', 'SEALING_KEY', 'HASHING_KEY', 'TENANT_KEY', 'SEALING_KEYS_OLD']
      .map((name) => changes[name] ?? database.env[name])
      .filter((value) => value && value.length > 3);
    const passwords = secrets
      .filter((value) => value!.startsWith('postgres'))
      .map((value) => decodeURIComponent(/\/\/[^:/]*:([^@]*)@/.exec(value!)?.[1] ?? ''))
      .filter(Boolean);
    for (const value of [...secrets, ...passwords]) expect(output).not.toContain(value);
    return output.replace(/^.* cannot start\. /, '').trimEnd();
  }

  describe.each(['api', 'worker'] as const)('the %s', (entry) => {
    const cases: [string, () => Promise<Record<string, string>>, RegExp][] = [
      [
        'a superuser',
        async () => ({ DATABASE_URL: database.superUrl }),
        /^DATABASE_URL signs in as postgres, but it is a superuser, whom no policy binds: companies would not be kept apart\. Use the role that `npm run migrate` made, which owns nothing\.$/,
      ],
      [
        'a mail server of the operator that lacks something',
        async () => ({ ACCOUNT_SMTP: '{"host":"mail.test","hots":"x"}' }),
        /^ACCOUNT_SMTP is wrong: .*from.*\.$/,
      ],
      [
        'the owner',
        async () => ({ DATABASE_URL: database.env.MIGRATION_DATABASE_URL! }),
        /^DATABASE_URL signs in as watchword_owner, but it owns the tables, .*\.$/,
      ],
      [
        'a role with BYPASSRLS',
        async () => ({ DATABASE_URL: await role('bypassrls in role watchword_app') }),
        /^DATABASE_URL signs in as role_\w+, but it has BYPASSRLS, so no policy binds it.*\.$/,
      ],
      [
        'a member of the owner',
        async () => ({ DATABASE_URL: await role('in role watchword_owner') }),
        /^DATABASE_URL signs in as role_\w+, but it belongs to watchword_owner, who owns the tables: .*\.$/,
      ],
      [
        'a stranger to the database',
        async () => ({ DATABASE_URL: await role('') }),
        /^The role of DATABASE_URL may not read the database\. Run `npm run migrate`, which grants it what it needs\.$/,
      ],
      [
        'the app on an unmigrated database',
        async () => ({ DATABASE_URL: empty.env.DATABASE_URL! }),
        /^The database is not up to date\. Run `npm run migrate` first\.$/,
      ],
      [
        'a database that does not exist',
        async () => ({ DATABASE_URL: database.env.DATABASE_URL!.replace(database.name, 'nowhere') }),
        /^The database that DATABASE_URL names does not exist\.$/,
      ],
      [
        'a server that does not answer',
        async () => ({ DATABASE_URL: 'postgres://watchword_app:hush-hush@127.0.0.1:1/watchword' }),
        /^No PostgreSQL answers at 127\.0\.0\.1:1\. Start it, or correct DATABASE_URL\.$/,
      ],
      [
        'a host that does not exist',
        async () => ({ DATABASE_URL: 'postgres://watchword_app:hush-hush@nowhere.invalid/watchword' }),
        /^The host \S+ cannot be found: correct DATABASE_URL, or HOST\.$/,
      ],
      [
        'a wrong password',
        async () => ({ DATABASE_URL: database.as('watchword_app', 'not-the-password') }),
        /^PostgreSQL refuses the password of DATABASE_URL\.$/,
      ],
      [
        'the app with another TENANT_KEY',
        async () => ({ TENANT_KEY: secret() }),
        /^The database was given another TENANT_KEY\. Set the one it was migrated with, or, to change it on purpose, run `npm run migrate` with this one\.$/,
      ],
    ];
    it.concurrent.each(cases)('refuses %s in one sentence', { timeout: 60_000 }, async (_, changes, sentence) => {
      expect(await refusal(entry, await changes())).toMatch(sentence);
    });
  });

  it('refuses other keys than those that the database was begun with', { timeout: 60_000 }, async () => {
    const begun = await anotherDatabase(stack);
    try {
      const first = await ownApi(begun.env);
      await first.stop();
      const refused = (changes: Record<string, string>) => refusal('api', { ...begun.env, ...changes });
      expect(await refused({ HASHING_KEY: secret() })).toBe(
        'HASHING_KEY is not the one that the codes and keys in this database were hashed with. Set that one.',
      );
      expect(await refused({ SEALING_KEY: secret(), LOG_LEVEL: 'fatal' })).toMatch(
        /SEALING_KEY does not open the signing keys in the database\. Set the one/,
      );
    } finally {
      await begun.drop();
    }
  });

  it('refuses a hole that somebody made, and names it', { timeout: 60_000 }, async () => {
    const holed = await anotherDatabase(stack, { copyOf: empty.name, migrated: false });
    try {
      expect((await ran(ENTRY('cli'), holed.env, ['migrate'])).code).toBe(0);
      await holed.sql('alter table session disable row level security', holed.env.MIGRATION_DATABASE_URL);
      expect(await refusal('api', { DATABASE_URL: holed.env.DATABASE_URL! })).toMatch(
        /^Companies would not be kept apart\. .*isolation verify.*:\n {2}session: row level security is off$/,
      );
    } finally {
      await holed.drop();
    }
  });

  const key = secret();
  const settings: [string, Record<string, string>, RegExp][] = [
    ['no secret', { SEALING_KEY: '' }, /^ {2}SEALING_KEY is not set$/m],
    ['a short secret', { HASHING_KEY: randomBytes(16).toString('base64') }, /^ {2}HASHING_KEY must be at least 32 random bytes/m],
    ['a secret that is not base64', { TENANT_KEY: 'nobody would guess this, would they?' }, /^ {2}TENANT_KEY is not base64/m],
    ['a sealing key that is too long', { SEALING_KEY: randomBytes(48).toString('base64') }, /^ {2}SEALING_KEY must be exactly 32 bytes$/m],
    [
      'a secret out of a document',
      { HASHING_KEY: Buffer.from('my-secret-key-for-development-use-only').toString('base64') },
      /^ {2}HASHING_KEY is not random/m,
    ],
    ['a secret of one letter', { TENANT_KEY: Buffer.alloc(32, 'a').toString('base64') }, /^ {2}TENANT_KEY is not random/m],
    ['one secret for two purposes', { HASHING_KEY: key, TENANT_KEY: key }, /^ {2}TENANT_KEY is the same as HASHING_KEY/m],
    [
      'an old sealing key that is short',
      { SEALING_KEYS_OLD: randomBytes(8).toString('base64') },
      /^ {2}SEALING_KEYS_OLD each must be 32 bytes/m,
    ],
    ['no database', { DATABASE_URL: '' }, /^ {2}DATABASE_URL is not set$/m],
    ['a database that is none', { DATABASE_URL: 'mysql://root:hush-hush@localhost/x' }, /^ {2}DATABASE_URL /m],
    [
      'bad numbers, all at once',
      { PORT: 'eighty', DATABASE_POOL: '1.5', RATE_LIMIT_IP: '-1', ACCESS_TOKEN_SECONDS: '7200' },
      /^ {2}PORT [\s\S]*^ {2}DATABASE_POOL [\s\S]*^ {2}RATE_LIMIT_IP [\s\S]*^ {2}ACCESS_TOKEN_SECONDS /m,
    ],
    ['a word for a switch', { SWAGGER: 'perhaps' }, /^ {2}SWAGGER /m],
    ['a proxy that is no address', { TRUSTED_PROXIES: '10.0.0.0/8, the-balancer' }, /^ {2}TRUSTED_PROXIES/m],
    [
      'lifted rate limits in production',
      { NODE_ENV: 'production', RATE_LIMIT_SCALE: '1.01', PUBLIC_URL: 'https://auth.acme.com' },
      /^ {2}RATE_LIMIT_SCALE above 1 is for load tests, not for production$/m,
    ],
    [
      'a weak password hash in production',
      { NODE_ENV: 'production', RATE_LIMIT_SCALE: '1', PUBLIC_URL: 'https://auth.acme.com', PASSWORD_MEMORY_KIB: '1024' },
      /^ {2}PASSWORD_MEMORY_KIB is below the OWASP minimum/m,
    ],
    [
      'links without TLS in production',
      { NODE_ENV: 'production', RATE_LIMIT_SCALE: '1', PUBLIC_URL: 'http://auth.acme.com' },
      /^ {2}PUBLIC_URL must be https/m,
    ],
  ];
  it.concurrent.each(settings)('refuses %s, by the name of the setting', { timeout: 60_000 }, async (_, changes, sentence) => {
    const said = await refusal('api', changes);
    expect(said).toMatch(/^These settings are wrong \(README, "Configuration"\):\n/);
    expect(said).toMatch(sentence);
    const named = said
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/[ .]/)[0]);
    expect(Object.keys(changes)).toEqual(expect.arrayContaining(named));
  });

  describe('migrate', () => {
    it.concurrent.each<[string, () => Promise<Record<string, string>>, RegExp]>([
      [
        'a superuser',
        async () => ({ MIGRATION_DATABASE_URL: database.superUrl }),
        /^MIGRATION_DATABASE_URL signs in as postgres, whom row level security does not bind\./,
      ],
      [
        'a role with BYPASSRLS',
        async () => ({ MIGRATION_DATABASE_URL: await role('bypassrls in role watchword_owner') }),
        /^MIGRATION_DATABASE_URL signs in as role_\w+, whom row level security does not bind\./,
      ],
      [
        'the app itself',
        async () => ({ MIGRATION_DATABASE_URL: database.env.DATABASE_URL! }),
        /^DATABASE_URL and MIGRATION_DATABASE_URL must sign in as two different roles/,
      ],
      [
        'a wrong password',
        async () => ({ MIGRATION_DATABASE_URL: database.as('watchword_owner', 'not-the-password') }),
        /^MIGRATION_DATABASE_URL does not lead to a database .*password authentication failed.*\.$/,
      ],
      [
        'a server that does not answer',
        async () => ({ MIGRATION_DATABASE_URL: 'postgres://watchword_owner:hush-hush@127.0.0.1:1/watchword' }),
        /^MIGRATION_DATABASE_URL does not lead to a database .*ECONNREFUSED 127\.0\.0\.1:1\.$/,
      ],
      ['no owner at all', async () => ({ MIGRATION_DATABASE_URL: '' }), /^Set MIGRATION_DATABASE_URL to the database as its owner/],
    ])('refuses %s in a sentence', { timeout: 60_000 }, async (_, changes, sentence) => {
      expect(await refusal('cli', await changes(), ['migrate'])).toMatch(sentence);
    });

    it('refuses the tables of another version in a sentence', { timeout: 60_000 }, async () => {
      const other = await anotherDatabase(stack);
      try {
        await other.sql(`delete from migration where name like '%_passkeys'`, other.env.MIGRATION_DATABASE_URL);
        expect(await refusal('cli', other.env, ['migrate'])).toMatch(
          /^The tables of this database are not those that this version can bring up to date: relation "passkey" already exists\.\n {2}Use an empty database\./,
        );
      } finally {
        await other.drop();
      }
    });

    it('may be run by two at once, and again', { timeout: 60_000 }, async () => {
      const fresh = await anotherDatabase(stack, { migrated: false });
      try {
        const migrate = () => ran(ENTRY('cli'), fresh.env, ['migrate']);
        const both = await Promise.all([migrate(), migrate()]);
        expect(both.map(({ code, stderr }) => ({ code, stderr }))).toEqual([
          { code: 0, stderr: '' },
          { code: 0, stderr: '' },
        ]);
        expect(both.filter(({ stdout }) => stdout.includes('Migrated the database'))).toHaveLength(1);
        expect(await migrate()).toMatchObject({ code: 0, stdout: 'The database is up to date.\n', stderr: '' });
        expect((await ran(ENTRY('cli'), fresh.env, ['isolation', 'verify'])).code).toBe(0);
      } finally {
        await fresh.drop();
      }
    });
  });
});
