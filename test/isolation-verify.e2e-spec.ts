import { randomBytes } from 'node:crypto';
import { inject } from 'vitest';
import { ENTRY } from './support/stack.js';
import { anotherDatabase, type AnotherDatabase, ran } from './support/world.js';

interface Hole {
  /** What somebody did to the database. */
  done: string;
  /** As the owner, unless only a superuser may. */
  by?: 'owner' | 'superuser';
  /** What `isolation verify` must say of it, each in words of its own. */
  says: (RegExp | string)[];
}

const HOLES: Record<string, Hole> = {
  'a policy dropped': { done: 'drop policy tenant on session', says: ['session: it has no tenant policy'] },
  'a policy widened': {
    done: 'alter policy tenant on user_account using (true)',
    says: [
      'user_account: policy tenant for watchword_app lets other rows through: true',
      'user_account: another company sees the row',
      'user_account: nobody writes in the name of the company',
    ],
  },
  'a policy that checks nothing that is written': {
    done: 'alter policy tenant on sign_in with check (true)',
    says: [
      'sign_in: policy tenant for watchword_app lets other rows be written: true',
      'sign_in: another company writes in the name of the company',
    ],
  },
  'a second, permissive policy': {
    done: 'create policy helpful on mfa_factor for select using (confirmed_at is null)',
    says: ['mfa_factor: policy helpful for public lets other rows through', 'mfa_factor: another company sees the row'],
  },
  'a policy for the apps alone': {
    done: 'create policy helpful on mfa_factor to watchword_app using (true)',
    says: ['mfa_factor: policy helpful for watchword_app lets other rows through: true'],
  },
  'a policy that opens a table to the functions of the owner': {
    done: 'create policy helpful on user_account to watchword_owner using (true)',
    says: ['user_account: policy helpful opens other rows to the functions of watchword_owner'],
  },
  'a clean-up that reaches younger rows': {
    done: `alter policy retention on audit_head using ((signed_at)::timestamptz < now())`,
    says: ['audit_head: policy retention opens other rows to the functions of watchword_owner'],
  },
  'a clean-up that may write': {
    done: 'alter policy retention on session with check (true)',
    says: ['session: policy retention opens other rows to the functions of watchword_owner'],
  },
  'a clean-up of a table that has none': {
    done: `create policy retention on audit_event to watchword_owner using (created_at < now() - interval '1 day') with check (false)`,
    says: ['audit_event: policy retention opens other rows to the functions of watchword_owner'],
  },
  "the functions' policy for everybody": {
    done: `drop policy functions on session; create policy functions on session using (tenant_id = (select nullif(current_setting('app.bound', true), '')::uuid))`,
    says: ['session: policy functions for public lets other rows through'],
  },
  'FORCE removed': {
    done: 'alter table tenant no force row level security',
    says: ['tenant: row level security does not bind its owner (FORCE is missing)'],
  },
  'row level security disabled': {
    done: 'alter table audit_event disable row level security',
    says: ['audit_event: row level security is off', 'audit_event: another company sees the row', /audit_event +OFF .* CROSSED/],
  },
  'a table given to the app': {
    done: 'alter table sign_in owner to watchword_app',
    by: 'superuser',
    says: ['watchword_app: it owns the tables', 'sign_in: this role owns the table'],
  },
  'TRUNCATE granted': { done: 'grant truncate on session to watchword_app', says: ['session: TRUNCATE is granted'] },
  'TRIGGER granted': { done: 'grant trigger on session to watchword_app', says: ['session: TRIGGER is granted'] },
  'REFERENCES granted, on one column': {
    done: 'grant references (id) on user_account to public',
    says: ['user_account: REFERENCES is granted'],
  },
  'UPDATE on the audit trail granted, on one column': {
    done: 'grant update (details) on audit_event to watchword_app',
    says: ['audit_event: UPDATE is granted'],
  },
  'DELETE on the chain granted': { done: 'grant delete on audit_chain to watchword_app', says: ['audit_chain: DELETE is granted'] },
  'links of the chain open to be forged': {
    done: 'grant insert on audit_chain to watchword_app',
    says: ['audit_chain: INSERT is granted'],
  },
  'schema directory opened': { done: 'grant usage on schema directory to watchword_app', says: ['schema directory is reachable'] },
  'schema private opened': { done: 'grant usage on schema private to public', says: ['schema private is reachable'] },
  'the key that signs tenants readable': {
    done: 'grant select (inner_pad) on private.tenant_key to watchword_app',
    says: ['private.tenant_key is granted'],
  },
  'the function that binds companies granted': {
    done: 'grant execute on function private.bind(text) to watchword_app',
    says: ['function private.bind(text) is granted'],
  },
  'temporary tables allowed': {
    done: 'do $$ begin execute format($f$grant temporary on database %I to public$f$, current_database()); end $$',
    says: ['temporary objects may be created in the database'],
  },
  'tables allowed in schema public': {
    done: 'grant create on schema public to watchword_app',
    by: 'superuser',
    says: ['objects may be created in schema public'],
  },
  'a view that reads as its owner': {
    done: 'create view people as select * from user_account; grant select on people to watchword_app',
    says: ['view public.people reads as its owner (security_invoker is missing)'],
  },
  'a materialised view': {
    done: 'create materialized view people as select * from user_account; grant select on people to watchword_app',
    says: ['materialised view public.people keeps rows of every tenant'],
  },
  'a SECURITY DEFINER function without a search_path': {
    done: `create function app.helpful() returns int language sql security definer as 'select 1'`,
    says: ['function app.helpful() runs as its owner without a search_path of its own'],
  },
  'a SECURITY DEFINER function that temporary objects can mislead': {
    done: `create function app.helpful() returns int language sql security definer set search_path = '' as 'select 1'`,
    says: ['function app.helpful() runs as its owner and lets temporary objects come first'],
  },
  'a function that claims to be leakproof': {
    done: `create function app.helpful() returns int language sql leakproof as 'select 1'`,
    by: 'superuser',
    says: ['function app.helpful() claims to be leakproof'],
  },
  'a new table without policy': {
    done: 'create table note (id uuid primary key, tenant_id uuid not null); grant select, insert on note to watchword_app',
    says: ['note: row level security is off', 'note: it has no tenant policy', 'note: could not be probed'],
  },
  'a new table without tenant': { done: 'create table note (id uuid primary key)', says: ['table public.note has no tenant_id'] },
  "tenants' rows in a schema without policies": {
    done: 'create table system.note (tenant_id uuid)',
    says: ['system.note holds rows of tenants without row level security'],
  },
  'a foreign key without the tenant': {
    done: 'alter table session add constraint loose foreign key (user_id) references user_account (id)',
    says: ['foreign key loose of session does not hold the tenant'],
  },
  'a unique index over all companies': {
    done: 'create unique index one_email on user_account (email_canonical)',
    says: ['unique index one_email of user_account does not hold the tenant'],
  },
  'a tenant function that believes everybody': {
    done: `create or replace function app.current_tenant() returns uuid language sql stable security definer set search_path = pg_catalog, pg_temp as $$ select left(nullif(current_setting('app.tenant', true), ''), 36)::uuid $$`,
    says: ['session: a forged name sees the row', 'session: an unsigned name sees the row'],
  },
};

