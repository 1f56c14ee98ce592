create table public.user_account (
  id uuid primary key,
  tenant_id uuid not null default app.current_tenant() references public.tenant (id),
  email text not null,
  email_canonical text not null,
  email_verified_at timestamptz,
  phone_number text,
  full_name text not null,
  role text not null check (role in ('admin', 'manager', 'user')),
  password_hash text,
  is_active boolean not null default true,
  mfa_enabled boolean not null default false,
  last_login_at timestamptz,
  created_at timestamptz not null default now(),
  unique (tenant_id, id),
  unique (tenant_id, email_canonical)
) with (fillfactor = 85);
alter table public.user_account enable row level security;
alter table public.user_account force row level security;
create policy tenant on public.user_account using (tenant_id = (select app.current_tenant()));
create trigger listed after insert or delete on public.user_account for each row execute function private.person_listed();
create trigger relisted after update of email_canonical on public.user_account
  for each row when (old.email_canonical is distinct from new.email_canonical) execute function private.person_listed();

-- A session is a family of refresh tokens: one current, one just replaced.
create table public.session (
  id uuid primary key,
  tenant_id uuid not null default app.current_tenant(),
  user_id uuid not null,
  token_hash bytea not null,
  previous_token_hash bytea,
  rotated_at timestamptz,
  amr text[] not null,
  acr text not null,
  auth_time timestamptz not null default now(),
  ip_address text,
  user_agent text,
  device_name text,
  created_at timestamptz not null default now(),
  last_seen_at timestamptz not null default now(),
  expires_at timestamptz not null,
  revoked_at timestamptz,
  revoked_because text,
  foreign key (tenant_id, user_id) references public.user_account (tenant_id, id) on delete cascade
) with (fillfactor = 85);
create index session_of_user on public.session (tenant_id, user_id);
create index session_expiry on public.session (expires_at);
alter table public.session enable row level security;
alter table public.session force row level security;
create policy tenant on public.session using (tenant_id = (select app.current_tenant()));
-- For the clean-up alone: the owner sees what has been over for a month, to delete it, whoever's it was.
create policy retention on public.session for all to current_user using (expires_at < now() - interval '30 days') with check (false);

-- A sign-in whose password was right and whose second factor is due.
create table public.sign_in (
  id uuid primary key,
  tenant_id uuid not null default app.current_tenant(),
  user_id uuid not null,
  attempts integer not null default 0,
  device_name text,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  consumed_at timestamptz,
  foreign key (tenant_id, user_id) references public.user_account (tenant_id, id) on delete cascade
) with (fillfactor = 70);
create index sign_in_expiry on public.sign_in (expires_at);
create index sign_in_user on public.sign_in (tenant_id, user_id);
alter table public.sign_in enable row level security;
alter table public.sign_in force row level security;
create policy tenant on public.sign_in using (tenant_id = (select app.current_tenant()));
create policy retention on public.sign_in for all to current_user using (expires_at < now() - interval '1 day') with check (false);

-- A factor that a person has set up. It counts once confirmed; it rests once disabled.
create table public.mfa_factor (
  id uuid primary key,
  tenant_id uuid not null default app.current_tenant(),
  user_id uuid not null,
  type text not null,
  label text,
  state text not null,
  version integer not null default 0,
  failures integer not null default 0,
  created_at timestamptz not null default now(),
  confirmed_at timestamptz,
  disabled_at timestamptz,
  last_used_at timestamptz,
  foreign key (tenant_id, user_id) references public.user_account (tenant_id, id) on delete cascade
) with (fillfactor = 70);
create index mfa_factor_user on public.mfa_factor (tenant_id, user_id);
create unique index one_factor_of_a_type on public.mfa_factor (tenant_id, user_id, type) where confirmed_at is not null and type in ('totp', 'backup_codes');
alter table public.mfa_factor enable row level security;
alter table public.mfa_factor force row level security;
create policy tenant on public.mfa_factor using (tenant_id = (select app.current_tenant()));

