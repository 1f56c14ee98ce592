import type pg from 'pg';
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
  /** Holes that belong to no one table: the role itself, schemas, views, the signed setting. */
  holes: string[];
  tables: TableReport[];
}

interface Row {
  name: string;
  owner: string;
  enabled: boolean;
  forced: boolean;
  active: boolean;
  mine: boolean;
  policies: { name: string; permissive: boolean; roles: string[]; cmd: string; qual: string | null; check: string | null }[] | null;
  grants: string[] | null;
}

/** The apps write these once and never again. */
const APPEND_ONLY = ['audit_event', 'audit_chain', 'audit_head'];
const POLICY = /^\((tenant_)?id = \( SELECT app\.current_tenant\(\) AS current_tenant\)\)$/;

/** Looks at the catalogue as the role that is connected. Reads no tenant's data. */
export async function inspectIsolation(client: Pick<pg.Client, 'query'>): Promise<IsolationReport> {
  const { rows: tables } = await client.query<Row>(`
    select c.relname as name, pg_get_userbyid(c.relowner) as owner, c.relrowsecurity as enabled, c.relforcerowsecurity as forced,
           row_security_active(c.oid) as active, pg_has_role(c.relowner, 'MEMBER') as mine,
           (select jsonb_agg(jsonb_build_object('name', p.policyname, 'permissive', p.permissive = 'PERMISSIVE', 'roles', p.roles, 'cmd', p.cmd, 'qual', p.qual, 'check', p.with_check))
              from pg_policies p where p.schemaname = 'public' and p.tablename = c.relname) as policies,
           (select array_agg(g order by g) from unnest(array['SELECT','INSERT','UPDATE','DELETE','TRUNCATE','REFERENCES','TRIGGER']) g
             where has_table_privilege(c.oid, g) or (g in ('SELECT','INSERT','UPDATE','REFERENCES') and has_any_column_privilege(c.oid, g))) as grants
      from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'f') and c.relname <> 'migration'
     order by c.relname`);
  const { rows: me } = await client.query<{ name: string; super: boolean; bypass: boolean; makes_roles: boolean }>(
    `select rolname as name, rolsuper as super, rolbypassrls as bypass, rolcreaterole as makes_roles from pg_roles where rolname = current_user`,
  );
  return { role: me[0]!.name, holes: [...roleHoles(me[0]!), ...(await reachHoles(client))], tables: tables.map(inspectTable) };
}

function roleHoles(me: { super: boolean; bypass: boolean; makes_roles: boolean }): string[] {
  return [
    ...(me.super ? ['the role is a superuser: no policy binds it'] : []),
    ...(me.bypass ? ['the role has BYPASSRLS: no policy binds it'] : []),
    ...(me.makes_roles ? ['the role may create roles'] : []),
  ];
}

function inspectTable({ name, owner, enabled, forced, active, mine, policies, grants }: Row): TableReport {
  const tenant = (policies ?? []).filter((policy) => policy.roles.includes('public'));
  const foreign = (policies ?? []).filter((policy) => !policy.roles.includes('public') && policy.roles.some((role) => role !== owner));
  const forbidden = (grants ?? []).filter((grant) => ['TRUNCATE', 'REFERENCES', 'TRIGGER'].includes(grant) || (APPEND_ONLY.includes(name) && ['UPDATE', 'DELETE'].includes(grant)));
  const sound = (qual: string | null) => qual !== null && POLICY.test(qual.replace(/\s+/g, ' '));
  const holes = [
    ...(enabled ? [] : ['row level security is off']),
    ...(forced ? [] : ['row level security does not bind its owner (FORCE is missing)']),
    ...(enabled && !active ? ['row level security does not bind this role'] : []),
    ...(mine ? [`this role owns the table or belongs to its owner ${owner}`] : []),
    ...(tenant.length === 0 ? ['it has no tenant policy'] : []),
    ...tenant.filter(({ permissive, qual }) => permissive && !sound(qual)).map((policy) => `policy ${policy.name} lets other rows through: ${policy.qual ?? policy.check}`),
    ...tenant.filter(({ permissive, qual, check }) => permissive && sound(qual) && check !== null && !sound(check)).map((policy) => `policy ${policy.name} lets other rows be written: ${policy.check}`),
    ...foreign.map((policy) => `policy ${policy.name} is for ${policy.roles.join(', ')}`),
    ...forbidden.map((grant) => `${grant} is granted`),
  ];
  return { table: name, owner, enabled, forced, policies: (policies ?? []).map((policy) => policy.name), grants: grants ?? [], holes };
}

async function reachHoles(client: Pick<pg.Client, 'query'>): Promise<string[]> {
  const { rows } = await client.query<{ hole: string }>(`
    select 'schema ' || nspname || ' is reachable' as hole from pg_namespace
     where nspname in ('directory', 'private') and (has_schema_privilege(oid, 'USAGE') or has_schema_privilege(oid, 'CREATE'))
    union all
    select 'objects may be created in schema ' || nspname from pg_namespace
     where nspname in ('public', 'app', 'system') and has_schema_privilege(oid, 'CREATE')
    union all
    select format('%I.%I is reachable', n.nspname, c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname in ('directory', 'private') and c.relkind in ('r', 'p') and has_table_privilege(c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE')
    union all
    select format('view public.%I passes by row level security', c.relname) from pg_class c
     where c.relnamespace = 'public'::regnamespace and (c.relkind = 'm' or c.relkind = 'v' and not coalesce('security_invoker=true' = any (c.reloptions), false))
    union all
    select format('function %s runs as its owner without a fixed search_path', p.oid::regprocedure) from pg_proc p
     where p.pronamespace in (select oid from pg_namespace where nspname in ('app', 'private', 'public')) and p.prosecdef
       and not exists (select from unnest(p.proconfig) s where s like 'search_path=%')
    union all
    select format('function %s claims to be leakproof', p.oid::regprocedure) from pg_proc p
     where p.pronamespace in (select oid from pg_namespace where nspname in ('app', 'private', 'public')) and p.proleakproof
    union all
    select format('foreign key %s of %s does not hold the tenant', k.conname, k.conrelid::regclass) from pg_constraint k
     where k.contype = 'f' and k.connamespace = 'public'::regnamespace and k.confrelid <> 'public.tenant'::regclass
       and not exists (select from pg_attribute a where a.attrelid = k.conrelid and a.attnum = any (k.conkey) and a.attname = 'tenant_id')
    union all
    select format('table public.%I has no tenant_id', c.relname) from pg_class c
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and c.relname not in ('tenant', 'migration')
       and not exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id' and a.attnotnull)`);
  return rows.map(({ hole }) => hole);
}

/** True when the database was given the same TENANT_KEY as this process; no tenant would see a row otherwise. */
export async function tenantKeyMatches(client: Pick<pg.Client, 'query'>): Promise<boolean> {
  const probe = '01900000-0000-7000-8000-000000000001';
  const { rows } = await client.query('select app.tenant_of($1) as tenant', [signTenant(probe)]);
  return rows[0]?.tenant === probe;
}
