-- The statements that every request or sign-in waits for, with as little work of PostgreSQL's own as they can be done with. What a
-- statement inside a function costs is mostly its start: so fewer of them, and none with a sub-select where a plain one does.

create or replace function private.proven(p_text text, p_proof text) returns boolean language plpgsql stable as $$
begin
  perform from private.tenant_key k where encode(sha256(k.outer_pad || sha256(k.inner_pad || convert_to(p_text, 'UTF8'))), 'hex') = p_proof;
  return found;
end $$;

create or replace function private.bind(p_tenant text) returns uuid language plpgsql as $$
declare
  v_id text := left(p_tenant, 36);
begin
  perform from private.tenant_key k
    where p_tenant = v_id || '.' || encode(sha256(k.outer_pad || sha256(k.inner_pad || convert_to(v_id, 'UTF8'))), 'hex');
  if not found then raise exception 'the tenant is not signed' using errcode = '42501'; end if;
  return set_config('app.bound', v_id, true)::uuid;
end $$;

-- Worked out where it is compared: the functions look at single rows, for which a sub-select to work it out once costs more.
do $do$
declare
  v_table text;
begin
  foreach v_table in array array['tenant', 'user_account', 'session', 'sign_in', 'mfa_factor', 'audit_event', 'audit_chain', 'audit_head'] loop
    execute format($$alter policy functions on public.%I using (%I = nullif(current_setting('app.bound', true), '')::uuid)$$,
                   v_table, case v_table when 'tenant' then 'id' else 'tenant_id' end);
  end loop;
end $do$;

-- As before, in one JSON object: fourteen columns are described and read one by one at every check.
drop function app.session_check(text, uuid, uuid);
create function app.session_check(p_tenant text, p_session uuid, p_user uuid) returns json language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_tenant uuid := private.bind(p_tenant);
  v_checked json;
  v_seen timestamptz;
begin
  select json_build_object(
           'email', u.email, 'email_verified', u.email_verified_at is not null, 'phone_number', u.phone_number, 'full_name', u.full_name,
           'role', u.role, 'is_active', u.is_active, 'mfa_enabled', u.mfa_enabled, 'created_at', u.created_at, 'last_login', u.last_login_at,
           'company_name', c.name, 'policy', c.policy, 'amr', s.amr, 'acr', s.acr, 'auth_time', s.auth_time), s.last_seen_at
    into v_checked, v_seen
    from public.session s
    join public.user_account u on u.id = s.user_id and u.tenant_id = s.tenant_id
    join public.tenant c on c.id = s.tenant_id
   where s.id = p_session and s.tenant_id = v_tenant and s.user_id is not distinct from p_user and s.revoked_at is null and s.expires_at > now() and u.is_active;
  if v_seen < now() - interval '1 minute' then
    update public.session s set last_seen_at = now() where s.id = p_session and s.tenant_id = v_tenant;
  end if;
  return v_checked;
end $$;

-- As before; the common case, a current token, is one guarded statement.
create or replace function app.session_refresh(p_tenant text, p_session uuid, p_presented bytea, p_successor bytea, p_grace integer, p_origin jsonb) returns table (
  status text, user_id uuid, email text, role text, amr text[], acr text, auth_time timestamptz
) language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_tenant uuid := private.bind(p_tenant);
  s public.session;