-- Sign-in, first trip: finds the company, counts the attempt (committed before the password is looked at) and reads the account.
-- status: 'blocked' (retry_after), 'unknown', 'known'. Unknown accounts count alike.
create function app.sign_in_begin(p_email text, p_hint text, p_proof text) returns table (
  status text, retry_after integer, tenant_id uuid, user_id uuid, email text, password_hash text, is_active boolean, role text, policy jsonb, factors jsonb
) language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_before text := coalesce(current_setting('app.tenant', true), '');
  v_found boolean;
  v_tenant uuid;
  v_wait integer;
begin
  if not private.proven('lookup:' || p_email, p_proof) then raise exception 'this lookup is not signed' using errcode = '42501'; end if;
  if p_hint is not null then
    v_tenant := private.tenant_named(p_hint);
  else
    -- In several companies: the person must name one, and is told so in words that everybody gets.
    select case when count(*) = 1 then (array_agg(p.tenant_id))[1] end into v_tenant
      from (select d.tenant_id from directory.person d where d.email = p_email limit 2) p;
  end if;
  v_wait := private.attempt_take(private.attempt_key(v_tenant, 'password', p_email));
  if v_wait is not null then
    return query select 'blocked', v_wait, v_tenant, null::uuid, null, null, null::boolean, null, null::jsonb, null::jsonb;
    return;
  end if;
  if v_tenant is not null then
    perform set_config('app.tenant', v_tenant::text || '.' || private.signed(v_tenant::text), true);
    return query
      select 'known', null::integer, u.tenant_id, u.id, u.email, u.password_hash, u.is_active, u.role, c.policy,
             case when u.mfa_enabled then (
               select coalesce(jsonb_agg(jsonb_build_object('id', f.id, 'type', f.type, 'label', f.label, 'disabled', f.disabled_at is not null) order by f.created_at), '[]')
                 from public.mfa_factor f where f.tenant_id = u.tenant_id and f.user_id = u.id and f.confirmed_at is not null) end
        from public.user_account u join public.tenant c on c.id = u.tenant_id
       where u.tenant_id = v_tenant and u.email_canonical = p_email;
    v_found := found;
    -- Whoever called must not go on as this company.
    perform set_config('app.tenant', v_before, true);
    if v_found then return; end if;
  end if;
  return query select 'unknown', null::integer, v_tenant, null::uuid, null, null, null::boolean, null, null::jsonb, null::jsonb;
end $$;

-- An attempt whose password was never looked at, because the server was too busy to hash, is given back.
create function app.sign_in_forgo(p_tenant uuid, p_email text, p_proof text) returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if not private.proven('lookup:' || p_email, p_proof) then raise exception 'this lookup is not signed' using errcode = '42501'; end if;
  update directory.attempt set failures = failures - 1, blocked_until = case when failures > 10 then blocked_until end
   where key = private.attempt_key(p_tenant, 'password', p_email) and failures > 0;
end $$;

-- Opens a session; the shared end of every sign-in. The caller has bound the tenant and settled the factors.
create function app.session_open(p_user uuid, p_session jsonb, p_origin jsonb, p_action text) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  insert into public.session (id, user_id, token_hash, amr, acr, ip_address, user_agent, device_name, expires_at)
  values ((p_session ->> 'id')::uuid, p_user, decode(p_session ->> 'token_hash', 'hex'),
          array(select jsonb_array_elements_text(p_session -> 'amr')), p_session ->> 'acr',
          p_origin ->> 'ip', p_origin ->> 'user_agent', p_session ->> 'device_name',
          now() + (p_session ->> 'seconds')::integer * interval '1 second');
  perform app.audit_put(p_action, 'success', 'user', p_user, (p_session ->> 'id')::uuid, null, p_origin, jsonb_build_object('amr', p_session -> 'amr'));
end $$;

-- Sign-in, second trip, when the password was enough. False: the account was disabled or its password changed meanwhile.
create function app.sign_in_complete(p_tenant text, p_user uuid, p_email text, p_hash text, p_new_hash text, p_session jsonb, p_origin jsonb)
returns boolean language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  perform set_config('app.tenant', p_tenant, true);
  update public.user_account set last_login_at = now(), password_hash = coalesce(p_new_hash, password_hash)
   where id = p_user and is_active and password_hash = p_hash;
  if not found then return false; end if;
  perform app.attempt_clear('password', p_email);
  perform app.session_open(p_user, p_session, p_origin, 'auth.signed_in');
  return true;
