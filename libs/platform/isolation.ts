import type pg from 'pg';
import { ConfigError } from './config.js';
import { NEWEST } from './migrations/migrate.js';
import { signTenant } from './tenant-context.js';

/** What keeps the tenants of one table apart, and every hole found in it. */
export interface TableReport {
  table: string;
  owner: string;
  enabled: boolean;
  forced: boolean;
  policies: string[];
  grants: string[];
  holes: string[];
}

export interface IsolationReport {
  role: string;
  /** What makes every policy idle, such as a superuser. Nothing else needs saying then. */
  roleHoles: string[];
  /** Holes that belong to no one table: schemas, functions, views. */
  holes: string[];
  tables: TableReport[];
}

type Client = Pick<pg.Client, 'query'>;

interface Policy {
  name: string;
  permissive: boolean;
  roles: string[];
  qual: string | null;
  check: string | null;
}

interface Row {
  name: string;
  owner: string;
  enabled: boolean;
  forced: boolean;
  active: boolean;
  mine: boolean;
  policies: Policy[] | null;
  grants: string[] | null;
}

/** track_activity_query_size, as PostgreSQL comes. */
export const SHOWN_OF_A_STATEMENT = 1024;

/** What the apps may never do to the audit trail: events are written once, links and heads by the sealer's function alone. */
const FORBIDDEN: Record<string, string[]> = {
  audit_event: ['UPDATE', 'DELETE'],
  audit_chain: ['INSERT', 'UPDATE', 'DELETE'],
  audit_head: ['INSERT', 'UPDATE', 'DELETE'],
};
/** Row level security does not govern these. */
const UNGOVERNED = ['TRUNCATE', 'REFERENCES', 'TRIGGER', 'MAINTAIN'];
const TENANT = (column: string) => `(${column} = ( SELECT app.current_tenant() AS current_tenant))`;
/** For the owner's own functions alone, which bind a tenant by its signature before they read a row. */
const FUNCTIONS = (column: string) => `(${column} = (NULLIF(current_setting('app.bound'::text, true), ''::text))::uuid)`;
/** For the owner's clean-up alone: rows whose time is over, to be deleted and never written. Of these tables these rows, and no others. */
const RETENTION: Record<string, string> = {
  session: `(expires_at < (now() - '30 days'::interval))`,
  sign_in: `(expires_at < (now() - '1 day'::interval))`,
  identity_flow: `(expires_at < (now() - '1 day'::interval))`,
  verification: `(expires_at < (now() - '30 days'::interval))`,
  trusted_device: `(expires_at < (now() - '30 days'::interval))`,
  account_link: `(expires_at < (now() - '30 days'::interval))`,
  delivery: `(expires_at < (now() - '30 days'::interval))`,
  delivery_receipt: `(expires_at < (now() - '30 days'::interval))`,
  idempotency: `(expires_at < (now() - '00:01:00'::interval))`,
  webhook_delivery: `(created_at < (now() - '30 days'::interval))`,
  audit_head: `((signed_at)::timestamp with time zone < (now() - '1 day'::interval))`,
};
/** Schemas that are ours: all but PostgreSQL's own. */
const OURS = `n.nspname not like 'pg\\_%' and n.nspname <> 'information_schema'`;

/** True when every migration this build knows has run. */
export async function isMigrated(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ done: boolean }>(`select to_regclass('public.migration') is not null as done`);
  if (!rows[0]?.done) return false;
  const { rows: newest } = await client.query('select from public.migration where name = $1', [NEWEST]).catch((error) => {
    if (error.code === '42501')
      throw new ConfigError('The role of DATABASE_URL may not read the database. Run `npm run migrate`, which grants it what it needs.');
    throw error;
  });
  return newest.length > 0;
}

/**
 * Looks at the catalogue as the role that is connected. Reads no tenant's data.
 * @throws ConfigError when the database is not migrated
 */
export async function inspectIsolation(client: Client): Promise<IsolationReport> {
  if (!(await isMigrated(client))) throw new ConfigError('The database is not up to date. Run `npm run migrate` first.');
  const { rows } = await client.query<Row>(`
    select c.relname as name, pg_get_userbyid(c.relowner) as owner, c.relrowsecurity as enabled, c.relforcerowsecurity as forced,
           row_security_active(c.oid) as active, pg_has_role(c.relowner, 'MEMBER') as mine,
           (select jsonb_agg(jsonb_build_object('name', p.policyname, 'permissive', p.permissive = 'PERMISSIVE', 'roles', p.roles, 'qual', p.qual, 'check', p.with_check))
              from pg_policies p where p.schemaname = 'public' and p.tablename = c.relname) as policies,
           (select array_agg(g order by g) from unnest(array['SELECT','INSERT','UPDATE','DELETE','TRUNCATE','REFERENCES','TRIGGER'] ||
                case when current_setting('server_version_num')::int >= 170000 then array['MAINTAIN'] else '{}' end) g
             where case when g in ('SELECT','INSERT','UPDATE','REFERENCES') then has_any_column_privilege(c.oid, g) else has_table_privilege(c.oid, g) end) as grants
      from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'f') and c.relname <> 'migration'
     order by c.relname`);
  const { role, holes: roleHoles } = await inspectRole(client, rows);
  return { role, roleHoles, holes: await reachHoles(client), tables: rows.map((row) => inspectTable(row, role)) };
}

