import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { settings, start, stopAll } from './support/standalone.js';
import { ENTRY, freePort } from './support/stack.js';
import { anotherDatabase, ran, World } from './support/world.js';

const DEMO_PASSWORD = 'SecurePass123!';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'watchword-standalone-'));
  chmodSync(folder, 0o711); // as root, PostgreSQL runs as somebody else, who must pass through
});
afterAll(async () => {
  await stopAll();
  rmSync(folder, { recursive: true, force: true });
});

const post = async (url: string, path: string, body: object) => {
  const response = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as any };
};
const signIn = (url: string, email: string) => post(url, '/api/auth/login', { email, password: DEMO_PASSWORD });

/** PostgreSQL processes on this directory, living. */
const servers = (dataDir: string) =>
  readdirSync('/proc').filter((pid) => {
    try {
      return (
        /^\d+$/.test(pid) &&
        readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(dataDir) &&
        / [RSDT] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
      );
    } catch {
      return false;
    }
  });
const nothingLeft = async (dataDir: string) => {
  for (const end = Date.now() + 10_000; servers(dataDir).length > 0 && Date.now() < end;) await sleep(50);
  return servers(dataDir);
};

describe('npm start', { timeout: 120_000 }, () => {
  it('shows where it is, how to sign in and where the data are; keeps them over a restart; and begins anew when told to', async () => {
    const dataDir = join(folder, 'usual');
    const env = { PUBLIC_URL: 'http://watchword.test' }; // the issuer of tokens, whatever the port
    const first = await start(dataDir, { env });
    expect(first.shown()).toContain(first.url.replace('127.0.0.1', 'localhost'));
    expect(first.shown()).toMatch(/Swagger: +http:\/\/localhost:\d+\/docs\n/);
    expect(first.shown()).toContain(`Data: ${dataDir}`);
    expect(first.shown()).toContain(`all made with the password ${DEMO_PASSWORD}`); // some may have changed it since
    const people = [...first.shown().matchAll(/^ +(\S+@\S+) +(\w+) of (\w+)$/gm)].map(([, email, role, company]) => ({
      email: email!,
      role,
      company,
    }));
    expect(people.map(({ email }) => email)).toEqual([
      'admin@techcorp.com',
      'manager@techcorp.com',
      'user@techcorp.com',
      'admin@startupxyz.com',
    ]);
    for (const { email, role, company } of people) {
      const { status, body } = await signIn(first.url, email);
      expect([email, status]).toEqual([email, 200]);
      const me = (await (
        await fetch(`${first.url}/api/users/me`, { headers: { authorization: `Bearer ${body.access_token}` } })
      ).json()) as object;
      expect(me).toMatchObject({ email, role, company_name: company });
    }
    expect((await fetch(`${first.url}/docs`)).status).toBe(200);

    const beside = await ran(ENTRY('cli'), { WATCHWORD_DATA_DIR: dataDir }, ['isolation', 'verify']);
    expect(beside.output).toContain('the database of the `npm start` that is running');
    expect(beside.code, beside.output).toBe(0);

    const { body } = await signIn(first.url, 'admin@techcorp.com');
    const kept = {
      email: 'ada@kept.test',
      password: 'correct horse battery 9',
      full_name: 'Ada',
      company_name: 'Kept',
      company_domain: 'kept.test',
    };
    expect((await post(first.url, '/api/auth/register', kept)).status).toBe(201);
    expect(await first.stop('SIGINT')).toBe(0);
    expect(await nothingLeft(dataDir)).toEqual([]);
    expect(first.complaints()).toBe('');
    expect((await ran(ENTRY('cli'), { WATCHWORD_DATA_DIR: dataDir }, ['isolation', 'verify'])).output).toMatch(
      /^DATABASE_URL is not set.* if `npm start` runs on another data directory, set WATCHWORD_DATA_DIR/,
    );

    const began = Date.now();
    const second = await start(dataDir, { env });
    console.info(`second start: ${Date.now() - began} ms until it said it was ready`);
    expect((await post(second.url, '/api/auth/login', kept)).status).toBe(200);
    // The token of before: same keys, same session.
    const again = await fetch(`${second.url}/api/users/me`, { headers: { authorization: `Bearer ${body.access_token}` } });
    expect(again.status).toBe(200);
    expect(second.shown()).not.toMatch(/Creating|Migrated/);
    expect(await second.stop('SIGTERM')).toBe(0);
    expect(await nothingLeft(dataDir)).toEqual([]);

    const fresh = await start(dataDir, { args: ['--fresh'] });
    expect(fresh.shown()).toContain('Creating the database');
    expect((await post(fresh.url, '/api/auth/login', kept)).status).toBe(401);
    expect((await signIn(fresh.url, 'admin@techcorp.com')).status).toBe(200);
    await fresh.stop();
  });

  it('recovers from a run that was killed, and says so', async () => {
    const dataDir = join(folder, 'killed');
    const first = await start(dataDir);
    const kept = {
      email: 'ada@kept.test',
      password: 'correct horse battery 9',
      full_name: 'Ada',
      company_name: 'Kept',
      company_domain: 'kept.test',
    };
    expect((await post(first.url, '/api/auth/register', kept)).status).toBe(201);
    await first.stop('SIGKILL');
    const second = await start(dataDir);
    expect((await post(second.url, '/api/auth/login', kept)).status).toBe(200);
    console.info(`after SIGKILL it said: ${JSON.stringify(second.shown().split('\n')[0])}`);

    // A second start on the same data is refused, and disturbs nobody.
    const rival = await ran(ENTRY('standalone'), settings(dataDir, await freePort()));
    expect([rival.code, rival.stdout]).toEqual([1, '']);
    expect(rival.stderr).toMatch(
      /^Watchword cannot start\. Watchword already runs on \S+ as process \d+: stop that one first, or name another data directory\.\n$/,
    );
    expect((await post(second.url, '/api/auth/login', kept)).status).toBe(200);

    // PostgreSQL alone is killed: one sentence, and an end.
    const pid = Number(readFileSync(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0]);
    process.kill(pid, 'SIGKILL');
    const [code] = await once(second.child, 'exit');
    expect(code).toBe(1);
    expect(second.complaints()).toMatch(/PostgreSQL ended unexpectedly/);
    expect(await nothingLeft(dataDir)).toEqual([]);
    const third = await start(dataDir);
    expect((await post(third.url, '/api/auth/login', kept)).status).toBe(200);
    await third.stop();
  });

  it('says in one sentence what is in its way', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as { port: number };
    const onTaken = await ran(ENTRY('standalone'), settings(join(folder, 'never'), port));
    taken.close();
    expect([onTaken.code, onTaken.output]).toEqual([
      1,
      `Watchword cannot start. Port ${port} on 127.0.0.1 is taken. Stop what listens there, or choose another: PORT=8001.\n`,
    ]);
    expect(existsSync(join(folder, 'never'))).toBe(false);

    const half = join(folder, 'half');
    mkdirSync(join(half, 'postgres'), { recursive: true });
    writeFileSync(join(half, 'watchword-data'), '');
    writeFileSync(join(half, 'postgres', 'PG_VERSION'), '18\n');
    const onHalf = await ran(ENTRY('standalone'), settings(half, await freePort()));
    expect([onHalf.code, onHalf.output]).toEqual([
      1,
      `Watchword cannot start. The database in ${half} is incomplete: run \`npm start -- --fresh\` to delete it and begin anew.\n`,
    ]);

    const strange = join(folder, 'strange');
    mkdirSync(strange);
    writeFileSync(join(strange, 'thesis.docx'), 'years of work');
    const onStrange = await ran(ENTRY('standalone'), settings(strange, await freePort()), ['--fresh']);
    expect(onStrange.code).toBe(1);
    expect(onStrange.output).toMatch(/^Watchword cannot start\. .*holds files that are not Watchword's.*\n$/);
    expect(readFileSync(join(strange, 'thesis.docx'), 'utf8')).toBe('years of work');

    for (const bad of ['http', '70000', '-1']) {
      const onBad = await ran(ENTRY('standalone'), { ...settings(join(folder, 'bad-port'), 0), PORT: bad });
      expect([bad, onBad.code]).toEqual([bad, 1]);
      expect(onBad.output).toMatch(/PORT/);
      expect(onBad.output).not.toMatch(/\n +at /);
    }
    const unknown = await ran(ENTRY('standalone'), settings(join(folder, 'never'), await freePort()), ['--frsh']);
    expect(unknown.code).toBe(1);
    expect(unknown.output).toContain('--frsh');
    expect(unknown.output).not.toMatch(/\n +at /);
  });

  it('whose secrets are gone says what to do, instead of making new ones that open nothing', async () => {
    const dataDir = join(folder, 'no-secrets');
    const first = await start(dataDir);
    await first.stop();
    const secrets = join(dataDir, 'secrets.json');
    for (const spoil of [() => writeFileSync(secrets, '{"SEALING_KEY":'), () => rmSync(secrets)]) {
      spoil();
      const { code, output } = await ran(ENTRY('standalone'), settings(dataDir, await freePort()));
      expect(code).toBe(1);
      expect(output).toMatch(/^Watchword cannot start\. .*secrets\.json.*--fresh.*\n$/m);
      expect(output).not.toMatch(/\n +at /);
    }
    const fresh = await start(dataDir, { args: ['--fresh'] });
    expect((await signIn(fresh.url, 'admin@techcorp.com')).status).toBe(200);
    await fresh.stop();
  });

  it('with a DATABASE_URL uses that database, makes no demonstration in it, and empties nothing', async () => {
    const world = new World();
    const database = await anotherDatabase(world.stack, { migrated: false });
    const { RATE_LIMIT_SCALE: _, LOG_LEVEL: __, HOST: ___, ...env } = database.env;
    try {
      const run = await start(join(folder, 'unused'), { env });
      expect(run.shown()).toContain('Data: the database of DATABASE_URL');
      expect(run.shown()).not.toMatch(/SecurePass|techcorp/);
      expect(run.shown()).not.toContain(new URL(env.DATABASE_URL!).password);
      expect((await signIn(run.url, 'admin@techcorp.com')).status).toBe(401);
      expect(existsSync(join(folder, 'unused'))).toBe(false);
      expect(await run.stop()).toBe(0);
      const fresh = await ran(ENTRY('standalone'), settings(join(folder, 'unused'), await freePort(), env), ['--fresh']);
      expect([fresh.code, fresh.output]).toEqual([
        1,
        'Watchword cannot start. --fresh empties the embedded database only; DATABASE_URL names one of yours, which stays as it is.\n',
      ]);
    } finally {
      await database.drop();
      await world.stop();
    }
  });
});
