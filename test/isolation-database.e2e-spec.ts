import { createHmac, randomBytes } from 'node:crypto';
import pg from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { snapshot, type Tenancy, tenancy, TABLES, BY_FUNCTIONS, KEPT, UNREAD } from './support/two-companies.js';
import { World } from './support/world.js';

let world: World;
let acme: Tenancy;
let globex: Tenancy;
beforeAll(async () => {
  world = new World();
  [acme, globex] = await Promise.all([tenancy(world, 'Acme'), tenancy(world, 'Globex')]);
});
afterAll(() => world.stop());

describe('In the database, the role of the apps', () => {
  let app: pg.Client;
  let mine: string;
  let theirs: string;
  beforeAll(async () => {
    app = new pg.Client(world.stack.env.DATABASE_URL);
    await app.connect();
    [mine, theirs] = [acme.company.id, globex.company.id];
  });
  afterAll(() => app.end());
  afterEach(() => app.query('rollback'));

  const bind = (setting: string) => app.query(`select set_config('app.tenant', $1, true)`, [setting]);
  const asAcme = async () => {
    await app.query('begin');
    await bind(world.signTenant(mine));
  };
  const refused = (text: string, code = '42501', values: unknown[] = []) =>
    expect(app.query(text, values), text).rejects.toMatchObject({ code });
  /** How many rows of each table are seen. */
  const seen = async () => {
    const counts: Record<string, number> = {};
    for (const table of TABLES) counts[table] = Number((await app.query(`select count(*) as n from ${table}`)).rows[0].n);
    return counts;
  };
  const NOTHING = Object.fromEntries(TABLES.map((table) => [table, 0]));

  it('names every table that holds rows of companies', async () => {
    const { rows } = await world.superuser.query(
      `select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and relname <> 'migration' order by 1`,
    );
    expect(rows.map(({ relname }) => relname)).toEqual([...TABLES, ...UNREAD].toSorted());
  });

  it.each<[string, (id: string) => string | undefined]>([
    ['no setting', () => undefined],
    ['an empty one', () => ''],
    ['an unsigned id', (id) => id],
    ['an id and a dot', (id) => `${id}.`],
    ['a forged signature', (id) => `${id}.${'0'.repeat(64)}`],
    ["another company's signature", (id) => `${id}.${world.signTenant(mine).slice(37)}`],
    ['a signature under another key', (id) => `${id}.${createHmac('sha256', randomBytes(32)).update(id).digest('hex')}`],
    [
      'the signature of a lookup',
      (id) => `${id}.${createHmac('sha256', Buffer.from(world.stack.env.TENANT_KEY!, 'base64')).update(`lookup:${id}`).digest('hex')}`,
    ],
    ['a right one that is cut', (id) => world.signTenant(id).slice(0, -1)],
    ['a right one with more behind', (id) => `${world.signTenant(id)}0`],
    ['a right one in capitals', (id) => world.signTenant(id).toUpperCase()],
    ['a right one after a blank', (id) => ` ${world.signTenant(id)}`],
  ])('sees no row with %s', async (_, setting) => {
    await app.query('begin');
    const text = setting(theirs);
    if (text !== undefined) await bind(text);
    expect(await seen()).toEqual(NOTHING);
    await refused(`insert into audit_event (tenant_id, action, outcome) values ('${theirs}', 'x', 'success')`);
  });

  it('sees its own rows with the right one, until the transaction ends and no longer', async () => {
    for (const end of ['commit', 'rollback']) {
      await asAcme();
      const rows = await seen();
      expect(Object.values(rows).every((count) => count > 0)).toBe(true);
      expect(rows).toMatchObject({ tenant: 1, user_account: 3 });
      await app.query(end);
      expect(await seen()).toEqual(NOTHING);
    }
    await app.query(`set local app.tenant = '${world.signTenant(theirs)}'`);
    expect(await seen()).toEqual(NOTHING);
  });

  // security.md §0.1: a statement of ours with somebody's text in it, in Acme's request. None may bring a row of Globex.
  const INJECTIONS: Record<string, () => string> = {
    'a CTE that sets the bare id': () =>
      `with s as materialized (select set_config('app.tenant', '${theirs}', true) as v) select u.* from s, lateral (select * from user_account where s.v is not null) u`,
    "a CTE that sets the id under the company's own signature": () =>
      `with s as materialized (select set_config('app.tenant', '${theirs}' || right(current_setting('app.tenant'), 65), true) as v) select u.* from s, lateral (select * from user_account where s.v is not null) u`,
    'a nested select': () =>
      `select * from user_account where id in (select user_id from session where tenant_id = '${theirs}') or tenant_id = (select id from tenant where id = '${theirs}')`,
    'a union': () =>
      `select id::text from user_account where false union all select id::text from user_account where tenant_id = '${theirs}' union all select id::text from tenant where id = '${theirs}'`,
    'or true': () => `select * from user_account where email = '' or true`,
    'a join on everything': () => `select s.* from session s cross join tenant t where t.id = '${theirs}' or s.tenant_id <> '${mine}'`,
    'app.tenant_of in the select list': () => `select app.tenant_of('${theirs}.' || repeat('0', 64)), u.* from user_account u`,
    'app.session_check under a forged name': () =>
      `select * from app.session_check('${theirs}.' || repeat('0', 64), '${globex.ids.sessions[0]}', '${globex.ids.users[0]}')`,
    'a lookup of another address without its proof': () =>
      `select * from app.sign_in_begin('${globex.people.user.email}', null, right(current_setting('app.tenant'), 64))`,
    'the planner statistics': () =>
      `select * from pg_stats where schemaname = 'public' and tablename in ('user_account', 'session', 'tenant', 'mfa_factor')`,
    'the catalogue of prepared statements and cursors': () =>
      `select statement from pg_prepared_statements where statement like '%${theirs}%' union all select statement from pg_cursors where statement like '%${theirs}%'`,
    'a function that reads by text': () =>
      `select query_to_xml('select * from user_account where tenant_id = ''${theirs}''', true, false, '')::text where query_to_xml('select * from user_account where tenant_id = ''${theirs}''', false, false, '')::text like '%${theirs}%'`,
    'a table that is dumped as a whole': () =>
      `select table_to_xml('user_account', true, false, '')::text as x where table_to_xml('user_account', true, false, '')::text like '%${theirs}%'`,
    'deleting and returning': () => `with gone as (delete from session where tenant_id <> '${mine}' returning *) select * from gone`,
    'updating and returning': () =>
      `with changed as (update user_account set role = 'admin' where tenant_id = '${theirs}' returning *) select * from changed`,
    'the directory': () => `select * from directory.person`,
    'the key': () => `select * from private.tenant_key`,
    'the name that functions of the owner go by': () =>
      `with s as materialized (select set_config('app.bound', '${theirs}', true) as v) select u.* from s, lateral (select * from user_account where s.v is not null) u`,
    'a page of the trail under a forged name': () =>
      `select * from app.audit_page('${theirs}.' || repeat('0', 64), 100, null, null, null, null, null, null)`,
    'the queue of all companies': () => `select * from app.audit_claim(right(current_setting('app.tenant'), 64), 1000)`,
    binding: () => `select private.bind('${theirs}.' || repeat('0', 64))`,
  };
  it.each(Object.entries(INJECTIONS))('is given nothing of another company by %s', async (_, payload) => {
    await asAcme();
    const outcome = await app.query(payload()).then(
      ({ rows }) => JSON.stringify(rows),
      ({ code }) => `refused: ${code}`,
    );
    const foreign = [
      theirs,
      globex.company.domain,
      ...globex.ids.users,
      ...globex.ids.sessions,
      ...globex.ids.factors,
      globex.people.admin.email,
    ];
    expect(foreign.filter((value) => outcome.includes(value))).toEqual([]);
    if (outcome.startsWith('refused')) expect(outcome).toBe('refused: 42501');
  });

  it('cannot become anybody else', async () => {
    await app.query('begin');
    for (const text of [
      'set role watchword_owner',
      'set role postgres',
      'set session authorization postgres',
      'set local role pg_read_all_data',
    ]) {
      await app.query('savepoint s');
      await refused(text);
      await app.query('rollback to s');
    }
    await app.query('reset role');
    await app.query('reset session authorization');
    expect((await app.query('select current_user as who')).rows).toEqual([{ who: 'watchword_app' }]);
    expect(await seen()).toEqual(NOTHING);
  });

  it('cannot switch row level security off, neither for itself nor for a table', async () => {
    await asAcme();
    await app.query('savepoint s');
    await app.query('set local row_security = off');
    await refused('select * from user_account');
    await app.query('rollback to s');
    for (const text of [
      'alter table user_account disable row level security',
      'drop policy tenant on user_account',
      'create policy mine on user_account using (true)',
      'alter policy tenant on user_account using (true)',
      'alter role watchword_app bypassrls',
      'grant watchword_owner to watchword_app',
      'create function app.current_tenant() returns uuid language sql as $$ select null::uuid $$',
      'truncate session',
      'create table public.loot (x text)',
      'create schema loot',
      'create trigger spy after insert on user_account execute function app.mfa_enabled_kept()',
    ]) {
      await app.query('savepoint t');
      await expect(app.query(text), text).rejects.toThrow(
        /permission denied|must be owner|must be superuser|must have admin|Only roles|already exists/i,
      );
      await app.query('rollback to t');
    }
  });

  it('makes no temporary object: one shadows a table for the next who borrows the connection, or runs as the owner', async () => {
    for (const text of [
      'create temporary table user_account (id uuid)',
      'select 1 as id into temporary loot',
      `create domain pg_temp.text as pg_catalog.text`,
      `create function pg_temp.evil() returns int language sql as 'select 1'`,
    ])
      await refused(text);
  });

  it('could not run its own code as the owner even if it made temporary objects', async () => {
    const grant = (what: string) => world.owner.query(`do $$ begin execute format('${what}', current_database()); end $$`);
    await grant('grant temporary on database %I to watchword_app');
    const mallory = new pg.Client(world.stack.env.DATABASE_URL);
    await mallory.connect();
    try {
      await mallory.query(`create table pg_temp.loot (who text)`);
      await mallory.query(
        `create function pg_temp.spy(v pg_catalog.text) returns boolean language plpgsql as $$ begin insert into pg_temp.loot values (current_user); return true; end $$`,
      );
      await mallory.query('grant all on pg_temp.loot to public');
      for (const type of ['text', 'uuid', 'bytea', 'timestamptz', 'jsonb'])
        await mallory.query(`create domain pg_temp.${type} as pg_catalog.${type} check (pg_temp.spy('${type}'))`);
      await mallory.query('begin');
      await mallory.query(`select set_config('app.tenant', $1, true)`, [world.signTenant(mine)]);
      await mallory.query(
        `select app.current_tenant(), app.attempt_take('password', 'nobody@nowhere.test'), app.attempt_clear('password', 'nobody@nowhere.test')`,
      );
      await mallory.query(`select * from app.sign_in_begin('nobody@nowhere.test', null, $1)`, [
        createHmac('sha256', Buffer.from(world.stack.env.TENANT_KEY!, 'base64')).update('lookup:nobody@nowhere.test').digest('hex'),
      ]);
      await mallory.query(`insert into public.audit_event (action, outcome) values ('x', 'success')`);
      expect((await mallory.query(`select who from pg_temp.loot where who <> 'watchword_app'`)).rows).toEqual([]);
    } finally {
      await mallory.end();
      await grant('revoke temporary on database %I from watchword_app');
    }
  });

  it('writes no row into another company, and moves none there', async () => {
    await asAcme();
    const tries = [
      `insert into user_account (id, tenant_id, email, email_canonical, full_name, role) values ('${uuidv7()}', '${theirs}', 'x@x.test', 'x@x.test', 'X', 'admin')`,
      `insert into tenant (id, name, domain) values ('${uuidv7()}', 'X', 'x.test')`,
      `insert into audit_event (tenant_id, action, outcome) values ('${theirs}', 'x', 'success')`,
      `insert into audit_head (tenant_id, seq, hash, signed_at, kid, signature) values ('${theirs}', 999, '', '', '', '')`,
      `update user_account set tenant_id = '${theirs}' where id = '${acme.people.user.id}'`,
      `update tenant set id = '${theirs}'`,
      `update mfa_factor set tenant_id = '${theirs}'`,
      `update api_key set tenant_id = '${theirs}'`,
      `insert into api_key (id, tenant_id, name, scopes, secret_hash, hint) values ('${uuidv7()}', '${theirs}', 'X', '{}', sha256(''), '')`,
    ];
    for (const text of tries) {
      await app.query('savepoint s');
      await refused(text);
      await app.query('rollback to s');
    }
    for (const table of TABLES.filter((name) => !['audit_event', 'audit_chain', 'audit_head', ...BY_FUNCTIONS].includes(name))) {
      const key = table === 'tenant' ? 'id' : 'tenant_id';
      expect((await app.query(`update ${table} set ${key} = ${key} where ${key} = '${theirs}'`)).rowCount).toBe(0);
      if (!KEPT.includes(table)) expect((await app.query(`delete from ${table} where tenant_id = '${theirs}'`)).rowCount).toBe(0);
    }
    for (const text of [
      'update audit_event set action = action',
      'delete from audit_event',
      'update audit_chain set hash = hash',
      'delete from audit_head',
      ...KEPT.map((table) => `delete from ${table}`),
      'select from idempotency',
      ...BY_FUNCTIONS.flatMap((table) => [`update ${table} set tenant_id = tenant_id`, `delete from ${table}`]),
    ]) {
      await app.query('savepoint s');
      await refused(text);
      await app.query('rollback to s');
    }
  });

  it("forges no link or head of its own chain: the sealer would stumble over it, and with it every company's events", async () => {
    await asAcme();
    const { rows } = await app.query(`insert into audit_event (action, outcome) values ('probe.forged', 'success') returning id`);
    for (const text of [
      `insert into audit_chain (seq, event_id, prev_hash, hash) values (1000000, '${rows[0].id}', '', '')`,
      `insert into audit_head (seq, hash, signed_at, kid, signature) values (1000000, '', '', '', '')`,
    ]) {
      await app.query('savepoint s');
      await refused(text);
      await app.query('rollback to s');
    }
  });

  it("cannot point a row at another company's person, nor learn from the refusal whether there is one", async () => {
    const texts = (user: string) => [
      `insert into session (id, user_id, token_hash, amr, acr, expires_at) values ('${uuidv7()}', '${user}', '', '{}', '', now())`,
      `insert into mfa_factor (id, user_id, type, state) values ('${uuidv7()}', '${user}', 'totp', '')`,
      `insert into sign_in (id, user_id, expires_at) values ('${uuidv7()}', '${user}', now())`,
      `insert into api_key (id, name, scopes, secret_hash, hint, created_by) values ('${uuidv7()}', 'X', '{}', sha256(''), '', '${user}')`,
    ];
    const answers = [];
    for (const user of [globex.people.user.id, uuidv7()])
      for (const text of texts(user)) {
        await asAcme();
        const error = await app.query(text).then(
          () => undefined,
          ({ code, message, detail }) => ({ code, said: `${message} ${detail}`.replaceAll(user, '…') }),
        );
        expect(error).toMatchObject({ code: '23503' });
        answers.push(error!.said);
        await app.query('rollback');
      }
    expect(answers.slice(0, 4)).toEqual(answers.slice(4));
  });

  it('learns nothing of e-mails in other companies from conflicts', async () => {
    await asAcme();
    const add = (email: string, tail = '') =>
      app.query(`insert into user_account (id, email, email_canonical, full_name, role) values ($1, $2, $2, 'X', 'user') ${tail}`, [
        uuidv7(),
        email,
      ]);
    expect((await add(globex.people.user.email)).rowCount).toBe(1);
    expect((await add(globex.people.manager.email, 'on conflict do nothing')).rowCount).toBe(1);
    expect(
      (await add(globex.people.admin.email, `on conflict (tenant_id, email_canonical) do update set full_name = 'Stolen'`)).rowCount,
    ).toBe(1);
    await expect(add(acme.people.user.email)).rejects.toMatchObject({ code: '23505' });
  });

  it('meets the same id in another company as a conflict that shows nothing of it', async () => {
    for (const tail of ['on conflict do nothing', `on conflict (id) do update set full_name = 'Stolen'`]) {
      await asAcme();
      const { rowCount, code } = await app
        .query(
          `insert into user_account (id, email, email_canonical, full_name, role) values ($1, 'n@n.test', 'n@n.test', 'X', 'user') ${tail}`,
          [globex.people.user.id],
        )
        .then(
          ({ rowCount }) => ({ rowCount, code: '' }),
          ({ code }) => ({ rowCount: 0, code }),
        );
      expect([rowCount, code]).toEqual(tail.includes('nothing') ? [0, ''] : [0, '42501']);
      await app.query('rollback');
    }
    expect(await globex.company.sql('select full_name from user_account where id = $1', [globex.people.user.id])).toEqual([
      { full_name: 'A Person' },
    ]);
  });

  it('copies nothing of another company out, and nothing in', async () => {
    await asAcme();
    await app.query('savepoint s');
    await expect(app.query(`copy user_account from program 'echo'`)).rejects.toMatchObject({ code: '42501' });
    await app.query('rollback to s');
    await expect(app.query('copy user_account from stdin')).rejects.toMatchObject({ code: '0A000' });
    await app.query('rollback');
    await asAcme();
    let out = '';
    const connection = (app as unknown as { connection: { on(event: string, fn: (message: { chunk: Buffer }) => void): void } }).connection;
    connection.on('copyData', ({ chunk }) => (out += chunk));
    await app.query('copy user_account to stdout');
    expect(out).toContain(mine);
    expect(out).not.toContain(theirs);
  });

  it('may ask a predicate of its own only about its own rows', async () => {
    await asAcme();
    const { rows } = await app.query(
      `select count(*)::int as n from user_account where 1 / (case when tenant_id = '${theirs}' then 0 else 1 end) = 1`,
    );
    expect(rows).toEqual([{ n: 3 }]);
  });

  it("reads no value in the statements of the apps' other connections", async () => {
    let [done, polls] = [false, 0];
    const read = new Set<string>();
    const others = `select query from pg_stat_activity where pid <> pg_backend_pid() and usename = current_user and query ~ $1`;
    const reading = (async () => {
      for (; !done; polls++) for (const { query } of (await app.query(others, [`[0-9a-f]{64}|Canary|${theirs}`])).rows) read.add(query);
    })();
    for (let round = 0; round < 15; round++)
      await Promise.all(
        Array.from({ length: 12 }, (_, at) => globex.people.admin.put('/api/users/me', { full_name: `Canary ${round}` }, at)),
      );
    done = true;
    await reading;
    expect([...read]).toEqual([]);
    expect(polls).toBeGreaterThan(50);
  });

  it('deletes for others only what has long been over', async () => {
    const before = [await snapshot(acme), await snapshot(globex)];
    await app.query('select * from app.purge_expired(), app.purge_webhooks(), app.audit_thin()');
    expect([await snapshot(acme), await snapshot(globex)]).toEqual(before);
  });

  it('gives no foreign row to a connection that was left with a company on it', async () => {
    await app.query(`select set_config('app.tenant', $1, false)`, [world.signTenant(mine)]);
    try {
      await app.query('begin');
      await bind(world.signTenant(theirs));
      expect((await app.query('select distinct tenant_id from user_account')).rows).toEqual([{ tenant_id: theirs }]);
      await app.query('commit');
      await app.query(`select app.audit_record($1, 'probe.left_over', 'success', 'system', null, null, null, null, null)`, [
        world.signTenant(theirs),
      ]);
      expect((await app.query(`select count(*)::int as n from audit_event where action = 'probe.left_over'`)).rows).toEqual([{ n: 0 }]);
    } finally {
      await app.query('reset app.tenant');
    }
  });
});