async function inspectRole(client: Client, tables: Row[]): Promise<{ role: string; holes: string[] }> {
  const { rows } = await client.query<{
    name: string;
    super: boolean;
    bypass: boolean;
    replicates: boolean;
    makes_roles: boolean;
    belongs_to: string[] | null;
  }>(
    `select rolname as name, rolsuper as super, rolbypassrls as bypass, rolreplication as replicates, rolcreaterole as makes_roles,
            (select array_agg(other.rolname::text order by other.rolname) from pg_roles other where other.oid <> me.oid and pg_has_role(other.oid, 'MEMBER')) as belongs_to
       from pg_roles me where rolname = current_user`,
  );
  const { name, super: isSuper, bypass, replicates, makes_roles, belongs_to } = rows[0]!;
  if (isSuper) return { role: name, holes: ['it is a superuser, whom no policy binds'] };
  const owners = new Set(tables.map(({ owner }) => owner));
  const owner = belongs_to?.find((other) => owners.has(other));
  const holes = [
    ...(bypass ? ['it has BYPASSRLS, so no policy binds it'] : []),
    ...(replicates ? ['it may replicate, so it can copy the whole server'] : []),
    ...(owners.has(name)
      ? ['it owns the tables, so it can lift their policies']
      : owner
        ? [`it belongs to ${owner}, who owns the tables`]
        : []),
    ...(owners.has(name) || owner || !belongs_to
      ? []
      : [`it belongs to ${belongs_to.join(', ')}, and the role of the apps must belong to none`]),
    ...(makes_roles && !owners.has(name) ? ['it may create roles'] : []),
  ];
  return { role: name, holes };
}

function inspectTable({ name, owner, enabled, forced, active, mine, policies, grants }: Row, role: string): TableReport {
  const permissive = (policies ?? []).filter((policy) => policy.permissive);
  const column = name === 'tenant' ? 'id' : 'tenant_id';
  const right = TENANT(column);
  const plain = (expression: string | null) => expression?.replace(/\s+/g, ' ') ?? null;
  const forbidden = (grants ?? []).filter((grant) => !mine && (UNGOVERNED.includes(grant) || FORBIDDEN[name]?.includes(grant)));
  const wrong = permissive.flatMap((policy): string[] => {
    const [qual, check] = [plain(policy.qual), plain(policy.check)];
    if (policy.roles.every((to) => to === owner)) {
      const sound = (qual !== null && qual === RETENTION[name] && check === 'false') || (qual === FUNCTIONS(column) && check === null);
      return sound ? [] : [`policy ${policy.name} opens other rows to the functions of ${owner}: ${qual ?? check}`];
    }
    if (qual !== right && !(qual === null && check === right))
      return [`policy ${policy.name} for ${policy.roles.join(', ')} lets other rows through: ${qual ?? check}`];
    return check === null || check === right
      ? []
      : [`policy ${policy.name} for ${policy.roles.join(', ')} lets other rows be written: ${check}`];
  });
  const holes = [
    ...(enabled ? [] : ['row level security is off']),
    ...(forced ? [] : ['row level security does not bind its owner (FORCE is missing)']),
    ...(enabled && !active && !mine ? ['row level security does not bind this role'] : []),
    ...(mine ? [owner === role ? 'this role owns the table' : `this role belongs to the owner, ${owner}`] : []),
    ...(permissive.some(({ roles, qual }) => (roles.includes(role) || roles.includes('public')) && plain(qual) === right)
      ? []
      : ['it has no tenant policy']),
    ...wrong,
    ...forbidden.map((grant) => `${grant} is granted`),
  ];
  return { table: name, owner, enabled, forced, policies: (policies ?? []).map((policy) => policy.name), grants: grants ?? [], holes };
}