end $$;

-- Sign-in, second trip, when a second factor is due.
create function app.sign_in_challenge(
  p_tenant text, p_user uuid, p_email text, p_hash text, p_new_hash text, p_sign_in uuid, p_seconds integer, p_device_name text, p_origin jsonb
) returns boolean language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  perform set_config('app.tenant', p_tenant, true);
  if p_new_hash is null then
    perform from public.user_account where id = p_user and is_active and password_hash = p_hash;
  else
    update public.user_account set password_hash = p_new_hash where id = p_user and is_active and password_hash = p_hash;
  end if;
  if not found then return false; end if;
  perform app.attempt_clear('password', p_email);
  insert into public.sign_in (id, user_id, device_name, expires_at) values (p_sign_in, p_user, p_device_name, now() + p_seconds * interval '1 second');
  perform app.audit_put('auth.second_factor_due', 'success', 'user', p_user, null, null, p_origin, null);
  return true;
end $$;

-- The session, its person and company, if all of them still stand. Nothing is cached: a revocation is felt by the next request.
create function app.session_check(p_tenant text, p_session uuid, p_user uuid) returns table (
  email text, email_verified boolean, phone_number text, full_name text, role text, is_active boolean, mfa_enabled boolean,
  created_at timestamptz, last_login timestamptz, company_name text, policy jsonb, amr text[], acr text, auth_time timestamptz
) language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_seen timestamptz;
begin
  perform set_config('app.tenant', p_tenant, true);
  select u.email, u.email_verified_at is not null, u.phone_number, u.full_name, u.role, u.is_active, u.mfa_enabled,
         u.created_at, u.last_login_at, c.name, c.policy, s.amr, s.acr, s.auth_time, s.last_seen_at
    into email, email_verified, phone_number, full_name, role, is_active, mfa_enabled,
         created_at, last_login, company_name, policy, amr, acr, auth_time, v_seen
    from public.session s
    join public.user_account u on u.id = s.user_id
    join public.tenant c on c.id = s.tenant_id
   where s.id = p_session and s.user_id = p_user and s.revoked_at is null and s.expires_at > now() and u.is_active;
  if not found then return; end if;
  if v_seen < now() - interval '1 minute' then
    update public.session set last_seen_at = now() where id = p_session;
  end if;
  return next;
end $$;

-- Rotation. status: 'rotated'; 'repeated' (inside the grace: same successor); 'reused' (the family is now revoked); 'gone'.
create function app.session_refresh(p_tenant text, p_session uuid, p_presented bytea, p_successor bytea, p_grace integer, p_origin jsonb) returns table (
  status text, user_id uuid, email text, role text, amr text[], acr text, auth_time timestamptz
) language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  s public.session;
begin
  perform set_config('app.tenant', p_tenant, true);
  select * into s from public.session x where x.id = p_session for update;
  if not found or s.revoked_at is not null or s.expires_at <= clock_timestamp() then
    return query select 'gone', null::uuid, null, null, null::text[], null, null::timestamptz;
    return;
  end if;
  if s.token_hash = p_presented then
    update public.session set previous_token_hash = token_hash, token_hash = p_successor, rotated_at = clock_timestamp(), last_seen_at = now()
     where id = p_session;
    perform app.audit_put('auth.session_refreshed', 'success', 'user', s.user_id, p_session, null, p_origin, null);
  elsif s.previous_token_hash is distinct from p_presented or s.token_hash <> p_successor
     or s.rotated_at <= clock_timestamp() - p_grace * interval '1 second' then
    update public.session set revoked_at = clock_timestamp(), revoked_because = 'refresh_token_reused' where id = p_session;
    perform app.audit_put('auth.refresh_token_reused', 'failure', 'user', s.user_id, p_session, null, p_origin, null);
    return query select 'reused', s.user_id, null, null, null::text[], null, null::timestamptz;
    return;
  end if;
  return query
    select case when s.token_hash = p_presented then 'rotated' else 'repeated' end, u.id, u.email, u.role, s.amr, s.acr, s.auth_time
      from public.user_account u where u.id = s.user_id and u.is_active;
  if not found then
    return query select 'gone', null::uuid, null, null, null::text[], null, null::timestamptz;
  end if;
end $$;