/** Roles as whom the command is run, and what it must say of them. */
const ROLES: Record<string, { role: string; says: (RegExp | string)[] }> = {
  'has BYPASSRLS': {
    role: 'bypassrls in role watchword_app',
    says: [/: it has BYPASSRLS/, 'user_account: row level security does not bind this role', 'user_account: another company sees the row'],
  },
  'is a superuser': { role: 'superuser', says: [/: it is a superuser, whom no policy binds/, 'tenant: another company sees the row'] },
  'belongs to the owner': { role: 'in role watchword_owner', says: [/: it belongs to watchword_owner, who owns the tables/] },
  'belongs to any other role': {
    role: 'in role watchword_app, pg_read_all_data',
    says: [/: it belongs to pg_read_all_data, watchword_app, and the role of the apps must belong to none/],
  },
};

const unsaid = (stdout: string, says: (RegExp | string)[]) =>
  says.filter((words) => (typeof words === 'string' ? !stdout.includes(words) : !words.test(stdout)));

describe('watchword isolation verify', () => {
  const stack = inject('stack');
  let clean: AnotherDatabase;
  const verify = (env: Record<string, string>) => ran(ENTRY('cli'), env, ['isolation', 'verify']);

  beforeAll(async () => {
    clean = await anotherDatabase(stack);
  });
  afterAll(() => clean.drop());

  it('finds no hole in a database as migrations make it, and leaves nothing behind', async () => {
    const { code, stdout, stderr } = await verify(stack.env);
    expect({ code, stderr, verdict: stdout.trim().split('\n').at(-1) }).toEqual({
      code: 0,
      stderr: '',
      verdict: 'No hole: the companies in 24 tables are kept apart.',
    });
    expect(stdout.match(/^\w+ +on +yes +(?=[a-z ]*\btenant\b)[a-z ]+ watchword_owner +[a-z ]+ +nothing crosses$/gm)).toHaveLength(24);
    const { code: again } = await verify(clean.env);
    expect(again).toBe(0);
    await clean.sql(
      `do $$ begin if exists (select from tenant) or exists (select from audit_event) or exists (select from directory.audit_queue) then raise 'the probe left rows'; end if; end $$`,
    );
  });

  it.concurrent.each(Object.entries(HOLES))('names %s', { timeout: 60_000 }, async (_, { done, by = 'owner', says }) => {
    const database = await anotherDatabase(stack, { copyOf: clean.name });
    try {
      await database.sql(done, by === 'owner' ? database.env.MIGRATION_DATABASE_URL : database.superUrl);
      const { code, stdout, stderr } = await verify(database.env);
      expect(stderr).toBe('');
      expect(unsaid(stdout, says)).toEqual([]);
      expect(code).toBe(1);
    } finally {
      await database.drop();
    }
  });

  it.concurrent.each(Object.entries(ROLES))('names a role that %s', { timeout: 60_000 }, async (_, { role, says }) => {
    const [name, password] = [`role_${randomBytes(4).toString('hex')}`, randomBytes(12).toString('hex')];
    await clean.sql(`create role ${name} login password '${password}' ${role}`);
    try {
      const { code, stdout } = await verify({ ...clean.env, DATABASE_URL: clean.as(name, password) });
      expect(unsaid(stdout, says)).toEqual([]);
      expect(code).toBe(1);
    } finally {
      await clean.sql(`drop role ${name}`);
    }
  });

  it('names another TENANT_KEY', async () => {
    const { code, stdout } = await verify({ ...clean.env, TENANT_KEY: randomBytes(32).toString('base64') });
    expect(stdout).toContain('the database was given another TENANT_KEY than this process');
    expect(code).toBe(1);
  });

  it('says in a sentence that there is nothing to look at', async () => {
    const empty = await anotherDatabase(stack, { migrated: false });
    try {
      expect(await verify(empty.env)).toMatchObject({
        code: 1,
        stdout: '',
        stderr: expect.stringMatching(/^.*The database is not up to date\. Run `npm run migrate` first\.\n$/),
      });
    } finally {
      await empty.drop();
    }
  });
});
