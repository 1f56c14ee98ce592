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
  -- Kept like mfa_enabled: a confirmed passkey is set up, resting or not.
  has_passkey boolean not null default false,
  last_login_at timestamptz,
  created_at timestamptz not null default now(),
  unique (tenant_id, id),
  unique (tenant_id, email_canonical)
) with (fillfactor = 85);
alter table public.user_account enable row level security;
alter table public.user_account force row level security;
create policy tenant on public.user_account using (tenant_id = (select app.current_tenant()));
create policy functions on public.user_account to current_user using (tenant_id = (select nullif(current_setting('app.bound', true), '')::uuid));
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
-- In the order of insertion, so a block range index does, and costs the sign-in nothing.
create index session_expiry on public.session using brin (expires_at);
alter table public.session enable row level security;
alter table public.session force row level security;
create policy tenant on public.session using (tenant_id = (select app.current_tenant()));
create policy functions on public.session to current_user using (tenant_id = (select nullif(current_setting('app.bound', true), '')::uuid));
-- For the clean-up alone: the owner sees what has been over for a month, to delete it, whoever's it was.
create policy retention on public.session for all to current_user using (expires_at < now() - interval '30 days') with check (false);

-- A sign-in whose password was right and whose second factor is due.
create table public.sign_in (
  id uuid primary key,
  tenant_id uuid not null default app.current_tenant(),
  user_id uuid not null,
  attempts integer not null default 0,
  device_name text,
  -- Its second factor was answered, and policy demands a passkey that is still to be set up.
  passkey_due boolean not null default false,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  consumed_at timestamptz,
  foreign key (tenant_id, user_id) references public.user_account (tenant_id, id) on delete cascade
) with (fillfactor = 70);
create index sign_in_expiry on public.sign_in using brin (expires_at);
create index sign_in_user on public.sign_in (tenant_id, user_id);
alter table public.sign_in enable row level security;
alter table public.sign_in force row level security;
create policy tenant on public.sign_in using (tenant_id = (select app.current_tenant()));
create policy functions on public.sign_in to current_user using (tenant_id = (select nullif(current_setting('app.bound', true), '')::uuid));
create policy retention on public.sign_in for all to current_user using (expires_at < now() - interval '1 day') with check (false);

-- A factor that a person has set up. It counts once confirmed; it rests once disabled.
create table public.mfa_factor (
  id uuid primary key,
  tenant_id uuid not null default app.current_tenant(),
  user_id uuid not null,
  type text not null,
  label text,
  state text not null,
  -- What a credential is found by, of factors that a person may have several of.
  credential_mac bytea check (length(credential_mac) = 32),
  version integer not null default 0,
  failures integer not null default 0,
  created_at timestamptz not null default now(),
  confirmed_at timestamptz,
  disabled_at timestamptz,
  last_used_at timestamptz,
  foreign key (tenant_id, user_id) references public.user_account (tenant_id, id) on delete cascade
) with (fillfactor = 70);
create index mfa_factor_user on public.mfa_factor (tenant_id, user_id);
create unique index one_factor_of_a_type on public.mfa_factor (tenant_id, user_id, type) where confirmed_at is not null and credential_mac is null;
alter table public.mfa_factor enable row level security;
alter table public.mfa_factor force row level security;
create policy tenant on public.mfa_factor using (tenant_id = (select app.current_tenant()));
create policy functions on public.mfa_factor to current_user using (tenant_id = (select nullif(current_setting('app.bound', true), '')::uuid));