async function reachHoles(client: Client): Promise<string[]> {
  const { rows } = await client.query<{ hole: string }>(`
    select format('schema %I is reachable', n.nspname) as hole from pg_namespace n
     where n.nspname in ('directory', 'private') and (has_schema_privilege(n.oid, 'USAGE') or has_schema_privilege(n.oid, 'CREATE'))
    union all
    select format('objects may be created in schema %I', n.nspname) from pg_namespace n
     where ${OURS} and n.nspname not in ('directory', 'private') and has_schema_privilege(n.oid, 'CREATE')
    union all
    select format('%s may be created in the database', what) from (values ('TEMP', 'temporary objects'), ('CREATE', 'schemas')) v (privilege, what)
     where has_database_privilege(current_database(), privilege)
    union all
    select 'sessions show each other more than the first ${SHOWN_OF_A_STATEMENT} bytes of a statement: lower track_activity_query_size'
     where pg_size_bytes(current_setting('track_activity_query_size')) > ${SHOWN_OF_A_STATEMENT}
    union all
    select format('%I.%I is granted', n.nspname, c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname in ('directory', 'private') and c.relkind in ('r', 'p', 'v', 'm', 'f')
       and (has_any_column_privilege(c.oid, 'SELECT, INSERT, UPDATE') or has_table_privilege(c.oid, 'DELETE, TRUNCATE'))
    union all
    select format('function %s is granted', p.oid::regprocedure) from pg_proc p join pg_namespace n on n.oid = p.pronamespace
     where n.nspname in ('directory', 'private') and has_function_privilege(p.oid, 'EXECUTE')
    union all
    select format('%I.%I holds rows of tenants without row level security', n.nspname, c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where ${OURS} and n.nspname not in ('public', 'directory', 'private') and c.relkind in ('r', 'p', 'f') and not (c.relrowsecurity and c.relforcerowsecurity)
       and exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped)
    union all
    select format('materialised view %I.%I keeps rows of every tenant, and no policy governs it', n.nspname, c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where ${OURS} and c.relkind = 'm' and has_any_column_privilege(c.oid, 'SELECT')
    union all
    select format('view %I.%I reads as its owner (security_invoker is missing)', n.nspname, c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where ${OURS} and c.relkind = 'v' and not coalesce(c.reloptions && array['security_invoker=true', 'security_invoker=on', 'security_invoker=1', 'security_invoker=yes'], false)
       and (has_any_column_privilege(c.oid, 'SELECT, INSERT, UPDATE') or has_table_privilege(c.oid, 'DELETE'))
    union all
    select format('function %s runs as its owner %s', p.oid::regprocedure,
                  case when s.path is null then 'without a search_path of its own' else 'and lets temporary objects come first: end its search_path with pg_temp' end)
      from pg_proc p join pg_namespace n on n.oid = p.pronamespace
      left join lateral (select substr(setting, 13) as path from unnest(p.proconfig) setting where setting like 'search\\_path=%') s on true
     where ${OURS} and p.prosecdef and (s.path is null or s.path !~ '(^|,) *"?pg_temp"?$')
    union all
    select format('function %s claims to be leakproof', p.oid::regprocedure) from pg_proc p join pg_namespace n on n.oid = p.pronamespace
     where ${OURS} and p.proleakproof
    union all
    select format('foreign key %s of %s does not hold the tenant', k.conname, k.conrelid::regclass) from pg_constraint k
     where k.contype = 'f' and k.connamespace = 'public'::regnamespace and k.confrelid <> 'public.tenant'::regclass
       and not exists (
         select from unnest(k.conkey, k.confkey) pair (ours, theirs)
           join pg_attribute a on a.attrelid = k.conrelid and a.attnum = pair.ours and a.attname = 'tenant_id'
           join pg_attribute b on b.attrelid = k.confrelid and b.attnum = pair.theirs and b.attname = 'tenant_id')
    union all
    select format('unique index %s of %s does not hold the tenant: it tells what another company has', i.indexrelid::regclass, i.indrelid::regclass) from pg_index i
      join pg_class c on c.oid = i.indrelid
     where c.relnamespace = 'public'::regnamespace and c.relname not in ('tenant', 'migration') and i.indisunique
       and not exists (select from pg_attribute a where a.attrelid = i.indrelid and a.attname = 'tenant_id' and a.attnum = any (i.indkey))
       -- An id that we make at random tells nothing.
       and not (i.indisprimary and i.indnkeyatts = 1 and exists (select from pg_attribute a where a.attrelid = i.indrelid and a.attnum = i.indkey[0] and a.attname = 'id' and a.atttypid = 'uuid'::regtype))
    union all
    select format('table public.%I has no tenant_id', c.relname) from pg_class c
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'f') and c.relname not in ('tenant', 'migration')
       and not exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id' and a.attnotnull and not a.attisdropped)`);
  return rows.map(({ hole }) => hole);
}

/** True when the database was given the same TENANT_KEY as this process; no tenant would see a row otherwise. */
export async function tenantKeyMatches(client: Client): Promise<boolean> {
  const probe = '01900000-0000-7000-8000-000000000001';
  const { rows } = await client.query('select app.tenant_of($1) as tenant', [signTenant(probe)]);
  return rows[0]?.tenant === probe;
}
