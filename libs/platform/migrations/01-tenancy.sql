-- Schemas. public: rows of tenants, all under row level security. system: rows of no tenant that the apps may touch.
-- directory and private: reachable through the functions of app only.
-- Every function names pg_temp last: left out, or with an empty search_path, temporary types are looked up first,
-- and whoever may make one could have code of his own run as the owner (CVE-2007-2138).
create schema app;
create schema system;
create schema directory;
create schema private;

-- HMAC-SHA256 from the built-in sha256(): the padded keys (RFC 2104) are stored, so no extension is needed.
create table private.tenant_key (
  id bytea primary key,
  inner_pad bytea not null check (length(inner_pad) = 64),
  outer_pad bytea not null check (length(outer_pad) = 64),
  created_at timestamptz not null default now()
);
-- A random key of the database's own, for keys of counters. It never leaves the database.
create table private.own_key (key bytea not null);
insert into private.own_key select sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()));

create function private.proven(p_text text, p_proof text) returns boolean language plpgsql stable as $$
begin
  return exists (
    select from private.tenant_key k
     where encode(sha256(k.outer_pad || sha256(k.inner_pad || convert_to(p_text, 'UTF8'))), 'hex') = p_proof);
end $$;

-- The tenant of this transaction: setting app.tenant = '<uuid>.<hex hmac>'. Null, so no rows, when it is missing or forged.
create function app.current_tenant() returns uuid language plpgsql stable parallel safe security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_setting text := current_setting('app.tenant', true);
begin
  if v_setting is null or length(v_setting) <> 101 then return null; end if;
  if exists (
    select from private.tenant_key k
     where encode(sha256(k.outer_pad || sha256(k.inner_pad || convert_to(left(v_setting, 36), 'UTF8'))), 'hex') = right(v_setting, 64))
  then return left(v_setting, 36)::uuid; end if;
  return null;
end $$;

-- The functions of the owner work for one tenant, too: they check its signature once and remember whom they bound in app.bound. Their
-- policies (named "functions") are for the owner alone: whatever the apps' role puts there, to it that setting means nothing.
create function private.bind(p_tenant text) returns uuid language plpgsql as $$
begin
  if length(p_tenant) <> 101 or not private.proven(left(p_tenant, 36), right(p_tenant, 64)) then
    raise exception 'the tenant is not signed' using errcode = '42501';
  end if;
  perform set_config('app.bound', left(p_tenant, 36), true);
  return left(p_tenant, 36)::uuid;
end $$;

-- Whom a signed setting names; null when it is forged. For the check at start-up.
create function app.tenant_of(p_tenant text) returns uuid language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  perform set_config('app.tenant', p_tenant, true);
  return app.current_tenant();
end $$;

-- UUIDv7 (RFC 9562 §5.7); built in from PostgreSQL 18.
do $do$ begin
  if current_setting('server_version_num')::int >= 180000 then
    create function app.uuidv7() returns uuid language sql volatile as 'select pg_catalog.uuidv7()';
  else
    create function app.uuidv7() returns uuid language sql volatile as $$
      select encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid()) placing
        substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3) from 1 for 6), 52, 1), 53, 1), 'hex')::uuid
    $$;
  end if;
end $do$;

create table public.tenant (
  id uuid primary key,
  name text not null check (length(name) between 1 and 200),
  domain text not null check (length(domain) between 1 and 253),
  policy jsonb not null default '{}',
  created_at timestamptz not null default now()
);
alter table public.tenant enable row level security;
alter table public.tenant force row level security;
create policy tenant on public.tenant using (id = (select app.current_tenant()));
create policy functions on public.tenant to current_user using (id = (select nullif(current_setting('app.bound', true), '')::uuid));

-- The one place where a company is found by its domain, and a person's companies by e-mail. No grants; kept by triggers.
create table directory.company (domain text primary key, tenant_id uuid not null unique);
create table directory.person (email text not null, tenant_id uuid not null, user_id uuid not null, primary key (email, tenant_id));

create function private.company_listed() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if tg_op = 'INSERT' then
    insert into directory.company (domain, tenant_id) values (new.domain, new.id);
  elsif new.domain <> old.domain then
    update directory.company set domain = new.domain where tenant_id = new.id;
  end if;
  return null;
end $$;
create trigger listed after insert or update of domain on public.tenant for each row execute function private.company_listed();