-- Sign-in, first trip: finds the company, counts the attempt (committed before the password is looked at) and reads the account.
-- status: 'blocked' (retry_after), 'unknown', 'known'. Unknown accounts count alike.
create function app.sign_in_begin(p_email text, p_hint text, p_proof text) returns table (
  status text, retry_after integer, tenant_id uuid, user_id uuid, email text, password_hash text, is_active boolean, role text, policy jsonb, factors jsonb
) language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if not private.proven('lookup:' || p_email, p_proof) then raise exception 'this lookup is not signed' using errcode = '42501'; end if;
  if p_hint is null then
    -- In several companies: the person must name one, and is told so in words that everybody gets.
    select case when count(*) = 1 then (array_agg(p.tenant_id))[1] end into tenant_id
      from (select d.tenant_id from directory.person d where d.email = p_email limit 2) p;
  elsif p_hint ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then
    select c.tenant_id into tenant_id from directory.company c where c.tenant_id = p_hint::uuid;
  else
    select c.tenant_id into tenant_id from directory.company c where c.domain = p_hint;
  end if;
  retry_after := private.attempt_take(private.attempt_key(tenant_id, 'password', p_email));
  status := case when retry_after is not null then 'blocked' else 'unknown' end;
  if status = 'unknown' and tenant_id is not null then
    perform set_config('app.bound', tenant_id::text, true);
    select u.id, u.email, u.password_hash, u.is_active, u.role, c.policy,
           case when u.mfa_enabled then (
             select coalesce(jsonb_agg(jsonb_build_object('id', f.id, 'type', f.type, 'label', f.label, 'disabled', f.disabled_at is not null) order by f.created_at), '[]')
               from public.mfa_factor f where f.tenant_id = u.tenant_id and f.user_id = u.id and f.confirmed_at is not null) end
      into user_id, email, password_hash, is_active, role, policy, factors
      from public.user_account u join public.tenant c on c.id = u.tenant_id
     where u.tenant_id = sign_in_begin.tenant_id and u.email_canonical = p_email;
    if found then status := 'known'; end if;
  end if;
  return next;
end $$;

-- An attempt whose password was never looked at, because the server was too busy to hash, is given back.
create function app.sign_in_forgo(p_tenant uuid, p_email text, p_proof text) returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if not private.proven('lookup:' || p_email, p_proof) then raise exception 'this lookup is not signed' using errcode = '42501'; end if;
  update directory.attempt set failures = failures - 1, blocked_until = case when failures > 10 then blocked_until end
   where key = private.attempt_key(p_tenant, 'password', p_email) and failures > 0;
end $$;

-- Opens a session; the shared end of every sign-in.
create function private.session_open(
  p_tenant uuid, p_user uuid, p_session uuid, p_token_hash bytea, p_amr text[], p_acr text, p_seconds integer, p_device_name text, p_origin jsonb
) returns void language plpgsql as $$
begin
  insert into public.session (id, tenant_id, user_id, token_hash, amr, acr, ip_address, user_agent, device_name, expires_at)
  values (p_session, p_tenant, p_user, p_token_hash, p_amr, p_acr, p_origin ->> 'ip', p_origin ->> 'user_agent', p_device_name,
          now() + p_seconds * interval '1 second');
  perform private.audit_put(p_tenant, 'auth.signed_in', 'success', 'user', p_user, p_session, null, p_origin, jsonb_build_object('amr', p_amr));
end $$;

-- Sign-in, second trip, when the password was enough. False: the account was disabled or its password changed meanwhile.
create function app.sign_in_complete(
  p_tenant text, p_user uuid, p_email text, p_hash text, p_new_hash text,
  p_session uuid, p_token_hash bytea, p_amr text[], p_acr text, p_seconds integer, p_device_name text, p_origin jsonb
) returns boolean language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_tenant uuid := private.bind(p_tenant);
begin
  update public.user_account u set last_login_at = now(), password_hash = coalesce(p_new_hash, u.password_hash)
   where u.id = p_user and u.tenant_id = v_tenant and u.is_active and u.password_hash = p_hash;
  if not found then return false; end if;
  perform private.attempt_clear(private.attempt_key(v_tenant, 'password', p_email));
  perform private.session_open(v_tenant, p_user, p_session, p_token_hash, p_amr, p_acr, p_seconds, p_device_name, p_origin);
  return true;
end $$;