begin
  update public.session x
     set previous_token_hash = x.token_hash, token_hash = p_successor, rotated_at = clock_timestamp(), last_seen_at = now()
    from public.user_account u
   where x.id = p_session and x.tenant_id = v_tenant and x.token_hash = p_presented and x.revoked_at is null and x.expires_at > clock_timestamp()
     and u.id = x.user_id and u.tenant_id = v_tenant and u.is_active
  returning 'rotated', u.id, u.email, u.role, x.amr, x.acr, x.auth_time into status, user_id, email, role, amr, acr, auth_time;
  if found then
    perform private.audit_put(v_tenant, 'auth.session_refreshed', 'success', 'user', user_id, p_session, null, p_origin, null);
    return next; return;
  end if;
  select * into s from public.session x where x.id = p_session and x.tenant_id = v_tenant for update;
  status := 'gone';
  -- A current token that could not be rotated is a disabled account's.
  if not found or s.revoked_at is not null or s.expires_at <= clock_timestamp() or s.token_hash = p_presented then return next; return; end if;
  select u.id, u.email, u.role into user_id, email, role from public.user_account u where u.id = s.user_id and u.tenant_id = v_tenant and u.is_active;
  if not found then return next; return; end if;
  amr := s.amr; acr := s.acr; auth_time := s.auth_time;
  if s.previous_token_hash = p_presented and s.token_hash = p_successor and s.rotated_at > clock_timestamp() - p_grace * interval '1 second' then
    status := 'repeated';
  else
    status := 'reused';
    update public.session x set revoked_at = clock_timestamp(), revoked_because = 'refresh_token_reused' where x.id = p_session and x.tenant_id = v_tenant;
    perform private.audit_put(v_tenant, 'auth.refresh_token_reused', 'failure', 'user', s.user_id, p_session, null, p_origin, null);
  end if;
  return next;
end $$;

-- As before; consumed at once, and given back in the same transaction when the factor has moved on.
create or replace function app.factor_settle(
  p_tenant text, p_user uuid, p_sign_in uuid, p_factor uuid, p_version integer, p_state text,
  p_session uuid, p_token_hash bytea, p_amr text[], p_acr text, p_seconds integer, p_device_name text, p_origin jsonb
) returns text language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_tenant uuid := private.bind(p_tenant);
begin
  update public.sign_in s set consumed_at = clock_timestamp()
   where s.id = p_sign_in and s.tenant_id = v_tenant and s.user_id is not distinct from p_user and s.consumed_at is null and s.expires_at > now();
  if not found then return 'gone'; end if;
  update public.mfa_factor f set state = p_state, version = f.version + 1, failures = 0, disabled_at = null, last_used_at = now()
   where f.id = p_factor and f.tenant_id = v_tenant and f.user_id = p_user and f.version = p_version and f.confirmed_at is not null;
  if not found then
    update public.sign_in s set consumed_at = null where s.id = p_sign_in and s.tenant_id = v_tenant;
    return 'stale';
  end if;
  update public.user_account u set last_login_at = now() where u.id = p_user and u.tenant_id = v_tenant and u.is_active;
  if not found then raise exception 'the account was disabled' using errcode = 'WW001'; end if;
  perform private.attempt_clear(private.attempt_key(v_tenant, 'mfa', p_user::text));
  perform private.session_open(v_tenant, p_user, p_session, p_token_hash, p_amr, p_acr, p_seconds, p_device_name, p_origin);
  return 'opened';
end $$;

-- Called for hundreds of companies in one batch, each with a few events: one plan for all of them, and one made for a table that has
-- grown, whatever it held when the plan was made.
alter function app.audit_claim(text, integer) set plan_cache_mode = force_generic_plan;
alter function app.audit_claim(text, integer) set enable_seqscan = off;
alter function app.audit_append(text, jsonb) set plan_cache_mode = force_generic_plan;

-- To a planner without statistics, an index that begins with the company is as good as the primary key: a session would be looked up by its
-- id among all sessions of its company. So none begins with it that need not.
drop index public.session_of_user;
create index session_of_user on public.session (user_id, tenant_id);
drop index public.sign_in_user;
create index sign_in_user on public.sign_in (user_id, tenant_id);
drop index public.mfa_factor_user;
create index mfa_factor_user on public.mfa_factor (user_id, tenant_id);
alter table public.user_account drop constraint user_account_tenant_id_email_canonical_key, add unique (email_canonical, tenant_id);