create function private.person_listed() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if tg_op <> 'INSERT' then
    delete from directory.person where email = old.email_canonical and tenant_id = old.tenant_id;
  end if;
  if tg_op <> 'DELETE' then
    insert into directory.person (email, tenant_id, user_id) values (new.email_canonical, new.tenant_id, new.id);
  end if;
  return null;
end $$;

-- A company by id or domain; the caller proves that it is the app that asks.
create function private.tenant_named(p_hint text) returns uuid language sql stable set search_path = pg_catalog, pg_temp as $$
  select tenant_id from directory.company where domain = p_hint
  union all
  select tenant_id from directory.company
   where p_hint ~ '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$' and tenant_id = p_hint::uuid
  limit 1
$$;

-- Consecutive failures per account, whether or not the account exists. Keyed by a MAC: the table names nobody.
create table directory.attempt (
  key bytea primary key,
  failures integer not null,
  blocked_until timestamptz,
  touched_at timestamptz not null default now()
) with (fillfactor = 70);
create index attempt_touched on directory.attempt using brin (touched_at);

-- Counts one attempt before its answer is looked at. From the 10th consecutive one on, each blocks the next for 30 s, 60 s … 1 h
-- (NIST SP 800-63B-4 §3.2.2). Null: counted, go on. Otherwise the seconds to wait: nothing was counted and nothing may be checked.
create function private.attempt_take(p_key bytea) returns integer language plpgsql as $$
declare
  v_until timestamptz;
begin
  insert into directory.attempt as a (key, failures) values (p_key, 1)
  on conflict (key) do update
    set failures = a.failures + 1, touched_at = now(),
        blocked_until = case when a.failures + 1 >= 10 then clock_timestamp() + least(30 * 2 ^ least(a.failures - 9, 7), 3600) * interval '1 second' end
    where a.blocked_until is null or a.blocked_until <= now();
  if found then return null; end if;
  select blocked_until into v_until from directory.attempt where key = p_key;
  return greatest(1, ceil(extract(epoch from v_until - now())))::integer;
end $$;

create function private.attempt_key(p_tenant uuid, p_kind text, p_subject text) returns bytea language plpgsql stable as $$
begin
  return (
    select sha256(k.key || sha256(k.key || convert_to(p_kind || '|' || coalesce(p_tenant::text, '-') || '|' || p_subject, 'UTF8')))
      from private.own_key k);
end $$;

create function private.attempt_clear(p_key bytea) returns void language plpgsql as $$
begin
  update directory.attempt set failures = 0, blocked_until = null, touched_at = now() where key = p_key and (failures > 0 or blocked_until is not null);
end $$;

-- p_kind 'password': p_subject is the canonical e-mail. 'mfa': the user's id.
create function app.attempt_take(p_kind text, p_subject text) returns integer language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if app.current_tenant() is null then raise exception 'no tenant is bound' using errcode = '42501'; end if;
  return private.attempt_take(private.attempt_key(app.current_tenant(), p_kind, p_subject));
end $$;

create function app.attempt_clear(p_kind text, p_subject text) returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if app.current_tenant() is null then raise exception 'no tenant is bound' using errcode = '42501'; end if;
  perform private.attempt_clear(private.attempt_key(app.current_tenant(), p_kind, p_subject));
end $$;

-- Keys that sign: access tokens (ES256), audit heads (Ed25519). The private part is sealed by the apps.
create table system.signing_key (
  id text primary key,
  purpose text not null check (purpose in ('access', 'audit')),
  public_jwk jsonb not null,
  private_sealed text not null,
  created_at timestamptz not null default now(),
  retired_at timestamptz
);
create unique index one_current_key on system.signing_key (purpose) where retired_at is null;

-- A new key, by a process that proves it is ours: with p_replace the current one retires, otherwise it stays and the new one is dropped.
create function app.signing_key_put(p_proof text, p_id text, p_purpose text, p_public_jwk jsonb, p_private_sealed text, p_replace boolean) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if not private.proven('signing key ' || p_id, p_proof) then raise exception 'this key is not signed' using errcode = '42501'; end if;
  if p_replace then update system.signing_key set retired_at = now() where purpose = p_purpose and retired_at is null; end if;
  insert into system.signing_key (id, purpose, public_jwk, private_sealed) values (p_id, p_purpose, p_public_jwk, p_private_sealed) on conflict do nothing;
end $$;