-- Sign-in, second trip, when a second factor is due.
create function app.sign_in_challenge(
  p_tenant text, p_user uuid, p_email text, p_hash text, p_new_hash text, p_sign_in uuid, p_seconds integer, p_device_name text, p_origin jsonb
) returns boolean language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_tenant uuid := private.bind(p_tenant);
begin
  if p_new_hash is null then
    perform from public.user_account u where u.id = p_user and u.tenant_id = v_tenant and u.is_active and u.password_hash = p_hash;
  else
    update public.user_account u set password_hash = p_new_hash where u.id = p_user and u.tenant_id = v_tenant and u.is_active and u.password_hash = p_hash;
  end if;
  if not found then return false; end if;
  perform private.attempt_clear(private.attempt_key(v_tenant, 'password', p_email));
  insert into public.sign_in (id, tenant_id, user_id, device_name, expires_at) values (p_sign_in, v_tenant, p_user, p_device_name, now() + p_seconds * interval '1 second');
  perform private.audit_put(v_tenant, 'auth.second_factor_due', 'success', 'user', p_user, null, null, p_origin, null);
  return true;
end $$;

-- The session, its person and company, if all of them still stand. ("is not distinct from" keeps a planner without statistics from
-- looking a session up among all of its person's.) Nothing is cached: a revocation is felt by the next request.
create function app.session_check(p_tenant text, p_session uuid, p_user uuid) returns table (
  email text, email_verified boolean, phone_number text, full_name text, role text, is_active boolean, mfa_enabled boolean,
  created_at timestamptz, last_login timestamptz, company_name text, policy jsonb, amr text[], acr text, auth_time timestamptz
) language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_tenant uuid := private.bind(p_tenant);
  v_seen timestamptz;
begin
  select u.email, u.email_verified_at is not null, u.phone_number, u.full_name, u.role, u.is_active, u.mfa_enabled,
         u.created_at, u.last_login_at, c.name, c.policy, s.amr, s.acr, s.auth_time, s.last_seen_at
    into email, email_verified, phone_number, full_name, role, is_active, mfa_enabled,
         created_at, last_login, company_name, policy, amr, acr, auth_time, v_seen
    from public.session s
    join public.user_account u on u.id = s.user_id and u.tenant_id = s.tenant_id
    join public.tenant c on c.id = s.tenant_id
   where s.id = p_session and s.tenant_id = v_tenant and s.user_id is not distinct from p_user and s.revoked_at is null and s.expires_at > now() and u.is_active;
  if not found then return; end if;
  if v_seen < now() - interval '1 minute' then
    update public.session s set last_seen_at = now() where s.id = p_session and s.tenant_id = v_tenant;
  end if;
  return next;
end $$;

-- Rotation. status: 'rotated'; 'repeated' (inside the grace: same successor); 'reused' (the family is now revoked); 'gone'.
create function app.session_refresh(p_tenant text, p_session uuid, p_presented bytea, p_successor bytea, p_grace integer, p_origin jsonb) returns table (
  status text, user_id uuid, email text, role text, amr text[], acr text, auth_time timestamptz
) language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_tenant uuid := private.bind(p_tenant);
  s public.session;
begin
  select * into s from public.session x where x.id = p_session and x.tenant_id = v_tenant for update;
  status := 'gone';
  if not found or s.revoked_at is not null or s.expires_at <= clock_timestamp() then return next; return; end if;
  select u.id, u.email, u.role into user_id, email, role from public.user_account u where u.id = s.user_id and u.tenant_id = v_tenant and u.is_active;
  if not found then return next; return; end if;
  amr := s.amr; acr := s.acr; auth_time := s.auth_time;
  if s.token_hash = p_presented then
    status := 'rotated';
    update public.session x
       set previous_token_hash = x.token_hash, token_hash = p_successor, rotated_at = clock_timestamp(), last_seen_at = now()
     where x.id = p_session and x.tenant_id = v_tenant;
    perform private.audit_put(v_tenant, 'auth.session_refreshed', 'success', 'user', s.user_id, p_session, null, p_origin, null);
  elsif s.previous_token_hash = p_presented and s.token_hash = p_successor and s.rotated_at > clock_timestamp() - p_grace * interval '1 second' then
    status := 'repeated';
  else
    status := 'reused';
    update public.session x set revoked_at = clock_timestamp(), revoked_because = 'refresh_token_reused' where x.id = p_session and x.tenant_id = v_tenant;
    perform private.audit_put(v_tenant, 'auth.refresh_token_reused', 'failure', 'user', s.user_id, p_session, null, p_origin, null);
  end if;
  return next;
end $$;
